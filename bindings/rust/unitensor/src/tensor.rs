// SPDX-License-Identifier: Apache-2.0
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::os::raw::c_void;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

use unitensor_sys as ffi;

use crate::array::{c_shape, dtype_of, is_on_device};
use crate::call::{call, call_holding_panics, struct_size, Handle};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::flight::{Access, Flight, Operand, Owner};
use crate::kinds::{Device, Dtype, Element, Memory};
use crate::panics;
use crate::stream::Stream;
use crate::view::View;

/// Memory of a chosen kind with an element type and a shape, in row-major order.
///
/// A row is one entry of the first dimension. Rows are contiguous; [`Tensor::row_pitch`] bytes lie from one to the next.
///
/// A `Tensor` has its memory for itself, as a `Vec` does: reading takes `&self`, writing `&mut self`. `'a` is how long it may
/// live: `'static`, except where it was made of a slice that it borrows, or is a part of another tensor. Many may read one
/// memory at the same time through a [`View`].
///
/// Dropping one is always safe, on any thread: its memory goes when no operation uses it any more.
pub struct Tensor<'a> {
    pub(crate) handle: Handle<ffi::uni_tensor>,
    pub(crate) flight: Arc<Flight>,
    /// Whether the memory is the caller's, who may free it when `'a` ends.
    pub(crate) is_lent: bool,
    pub(crate) lifetime: PhantomData<&'a mut ()>,
}

// `Send` and `Sync` follow from the parts. They hold because functions that take `const uni_tensor *` "may run on several
// threads at once on the same object" and are what `&self` leads to; those that take `uni_tensor *` are reached by `&mut
// self` only (context.h), and the elements are numbers.

impl<'a> Tensor<'a> {
    pub(crate) fn from_handle(handle: Handle<ffi::uni_tensor>, is_lent: bool) -> Tensor<'a> {
        Tensor { handle, flight: Arc::default(), is_lent, lifetime: PhantomData }
    }

    /// The same memory, or a part of it, through another object of the library.
    pub(crate) fn part<'b>(&self, handle: Handle<ffi::uni_tensor>) -> Tensor<'b> {
        Tensor { handle, flight: self.flight.clone(), is_lent: self.is_lent, lifetime: PhantomData }
    }

    /// Drops the tensor after work of others: its memory also waits for what has been enqueued on a stream so far. For
    /// kernels that are not the library's; those of the library are waited for in any case.
    ///
    /// # Errors
    /// `BackendUnavailable`, `DeviceMismatch` (no such device), `NotSupported` (a stream that is being captured),
    /// `DeviceLost`, `BackendError`; the tensor comes back with it.
    #[allow(clippy::result_large_err)] // An error of C with its text, as everywhere.
    pub fn release_after(self, device_id: i32, stream: Stream) -> std::result::Result<(), (Error, Tensor<'a>)> {
        // SAFETY: the tensor is alive; that the stream is was promised when it was made.
        let result = call_holding_panics(|error| unsafe {
            ffi::uni_tensor_release_after(self.as_ptr(), device_id, stream.as_raw(), error)
        });
        match result {
            Ok(()) => {
                // The reference has been given back.
                let Tensor { handle, .. } = self;
                std::mem::forget(handle);
                panics::resume();
                Ok(())
            }
            Err(error) => {
                panics::resume();
                Err((error, self))
            }
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut ffi::uni_tensor {
        self.handle.as_ptr()
    }

    pub(crate) fn raw_array(&self) -> &ffi::uni_array {
        // SAFETY: "lives as long as the tensor", which does not change what it is.
        unsafe { &*ffi::uni_tensor_array(self.as_ptr()) }
    }

    pub(crate) fn raw_context(&self) -> *mut ffi::uni_context {
        // SAFETY: the tensor is alive.
        unsafe { ffi::uni_tensor_context(self.as_ptr()) }
    }

    pub(crate) fn owner(&self) -> Owner<'_> {
        if self.is_lent {
            Owner::Lent
        } else {
            Owner::Library(self.raw_context(), &self.flight)
        }
    }

    /// The tensor as an operand of an operation; writing asks for `&mut self` in whoever calls this.
    pub(crate) fn operand(&self, access: Access) -> Operand<'_> {
        Operand { access, on_device: is_on_device(self.raw_array()), owner: self.owner() }
    }

    fn info(&self) -> ffi::uni_tensor_info {
        // SAFETY: zero is a value of every field.
        let mut info: ffi::uni_tensor_info = unsafe { std::mem::zeroed() };
        info.struct_size = struct_size::<ffi::uni_tensor_info>();
        // SAFETY: the tensor is alive, and `info` carries its size.
        call(|error| unsafe { ffi::uni_tensor_get_info(self.as_ptr(), &mut info, error) })
            .expect("a struct that every library of this ABI knows");
        info
    }

    /// Extents, one to a dimension.
    pub fn shape(&self) -> &[usize] {
        const _: () = assert!(std::mem::size_of::<usize>() == std::mem::size_of::<i64>(), "a 64-bit machine");
        let raw = self.raw_array();
        // SAFETY: extents are never negative, and have the size of usize.
        unsafe { slice::from_raw_parts(raw.shape.as_ptr().cast(), raw.ndim as usize) }
    }

    /// Number of dimensions, 0 to 8.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// Number of rows: the first extent; 1 where there are no dimensions.
    pub fn num_rows(&self) -> usize {
        self.shape().first().copied().unwrap_or(1)
    }

    /// The element type.
    pub fn dtype(&self) -> Dtype {
        dtype_of(self.raw_array())
    }

    /// The kind that the memory is; never [`Memory::Unified`].
    pub fn memory(&self) -> Memory {
        Memory::from_raw(self.info().memory)
    }

    /// The kind that was asked for.
    pub fn requested_memory(&self) -> Memory {
        Memory::from_raw(self.info().requested_memory)
    }

    /// The device whose memory it is; the CPU also for pinned and managed memory.
    pub fn device(&self) -> Device {
        let raw = self.raw_array();
        Device::from_raw(raw.device_type, raw.device_id)
    }

    /// Number of elements.
    pub fn num_elements(&self) -> usize {
        self.info().num_elements as usize
    }

    /// Bytes of all elements.
    pub fn num_bytes(&self) -> usize {
        self.info().num_bytes as usize
    }

    /// Bytes of the elements of one row.
    pub fn row_bytes(&self) -> usize {
        self.info().row_bytes as usize
    }

    /// Bytes from one row to the next; more than [`Tensor::row_bytes`] where rows are padded.
    pub fn row_pitch(&self) -> usize {
        self.info().row_pitch as usize
    }

    /// Whether the library refuses to write to it.
    pub fn is_read_only(&self) -> bool {
        self.raw_array().flags & ffi::UNI_ARRAY_READ_ONLY != 0
    }

    /// Whether [`Tensor::register_or_copy`] copied the memory, since page-locking it was refused.
    pub fn is_copy(&self) -> bool {
        self.info().flags & ffi::UNI_TENSOR_COPIED != 0
    }

    /// The context it was made from.
    pub fn context(&self) -> Context {
        // SAFETY: a tensor keeps its context alive.
        unsafe { Context::share(self.raw_context()) }
    }

    /// What [`Tensor::as_slice`] and its kin need: the dtype, and an address for the CPU that suits it.
    fn host_pointer<T: Element>(&self, access: Access) -> Result<*mut T> {
        if self.dtype() != T::DTYPE {
            return Err(Error::new(
                ffi::UNI_STATUS_DTYPE_MISMATCH,
                format!("tensor has dtype {}, expected {}", self.dtype(), T::DTYPE),
            ));
        }
        if access == Access::Write && self.is_read_only() {
            return Err(Error::new(
                ffi::UNI_STATUS_INVALID_ARGUMENT,
                "tensor is read-only, expected memory that may be written".to_owned(),
            ));
        }
        let mut data: *mut c_void = ptr::null_mut();
        // SAFETY: the tensor is alive.
        call(|error| unsafe { ffi::uni_tensor_host_pointer(self.as_ptr(), &mut data, error) })?;
        self.flight.settle(access, self.raw_context())?;
        if data as usize % std::mem::align_of::<T>() != 0 {
            return Err(Error::new(
                ffi::UNI_STATUS_INVALID_ARGUMENT,
                format!(
                    "tensor begins at {data:?}, expected a multiple of the {} bytes of an element",
                    T::DTYPE.size()
                ),
            ));
        }
        Ok(if data.is_null() { NonNull::dangling().as_ptr() } else { data.cast() })
    }

    fn require_no_padding(&self) -> Result<()> {
        let info = self.info();
        if info.row_pitch == info.row_bytes || info.num_elements == 0 || self.num_rows() == 1 {
            return Ok(());
        }
        Err(Error::new(
            ffi::UNI_STATUS_INVALID_ARGUMENT,
            format!(
                "tensor has rows of {} bytes at {} bytes from each other, expected no gaps: take them by `row`",
                info.row_bytes, info.row_pitch
            ),
        ))
    }

    /// All elements, in memory that the CPU reads. Waits where a device may still be writing them, and reports what
    /// [`Context::synchronize`] does.
    ///
    /// # Errors
    /// `DtypeMismatch`, `DeviceMismatch` (memory of a device), `InvalidArgument` (padded rows; memory of others that is not
    /// aligned), `InvalidState` (pinned or managed memory in a forked child), as [`Context::synchronize`].
    pub fn as_slice<T: Element>(&self) -> Result<&[T]> {
        self.require_no_padding()?;
        let data = self.host_pointer::<T>(Access::Read)?;
        // SAFETY: so many elements begin there, of a type that takes every pattern of bytes, at an aligned address. Writers
        // need the tensor for themselves, and no device is writing.
        Ok(unsafe { slice::from_raw_parts(data, self.num_elements()) })
    }

    /// All elements, to be written by the CPU. Waits where a device may still be using them.
    ///
    /// # Errors
    /// As [`Tensor::as_slice`], and `InvalidArgument` where the tensor is read-only.
    pub fn as_mut_slice<T: Element>(&mut self) -> Result<&mut [T]> {
        self.require_no_padding()?;
        let data = self.host_pointer::<T>(Access::Write)?;
        // SAFETY: as in `as_slice`; the tensor is borrowed exclusively, and so is its memory.
        Ok(unsafe { slice::from_raw_parts_mut(data, self.num_elements()) })
    }

    fn row_place(&self, row: usize) -> Result<(usize, usize)> {
        let info = self.info();
        if row >= self.num_rows() {
            return Err(Error::new(
                ffi::UNI_STATUS_OUT_OF_BOUNDS,
                format!("row is {row}, expected less than the {} rows of the tensor", self.num_rows()),
            ));
        }
        let offset = if info.row_bytes == 0 { 0 } else { row * info.row_pitch as usize };
        Ok((offset, info.row_bytes as usize / self.dtype().size().max(1)))
    }

    fn row_pointer<T: Element>(&self, row: usize, access: Access) -> Result<(*mut T, usize)> {
        let (offset, length) = self.row_place(row)?;
        let data = self.host_pointer::<T>(access)?;
        // SAFETY: the row begins there; without elements the offset is 0.
        let place = unsafe { data.cast::<u8>().add(offset) }.cast::<T>();
        if place as usize % std::mem::align_of::<T>() != 0 {
            return Err(Error::new(
                ffi::UNI_STATUS_INVALID_ARGUMENT,
                format!(
                    "row {row} begins at {place:?}, expected a multiple of the {} bytes of an element",
                    T::DTYPE.size()
                ),
            ));
        }
        Ok((place, length))
    }

    /// The elements of one row, as [`Tensor::as_slice`]; rows may be padded.
    ///
    /// # Errors
    /// As [`Tensor::as_slice`], and `OutOfBounds`.
    pub fn row<T: Element>(&self, row: usize) -> Result<&[T]> {
        let (place, length) = self.row_pointer(row, Access::Read)?;
        // SAFETY: as in `as_slice`.
        Ok(unsafe { slice::from_raw_parts(place, length) })
    }

    /// The elements of one row, to be written by the CPU.
    ///
    /// # Errors
    /// As [`Tensor::as_mut_slice`], and `OutOfBounds`.
    pub fn row_mut<T: Element>(&mut self, row: usize) -> Result<&mut [T]> {
        let (place, length) = self.row_pointer(row, Access::Write)?;
        // SAFETY: as in `as_mut_slice`.
        Ok(unsafe { slice::from_raw_parts_mut(place, length) })
    }

    /// The address by which a CUDA device reads the tensor, for kernels of the caller's. Valid while the tensor lives; the
    /// library knows nothing of those kernels, which the caller has to order with everything else that uses the memory.
    ///
    /// # Errors
    /// `DeviceMismatch` (the device cannot read this memory), `InvalidArgument`.
    pub fn device_pointer(&self, device_id: i32) -> Result<*mut c_void> {
        let mut data = ptr::null_mut();
        // SAFETY: the tensor is alive.
        call(|error| unsafe { ffi::uni_tensor_device_pointer(self.as_ptr(), device_id, &mut data, error) })?;
        Ok(data)
    }

    fn slice_handle(&self, rows: Range<usize>) -> Result<Handle<ffi::uni_tensor>> {
        // Numbers beyond 63 bits are out of bounds as well.
        let [start, stop] = [rows.start, rows.end].map(|row| i64::try_from(row).unwrap_or(i64::MAX));
        // SAFETY: the tensor is alive.
        Handle::make(|out, error| unsafe { ffi::uni_tensor_slice(self.as_ptr(), start, stop, out, error) })
    }

    fn reshape_handle(&self, shape: &[usize]) -> Result<Handle<ffi::uni_tensor>> {
        let extents = c_shape(shape)?;
        // SAFETY: the tensor is alive, and so many extents are there.
        Handle::make(|out, error| unsafe {
            ffi::uni_tensor_reshape(self.as_ptr(), shape.len() as i32, extents.as_ptr(), out, error)
        })
    }

    /// Some rows, to read.
    ///
    /// # Errors
    /// `OutOfBounds`, `ShapeMismatch` (no dimensions).
    pub fn slice(&self, rows: Range<usize>) -> Result<View<'_>> {
        self.slice_handle(rows).map(|handle| View::from_tensor(self.part(handle)))
    }

    /// Some rows, to write.
    ///
    /// # Errors
    /// As [`Tensor::slice`].
    pub fn slice_mut(&mut self, rows: Range<usize>) -> Result<Tensor<'_>> {
        self.slice_handle(rows).map(|handle| self.part(handle))
    }

    /// The same elements in another shape, to read.
    ///
    /// # Errors
    /// `ShapeMismatch` (another number of elements; padded rows that would have to change), `InvalidArgument`.
    pub fn reshape(&self, shape: &[usize]) -> Result<View<'_>> {
        self.reshape_handle(shape).map(|handle| View::from_tensor(self.part(handle)))
    }

    /// The same elements in another shape, to write.
    ///
    /// # Errors
    /// As [`Tensor::reshape`].
    pub fn reshape_mut(&mut self, shape: &[usize]) -> Result<Tensor<'_>> {
        self.reshape_handle(shape).map(|handle| self.part(handle))
    }

    /// Gives up writing: from now on many may read it at the same time.
    pub fn into_view(self) -> View<'a> {
        View::from_tensor(self)
    }
}

impl fmt::Debug for Tensor<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tensor")
            .field("shape", &self.shape())
            .field("dtype", &self.dtype())
            .field("memory", &self.memory())
            .finish_non_exhaustive()
    }
}
