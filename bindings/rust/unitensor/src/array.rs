// SPDX-License-Identifier: Apache-2.0
//! Borrowed arrays: what operations take as an index, as seeds, as rows and as an output.
use std::marker::PhantomData;
use std::os::raw::c_void;
use std::ptr;

use unitensor_sys as ffi;

use crate::call::struct_size;
use crate::error::{Error, Result};
use crate::flight::{Access, Operand, Owner};
use crate::kinds::{Dtype, Element};
use crate::tensor::Tensor;
use crate::view::View;

/// An array that is read: a slice, with or without a shape, a tensor, or the nodes of a sample. Nothing is copied.
///
/// Slices, vectors, arrays of Rust's and tensors turn into one by themselves, as `&indices` or `&tensor`; a slice has one
/// dimension then. [`Array::new`] gives it others.
#[derive(Clone, Copy)]
pub struct Array<'a> {
    pub(crate) raw: ffi::uni_array,
    pub(crate) owner: Owner<'a>,
    lifetime: PhantomData<&'a ()>,
}

/// An array that is written: a slice, with or without a shape, or a tensor. Nothing is copied.
pub struct ArrayMut<'a> {
    pub(crate) raw: ffi::uni_array,
    pub(crate) owner: Owner<'a>,
    lifetime: PhantomData<&'a mut ()>,
}

// SAFETY: an array of elements, which are `Sync`, or a tensor, which is; the pointers in it are borrowed as by a reference.
unsafe impl Send for Array<'_> {}
// SAFETY: as above.
unsafe impl Sync for Array<'_> {}
// SAFETY: as an exclusive reference to elements, which are `Send`, or to a tensor, which is.
unsafe impl Send for ArrayMut<'_> {}
// SAFETY: nothing is done through a shared reference to it.
unsafe impl Sync for ArrayMut<'_> {}

/// Extents as C has them.
pub(crate) fn c_shape(shape: &[usize]) -> Result<[i64; 8]> {
    let mut extents = [0; 8];
    if shape.len() > extents.len() {
        return Err(Error::new(
            ffi::UNI_STATUS_SHAPE_MISMATCH,
            format!("shape has {} dimensions, expected 0 to {}", shape.len(), extents.len()),
        ));
    }
    for (extent, given) in extents.iter_mut().zip(shape) {
        *extent = i64::try_from(*given)
            .map_err(|_| Error::new(ffi::UNI_STATUS_INVALID_ARGUMENT, format!("shape {shape:?} overflows 63 bits")))?;
    }
    Ok(extents)
}

/// A description of `length` elements in the memory of the host.
pub(crate) fn describe<T: Element>(data: *mut T, length: usize, shape: &[usize]) -> Result<ffi::uni_array> {
    let extents = c_shape(shape)?;
    let product = shape.iter().try_fold(1usize, |product, extent| product.checked_mul(*extent));
    if product != Some(length) {
        let elements = product.map_or("too many".to_owned(), |product| product.to_string());
        return Err(Error::new(
            ffi::UNI_STATUS_SHAPE_MISMATCH,
            format!("shape {shape:?} has {elements} elements, expected the {length} that are given"),
        ));
    }
    Ok(ffi::uni_array {
        struct_size: struct_size::<ffi::uni_array>(),
        dtype: T::DTYPE.as_raw(),
        device_type: ffi::UNI_DEVICE_CPU as i32,
        device_id: 0,
        ndim: shape.len() as i32,
        flags: 0,
        row_pitch: 0,
        data: data as *mut c_void,
        count: ptr::null(),
        shape: extents,
    })
}

pub(crate) fn is_on_device(raw: &ffi::uni_array) -> bool {
    raw.device_type != 0 && raw.device_type != ffi::UNI_DEVICE_CPU as i32
}

pub(crate) fn dtype_of(raw: &ffi::uni_array) -> Dtype {
    Dtype::from_raw(raw.dtype)
}

impl<'a> Array<'a> {
    /// A slice as an array of this shape, rows one after another.
    ///
    /// # Errors
    /// `ShapeMismatch` where the shape has another number of elements, or more than 8 dimensions.
    pub fn new<T: Element>(elements: &'a [T], shape: &[usize]) -> Result<Array<'a>> {
        let raw = describe(elements.as_ptr() as *mut T, elements.len(), shape)?;
        Ok(Array {
            raw: ffi::uni_array { flags: ffi::UNI_ARRAY_READ_ONLY, ..raw },
            owner: Owner::Lent,
            lifetime: PhantomData,
        })
    }

    /// Anything that C can describe, for example memory of a device that another library has allocated.
    ///
    /// # Safety
    /// What is described can be read for as long as `'a`, and until every operation that it was given to has finished:
    /// operations of a device do not wait, and nothing keeps this memory for them.
    pub unsafe fn from_raw(raw: ffi::uni_array) -> Array<'a> {
        Array { raw, owner: Owner::Promised, lifetime: PhantomData }
    }

    pub(crate) fn of_tensor(tensor: &'a Tensor<'_>) -> Array<'a> {
        Array { raw: *tensor.raw_array(), owner: tensor.owner(), lifetime: PhantomData }
    }

    pub(crate) fn of_library(raw: ffi::uni_array, owner: Owner<'a>) -> Array<'a> {
        Array { raw, owner, lifetime: PhantomData }
    }

    /// The element type.
    pub fn dtype(&self) -> Dtype {
        dtype_of(&self.raw)
    }

    /// The description, for calls of C. It is valid for as long as the array is borrowed.
    pub fn as_raw(&self) -> &ffi::uni_array {
        &self.raw
    }

    pub(crate) fn operand(&self) -> Operand<'a> {
        let on_device = is_on_device(&self.raw);
        Operand { access: Access::Read, on_device, owner: self.owner }
    }
}

impl<'a> ArrayMut<'a> {
    /// A slice as an array of this shape, rows one after another.
    ///
    /// # Errors
    /// `ShapeMismatch` where the shape has another number of elements, or more than 8 dimensions.
    pub fn new<T: Element>(elements: &'a mut [T], shape: &[usize]) -> Result<ArrayMut<'a>> {
        let raw = describe(elements.as_mut_ptr(), elements.len(), shape)?;
        Ok(ArrayMut { raw, owner: Owner::Lent, lifetime: PhantomData })
    }

    /// Anything that C can describe.
    ///
    /// # Safety
    /// As [`Array::from_raw`], and what is described can be written, by nobody else meanwhile.
    pub unsafe fn from_raw(raw: ffi::uni_array) -> ArrayMut<'a> {
        ArrayMut { raw, owner: Owner::Promised, lifetime: PhantomData }
    }

    /// The element type.
    pub fn dtype(&self) -> Dtype {
        dtype_of(&self.raw)
    }

    pub(crate) fn operand(&self) -> Operand<'a> {
        let on_device = is_on_device(&self.raw);
        Operand { access: Access::Write, on_device, owner: self.owner }
    }
}

impl<'a, T: Element> From<&'a [T]> for Array<'a> {
    fn from(elements: &'a [T]) -> Array<'a> {
        Array::new(elements, &[elements.len()]).expect("one dimension of its own length")
    }
}

impl<'a, T: Element> From<&'a mut [T]> for ArrayMut<'a> {
    fn from(elements: &'a mut [T]) -> ArrayMut<'a> {
        let length = elements.len();
        ArrayMut::new(elements, &[length]).expect("one dimension of its own length")
    }
}

impl<'a, T: Element> From<&'a Vec<T>> for Array<'a> {
    fn from(elements: &'a Vec<T>) -> Array<'a> {
        elements.as_slice().into()
    }
}

impl<'a, T: Element> From<&'a mut Vec<T>> for ArrayMut<'a> {
    fn from(elements: &'a mut Vec<T>) -> ArrayMut<'a> {
        elements.as_mut_slice().into()
    }
}

impl<'a, T: Element, const N: usize> From<&'a [T; N]> for Array<'a> {
    fn from(elements: &'a [T; N]) -> Array<'a> {
        elements.as_slice().into()
    }
}

impl<'a, T: Element, const N: usize> From<&'a mut [T; N]> for ArrayMut<'a> {
    fn from(elements: &'a mut [T; N]) -> ArrayMut<'a> {
        elements.as_mut_slice().into()
    }
}

impl<'a> From<&'a Tensor<'_>> for Array<'a> {
    fn from(tensor: &'a Tensor<'_>) -> Array<'a> {
        Array::of_tensor(tensor)
    }
}

impl<'a> From<&'a View<'_>> for Array<'a> {
    fn from(view: &'a View<'_>) -> Array<'a> {
        Array::of_tensor(view)
    }
}

impl<'a> From<&'a mut Tensor<'_>> for ArrayMut<'a> {
    fn from(tensor: &'a mut Tensor<'_>) -> ArrayMut<'a> {
        let shared: &'a Tensor<'_> = tensor;
        ArrayMut { raw: *shared.raw_array(), owner: shared.owner(), lifetime: PhantomData }
    }
}
