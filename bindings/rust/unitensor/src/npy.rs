// SPDX-License-Identifier: Apache-2.0
//! Tensors from and to NumPy's .npy files: format versions 1 to 3, C order, little-endian.
use std::ops::ControlFlow;
use std::os::raw::c_void;
use std::path::Path;
use std::ptr;

use unitensor_sys as ffi;

use crate::call::{c_path, call, struct_size, Handle};
use crate::context::Context;
use crate::error::Result;
use crate::flight::Access;
use crate::kinds::Memory;
use crate::panics;
use crate::tensor::Tensor;

type Progress<'f> = dyn FnMut(i64, i64) -> ControlFlow<()> + 'f;

/// Options of [`Tensor::load_with`].
#[derive(Default)]
pub struct LoadOptions<'f> {
    row_alignment: usize,
    progress: Option<&'f mut Progress<'f>>,
}

impl<'f> LoadOptions<'f> {
    /// The defaults: rows without gaps, nobody is told of progress.
    pub fn new() -> LoadOptions<'f> {
        LoadOptions::default()
    }

    /// Bytes that rows are padded to: a power of two up to 4096; 0: none.
    pub fn row_alignment(mut self, bytes: usize) -> LoadOptions<'f> {
        self.row_alignment = bytes;
        self
    }

    /// Called between pieces of work with the bytes that are done and those that there are, on the calling thread. It may
    /// stop the work, which then fails with [`ErrorKind::Callback`](crate::ErrorKind::Callback). A panic in it stops the
    /// work too, and goes on once that is undone.
    pub fn progress(mut self, progress: &'f mut Progress<'f>) -> LoadOptions<'f> {
        self.progress = Some(progress);
        self
    }
}

unsafe extern "C" fn report_progress(user_data: *mut c_void, done: i64, total: i64) -> i32 {
    panics::shield(1, || {
        // SAFETY: `load_with` gives the address of the callback, which nobody else uses until the call returns.
        let progress = unsafe { &mut *user_data.cast::<&mut Progress<'_>>() };
        progress(done, total).is_break().into()
    })
}

impl Tensor<'static> {
    /// Loads a .npy file into a new tensor. Blocks.
    ///
    /// # Errors
    /// `Io` (the native code is `errno`), `Format` (truncated, corrupt, Fortran order, objects, big-endian), `OutOfMemory`,
    /// `NotSupported`, `BackendUnavailable`.
    pub fn load(context: &Context, path: impl AsRef<Path>, memory: Memory) -> Result<Tensor<'static>> {
        Tensor::load_with(context, path, memory, LoadOptions::new())
    }

    /// As [`Tensor::load`], with options.
    ///
    /// # Errors
    /// As [`Tensor::load`], and `Callback` where the callback has stopped it.
    pub fn load_with(
        context: &Context,
        path: impl AsRef<Path>,
        memory: Memory,
        mut options: LoadOptions<'_>,
    ) -> Result<Tensor<'static>> {
        let path = c_path(path.as_ref())?;
        let mut raw = ffi::uni_load_options {
            struct_size: struct_size::<ffi::uni_load_options>(),
            flags: 0,
            row_alignment: i64::try_from(options.row_alignment).unwrap_or(i64::MAX),
            progress: None,
            progress_user_data: ptr::null_mut(),
        };
        if let Some(progress) = &mut options.progress {
            let progress: *mut &mut Progress<'_> = progress;
            raw.progress = Some(report_progress);
            raw.progress_user_data = progress.cast();
        }
        // SAFETY: the context is alive; path, options and callback live until the call returns.
        let handle = Handle::make(|out, error| unsafe {
            ffi::uni_tensor_load(context.as_ptr(), path.as_ptr(), memory.as_raw(), &raw, out, error)
        })?;
        Ok(Tensor::from_handle(handle, false))
    }
}

impl Tensor<'_> {
    /// Saves the tensor, of any memory kind, as a .npy file. Blocks, also for what a device has to do before. The file is
    /// written beside `path` and renamed onto it, so that a failure leaves what was there.
    ///
    /// # Errors
    /// `DtypeMismatch` (bfloat16, which the format does not have), `Io`, `OutOfMemory`, `DeviceLost`, `BackendError`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = c_path(path.as_ref())?;
        self.flight.settle(Access::Read, self.raw_context())?;
        // SAFETY: the tensor is alive; the path lives until the call returns.
        call(|error| unsafe { ffi::uni_tensor_save(self.as_ptr(), path.as_ptr(), error) })
    }
}
