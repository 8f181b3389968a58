// SPDX-License-Identifier: Apache-2.0
//! How C is called: with an error buffer of the call's own, and with panics of callbacks raised again afterwards.
use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{self, NonNull};

use unitensor_sys as ffi;

use crate::error::{Error, Result};
use crate::panics;

/// Calls C and leaves a callback's panic where it is kept, for callers that have something to do before it is raised.
pub(crate) fn call_holding_panics(function: impl FnOnce(*mut ffi::uni_error) -> ffi::uni_status) -> Result<()> {
    let mut buffer = MaybeUninit::uninit();
    // SAFETY: the buffer is large enough, and is initialised by the first call.
    let buffer: &mut ffi::uni_error = unsafe {
        ffi::uni_error_init(buffer.as_mut_ptr());
        &mut *buffer.as_mut_ptr()
    };
    let status = function(buffer);
    if status == ffi::UNI_STATUS_OK {
        Ok(())
    } else {
        Err(Error::from_buffer(status, buffer))
    }
}

/// Calls C.
pub(crate) fn call(function: impl FnOnce(*mut ffi::uni_error) -> ffi::uni_status) -> Result<()> {
    let result = call_holding_panics(function);
    panics::resume();
    result
}

/// An object of the library, of which one reference is owned.
pub(crate) trait Object {
    /// Gives a reference back.
    ///
    /// # Safety
    /// `object` is a reference that is owned.
    unsafe fn release(object: *mut Self);

    /// Takes another reference.
    ///
    /// # Safety
    /// `object` is alive.
    unsafe fn retain(object: *mut Self) -> *mut Self;
}

macro_rules! objects {
    ($($object:ty: $retain:path, $release:path;)*) => {$(
        impl Object for $object {
            unsafe fn release(object: *mut Self) {
                // SAFETY: promised by the caller.
                unsafe { $release(object) }
            }

            unsafe fn retain(object: *mut Self) -> *mut Self {
                // SAFETY: promised by the caller.
                unsafe { $retain(object) }
            }
        }
    )*};
}

objects! {
    ffi::uni_context: ffi::uni_context_retain, ffi::uni_context_release;
    ffi::uni_tensor: ffi::uni_tensor_retain, ffi::uni_tensor_release;
    ffi::uni_graph: ffi::uni_graph_retain, ffi::uni_graph_release;
    ffi::uni_sample: ffi::uni_sample_retain, ffi::uni_sample_release;
}

/// Owns one reference to an object of the library.
pub(crate) struct Handle<T: Object>(NonNull<T>);

// SAFETY: "Retain and release are atomic and allowed on any thread, at any time" (context.h); what else may be done with
// the pointer is up to the types that hold a handle.
unsafe impl<T: Object> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T: Object> Sync for Handle<T> {}

impl<T: Object> Handle<T> {
    /// Takes over the reference that a function of C hands out.
    pub(crate) fn make(
        function: impl FnOnce(*mut *mut T, *mut ffi::uni_error) -> ffi::uni_status,
    ) -> Result<Handle<T>> {
        let result = Handle::make_holding_panics(function);
        panics::resume();
        result
    }

    /// The same, as [`call_holding_panics`].
    pub(crate) fn make_holding_panics(
        function: impl FnOnce(*mut *mut T, *mut ffi::uni_error) -> ffi::uni_status,
    ) -> Result<Handle<T>> {
        let mut object = ptr::null_mut();
        let result = call_holding_panics(|error| function(&mut object, error));
        let handle = NonNull::new(object).map(Handle);
        result.and_then(|()| {
            handle.ok_or_else(|| Error::new(ffi::UNI_STATUS_INTERNAL, "no object came of a call that succeeded".into()))
        })
    }

    /// Takes another reference to an object that C lends; `None` for NULL.
    ///
    /// # Safety
    /// `object` is NULL or alive.
    pub(crate) unsafe fn share(object: *const T) -> Option<Handle<T>> {
        // SAFETY: promised by the caller; NULL gives NULL.
        NonNull::new(unsafe { T::retain(object as *mut T) }).map(Handle)
    }

    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T: Object> Clone for Handle<T> {
    fn clone(&self) -> Handle<T> {
        // SAFETY: the object is alive, since a reference is owned.
        unsafe { T::retain(self.as_ptr()) };
        Handle(self.0)
    }
}

impl<T: Object> Drop for Handle<T> {
    fn drop(&mut self) {
        // SAFETY: the reference is owned, and given back once.
        unsafe { T::release(self.as_ptr()) };
        // The memory's owner may be dropped with it, and may panic.
        panics::resume_in_drop();
    }
}

/// A path as C takes it.
pub(crate) fn c_path(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| {
        Error::new(ffi::UNI_STATUS_INVALID_ARGUMENT, format!("path is {path:?}, expected one without a zero byte"))
    })
}

/// `sizeof` as the structs of C carry it.
pub(crate) fn struct_size<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}
