// SPDX-License-Identifier: Apache-2.0
//! Tensors from and to DLPack, in its versioned form only (DLPack 1.x), as pointers: how the struct is laid out is said in
//! DLPack's own header (<https://dmlc.github.io/dlpack>).
use std::ptr;

use unitensor_sys as ffi;

use crate::call::{call, Handle};
use crate::context::Context;
use crate::error::Result;
use crate::tensor::Tensor;

pub use ffi::DLManagedTensorVersioned;

/// What an exported tensor calls its device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DlpackDevice {
    /// The CPU for memory that the CPU reads, CUDA for memory of a device.
    #[default]
    Default,
    /// `kDLCPU`; refused for memory of a device.
    Cpu,
    /// `kDLCUDA` with this device: the alias by which it reads the memory.
    Cuda(i32),
    /// `kDLCPU`, `kDLCUDAHost`, `kDLCUDAManaged` or `kDLCUDA`, as the memory is.
    Exact,
}

impl Tensor<'_> {
    /// Exports the tensor without a copy. The result keeps its memory alive until its deleter runs, which any thread may
    /// do, and has to, once.
    ///
    /// # Safety
    /// The consumer keeps to the rules of this tensor and of those that share its memory: what is read is written by nobody
    /// meanwhile, and what is written is used by nobody else. It orders its own work with that of devices, for example by
    /// [`Context::hold_stream`], runs the deleter when its kernels have finished, and is done when memory ends that the
    /// tensor borrows.
    ///
    /// # Errors
    /// `DeviceMismatch` (a device that cannot read the memory), `InvalidArgument`, `OutOfMemory`.
    pub unsafe fn to_dlpack(&self, device: DlpackDevice) -> Result<*mut DLManagedTensorVersioned> {
        let (device, device_id) = match device {
            DlpackDevice::Default => (ffi::UNI_DLPACK_DEFAULT, 0),
            DlpackDevice::Cpu => (ffi::UNI_DLPACK_CPU, 0),
            DlpackDevice::Cuda(device_id) => (ffi::UNI_DLPACK_CUDA, device_id),
            DlpackDevice::Exact => (ffi::UNI_DLPACK_EXACT, 0),
        };
        let mut managed = ptr::null_mut();
        // SAFETY: the tensor is alive.
        call(|error| unsafe {
            ffi::uni_tensor_to_dlpack(self.as_ptr(), device as i32, device_id, &mut managed, error)
        })?;
        Ok(managed)
    }
}

impl Tensor<'static> {
    /// Imports a DLPack tensor without a copy. On success the tensor owns `managed` and runs its deleter when no operation
    /// uses the memory any more; on failure `managed` still belongs to the caller, except that one of another major version
    /// is deleted, as DLPack asks.
    ///
    /// # Safety
    /// `managed` is a DLPack tensor as that standard has it, whose elements are initialised and are used by nobody else
    /// while the tensor lives, also not by work of the producer's that a device has still to do. Its deleter does not
    /// unwind, and may be run on any thread.
    ///
    /// # Errors
    /// `InvalidArgument` (strides), `DtypeMismatch`, `ShapeMismatch`, `DeviceMismatch`, `VersionMismatch`, `OutOfMemory`.
    pub unsafe fn from_dlpack(context: &Context, managed: *mut DLManagedTensorVersioned) -> Result<Tensor<'static>> {
        // SAFETY: the context is alive; the rest is promised by the caller.
        let handle =
            Handle::make(|out, error| unsafe { ffi::uni_tensor_from_dlpack(context.as_ptr(), managed, out, error) })?;
        Ok(Tensor::from_handle(handle, false))
    }
}
