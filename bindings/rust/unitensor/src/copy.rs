// SPDX-License-Identifier: Apache-2.0
//! Copies into and out of tensors, and filling them.
use std::os::raw::c_void;
use std::ptr;

use unitensor_sys as ffi;

use crate::array::{Array, ArrayMut};
use crate::error::{Error, Result};
use crate::flight::{operate, Access};
use crate::kinds::Element;
use crate::stream::Stream;
use crate::tensor::Tensor;

impl Tensor<'_> {
    /// Copies an array of the same dtype and shape into the tensor. Complete on return on the CPU, and where the array is
    /// a slice; else a device does it later, on its default stream.
    ///
    /// # Errors
    /// `InvalidArgument` (read-only, overlapping), `DtypeMismatch`, `ShapeMismatch`, `DeviceMismatch`, `BackendError`; what
    /// [`Context::synchronize`](crate::Context::synchronize) reports where the call waits.
    pub fn copy_from<'b>(&mut self, source: impl Into<Array<'b>>) -> Result<()> {
        self.copy_from_on(source, Stream::default())
    }

    /// As [`Tensor::copy_from`], on a stream.
    ///
    /// # Errors
    /// As [`Tensor::copy_from`].
    pub fn copy_from_on<'b>(&mut self, source: impl Into<Array<'b>>, stream: Stream) -> Result<()> {
        let source = source.into();
        let operands = [self.operand(Access::Write), source.operand()];
        // SAFETY: the tensor is borrowed exclusively; `operate` keeps both operands until the copy is done.
        operate(self.raw_context(), &operands, |error| unsafe {
            ffi::uni_tensor_copy_from(self.as_ptr(), &source.raw, stream.as_raw(), error)
        })
    }

    /// Copies the tensor into an array of the same dtype and shape; as [`Tensor::copy_from`].
    ///
    /// # Errors
    /// As [`Tensor::copy_from`].
    pub fn copy_to<'b>(&self, destination: impl Into<ArrayMut<'b>>) -> Result<()> {
        self.copy_to_on(destination, Stream::default())
    }

    /// As [`Tensor::copy_to`], on a stream.
    ///
    /// # Errors
    /// As [`Tensor::copy_from`].
    pub fn copy_to_on<'b>(&self, destination: impl Into<ArrayMut<'b>>, stream: Stream) -> Result<()> {
        let destination = destination.into();
        let operands = [self.operand(Access::Read), destination.operand()];
        // SAFETY: the destination is borrowed exclusively; `operate` keeps both operands until the copy is done.
        operate(self.raw_context(), &operands, |error| unsafe {
            ffi::uni_tensor_copy_to(self.as_ptr(), &destination.raw, stream.as_raw(), error)
        })
    }

    /// Sets every element to one value. On memory of a device that is done later, on its default stream.
    ///
    /// # Errors
    /// `DtypeMismatch`, `InvalidArgument` (read-only), `BackendError`.
    pub fn fill<T: Element>(&mut self, value: T) -> Result<()> {
        self.fill_on(value, Stream::default())
    }

    /// As [`Tensor::fill`], on a stream.
    ///
    /// # Errors
    /// As [`Tensor::fill`].
    pub fn fill_on<T: Element>(&mut self, value: T, stream: Stream) -> Result<()> {
        if self.dtype() != T::DTYPE {
            return Err(Error::new(
                ffi::UNI_STATUS_DTYPE_MISMATCH,
                format!("value has dtype {}, expected {} as tensor has", T::DTYPE, self.dtype()),
            ));
        }
        let value: *const T = &value;
        self.fill_with(value.cast(), stream)
    }

    /// Sets every byte of every element to zero, whatever the dtype.
    ///
    /// # Errors
    /// As [`Tensor::fill`].
    pub fn fill_zeros(&mut self) -> Result<()> {
        self.fill_with(ptr::null(), Stream::default())
    }

    fn fill_with(&mut self, value: *const c_void, stream: Stream) -> Result<()> {
        let operands = [self.operand(Access::Write)];
        // SAFETY: the tensor is borrowed exclusively; one element is at `value`, which is read before the call returns.
        operate(self.raw_context(), &operands, |error| unsafe {
            ffi::uni_tensor_fill(self.as_ptr(), value, stream.as_raw(), error)
        })
    }
}
