// SPDX-License-Identifier: Apache-2.0
//! The emulated CUDA device (tests/cuda of the source tree): the plugin that UNITENSOR_TEST_CUDA_BACKEND names, and the
//! functions by which tests steer it.
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use unitensor::{Context, Stream};

extern "C" {
    fn dlopen(path: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// The device is one for the process: a test has it for itself.
pub struct Fake {
    path: PathBuf,
    library: *mut c_void,
    _alone: MutexGuard<'static, ()>,
}

impl Fake {
    /// `None` where no plugin is named; a test says so and ends.
    pub fn open() -> Option<Fake> {
        static ALONE: Mutex<()> = Mutex::new(());
        let path = match std::env::var_os("UNITENSOR_TEST_CUDA_BACKEND") {
            Some(path) => PathBuf::from(path),
            None => {
                println!("UNITENSOR_TEST_CUDA_BACKEND names no CUDA plugin: not run");
                return None;
            }
        };
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let name = CString::new(path.as_os_str().as_bytes()).expect("a path without a zero byte");
        const RTLD_NOW: c_int = 2;
        // SAFETY: a path that the tests were given.
        let library = unsafe { dlopen(name.as_ptr(), RTLD_NOW) };
        assert!(!library.is_null(), "{path:?} cannot be opened");
        Some(Fake { path, library, _alone: alone })
    }

    pub fn context(&self) -> Context {
        Context::builder().backend_path(&self.path).build().expect("a context with the emulated device")
    }

    fn symbol(&self, name: &'static [u8]) -> *mut c_void {
        let name = CStr::from_bytes_with_nul(name).expect("a zero byte at the end");
        // SAFETY: the library is open.
        let symbol = unsafe { dlsym(self.library, name.as_ptr()) };
        assert!(!symbol.is_null(), "{name:?} is missing");
        symbol
    }

    /// Forgets everything, as after a start of the process. Nothing may be alive that is still used.
    pub fn reset(&self) {
        // SAFETY: declared so in tests/cuda/fake_control.h.
        let reset: unsafe extern "C" fn() = unsafe { std::mem::transmute(self.symbol(b"fake_reset\0")) };
        // SAFETY: as above.
        unsafe { reset() }
    }

    /// How much the device has still to do.
    #[allow(dead_code)]
    pub fn num_pending(&self) -> i64 {
        // SAFETY: declared so in tests/cuda/fake_control.h, with a struct of ten numbers at most.
        let get_counts: unsafe extern "C" fn(*mut i64) =
            unsafe { std::mem::transmute(self.symbol(b"fake_get_counts\0")) };
        let mut counts = [0i64; 16];
        // SAFETY: as above.
        unsafe { get_counts(counts.as_mut_ptr()) };
        counts[5]
    }

    #[allow(dead_code)]
    pub fn create_stream(&self) -> Stream {
        // SAFETY: declared so in tests/cuda/fake_control.h.
        let create: unsafe extern "C" fn() -> *mut c_void =
            unsafe { std::mem::transmute(self.symbol(b"fake_create_stream\0")) };
        // SAFETY: tests destroy it last.
        unsafe { Stream::from_raw(create()) }
    }

    #[allow(dead_code)]
    pub fn destroy_stream(&self, stream: Stream) {
        // SAFETY: declared so in tests/cuda/fake_control.h.
        let destroy: unsafe extern "C" fn(*mut c_void) =
            unsafe { std::mem::transmute(self.symbol(b"fake_destroy_stream\0")) };
        // SAFETY: made by `create_stream`.
        unsafe { destroy(stream.as_raw()) }
    }

    /// A kernel of another library, which copies when its turn comes in the stream.
    #[allow(dead_code)]
    pub fn enqueue_copy(&self, stream: Stream, to: *mut c_void, from: *const c_void, num_bytes: usize) {
        // SAFETY: declared so in tests/cuda/fake_control.h.
        let enqueue: unsafe extern "C" fn(*mut c_void, *mut c_void, *const c_void, i64) =
            unsafe { std::mem::transmute(self.symbol(b"fake_enqueue_copy\0")) };
        // SAFETY: the device looks at the addresses when it copies.
        unsafe { enqueue(stream.as_raw(), to, from, num_bytes as i64) }
    }

    #[allow(dead_code)]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// Whether the device reads all memory of the host (HMM).
    #[allow(dead_code)]
    pub fn set_pageable_access(&self, pageable: bool) {
        // SAFETY: declared so in tests/cuda/fake_control.h.
        let set: unsafe extern "C" fn(i32, i32) =
            unsafe { std::mem::transmute(self.symbol(b"fake_set_pageable_access\0")) };
        // SAFETY: as above.
        unsafe { set(pageable.into(), 0) }
    }

    /// How much memory of the host may be page-locked.
    #[allow(dead_code)]
    pub fn set_lockable_bytes(&self, num_bytes: i64) {
        // SAFETY: declared so in tests/cuda/fake_control.h.
        let set: unsafe extern "C" fn(i64, i64) = unsafe { std::mem::transmute(self.symbol(b"fake_set_host_bytes\0")) };
        // SAFETY: as above.
        unsafe { set(i64::MAX, num_bytes) }
    }
}
