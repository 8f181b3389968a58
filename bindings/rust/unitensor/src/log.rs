// SPDX-License-Identifier: Apache-2.0
//! Log callbacks. A context lives for as long as anything made from it, also in C or Python, and does not say when it
//! logs for the last time. So C is given a number, and what it calls by that is gone when the Rust side has let go of it.
use std::ffi::CStr;
use std::os::raw::{c_char, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use unitensor_sys as ffi;

use crate::panics;

/// How much a log message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warning,
    /// What was found and chosen.
    Info,
    /// For those who look for a defect; also every level that this crate does not know.
    Debug,
}

pub(crate) type Callback = dyn Fn(LogLevel, &str) + Send + Sync;

static NEXT: AtomicUsize = AtomicUsize::new(1);
static CALLBACKS: Mutex<Vec<(usize, Arc<Callback>)>> = Mutex::new(Vec::new());

fn callbacks() -> MutexGuard<'static, Vec<(usize, Arc<Callback>)>> {
    CALLBACKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps a callback callable.
pub(crate) struct Registration(usize);

impl Registration {
    pub(crate) fn new(callback: Arc<Callback>) -> Registration {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        callbacks().push((number, callback));
        Registration(number)
    }

    /// What C gets as `log_user_data`: no address.
    pub(crate) fn user_data(&self) -> *mut c_void {
        self.0 as *mut c_void
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut all = callbacks();
        let removed = all.iter().position(|(number, _)| *number == self.0).map(|place| all.swap_remove(place));
        // What the callback owns is dropped with nothing locked.
        drop(all);
        drop(removed);
    }
}

pub(crate) unsafe extern "C" fn log(user_data: *mut c_void, level: i32, message: *const c_char) {
    panics::shield((), || {
        let callback =
            callbacks().iter().find(|(number, _)| *number == user_data as usize).map(|(_, callback)| callback.clone());
        if let Some(callback) = callback {
            let level = match level {
                level if level == ffi::UNI_LOG_ERROR as i32 => LogLevel::Error,
                level if level == ffi::UNI_LOG_WARNING as i32 => LogLevel::Warning,
                level if level == ffi::UNI_LOG_INFO as i32 => LogLevel::Info,
                _ => LogLevel::Debug,
            };
            // SAFETY: "NUL-terminated UTF-8 and lives until the callback returns" (context.h).
            callback(level, &unsafe { CStr::from_ptr(message) }.to_string_lossy());
        }
    });
}
