// SPDX-License-Identifier: Apache-2.0
//! Tensors of memory that Rust has, without a copy.
use std::os::raw::c_void;
use std::ptr;
use std::sync::Arc;

use unitensor_sys as ffi;

use crate::array::describe;
use crate::call::Handle;
use crate::context::Context;
use crate::error::Result;
use crate::kinds::Element;
use crate::panics;
use crate::tensor::Tensor;
use crate::view::View;

/// Memory that a tensor can be made of: `Vec<T>` and `Box<[T]>`, which the tensor owns from then on, and `&mut [T]`, which
/// it borrows. Sealed.
pub trait Storage: private::Storage {}

impl<S: private::Storage> Storage for S {}

/// Memory that a view can be made of: `Arc<[T]>`, which the view owns a part in, and `&[T]`, which it borrows. Sealed.
pub trait SharedStorage: private::SharedStorage {}

impl<S: private::SharedStorage> SharedStorage for S {}

mod private {
    use super::*;

    /// Where elements are, how many, and who owns them; `None` where they are borrowed. They stay where they are when their
    /// owner is moved.
    pub type Parts<T, O> = (*mut T, usize, Option<O>);

    pub trait Storage {
        type Element: Element;

        fn into_elements(self) -> Parts<Self::Element, Vec<Self::Element>>;
    }

    /// The pointer is only read from.
    pub trait SharedStorage {
        type Element: Element;

        fn into_elements(self) -> Parts<Self::Element, Arc<[Self::Element]>>;
    }

    impl<T: Element> Storage for Vec<T> {
        type Element = T;

        fn into_elements(mut self) -> Parts<T, Vec<T>> {
            (self.as_mut_ptr(), self.len(), Some(self))
        }
    }

    impl<T: Element> Storage for Box<[T]> {
        type Element = T;

        /// As a vector: nobody else may have a pointer into a box that is moved.
        fn into_elements(self) -> Parts<T, Vec<T>> {
            self.into_vec().into_elements()
        }
    }

    impl<T: Element> Storage for &mut [T] {
        type Element = T;

        fn into_elements(self) -> Parts<T, Vec<T>> {
            (self.as_mut_ptr(), self.len(), None)
        }
    }

    impl<T: Element> SharedStorage for Arc<[T]> {
        type Element = T;

        fn into_elements(self) -> Parts<T, Arc<[T]>> {
            (self.as_ptr() as *mut T, self.len(), Some(self))
        }
    }

    impl<T: Element> SharedStorage for &[T] {
        type Element = T;

        fn into_elements(self) -> Parts<T, Arc<[T]>> {
            (self.as_ptr() as *mut T, self.len(), None)
        }
    }
}

type Wrap = unsafe extern "C" fn(
    *mut ffi::uni_context,
    *const ffi::uni_array,
    ffi::uni_destroy_fn,
    *mut c_void,
    *mut *mut ffi::uni_tensor,
    *mut ffi::uni_error,
) -> ffi::uni_status;

/// Drops what the memory belongs to. Where that panics, the panic is raised again by the call that released the memory.
unsafe extern "C" fn drop_owner<O>(owner: *mut c_void) {
    // SAFETY: made by `into_raw` in `wrap_owned`; the library calls this exactly once, also where wrapping fails.
    panics::shield((), || drop(unsafe { Box::from_raw(owner.cast::<O>()) }));
}

/// Makes a tensor of memory that lives for as long as `owner`, which may be dropped on any thread.
fn wrap_owned<O: Send>(wrap: Wrap, context: &Context, array: &ffi::uni_array, owner: O) -> Result<Tensor<'static>> {
    let owner = Box::into_raw(Box::new(owner)).cast();
    // SAFETY: the context is alive; the memory is, until the owner is dropped.
    Handle::make(|out, error| unsafe { wrap(context.as_ptr(), array, Some(drop_owner::<O>), owner, out, error) })
        .map(|handle| Tensor::from_handle(handle, false))
}

/// The same of memory that may be borrowed, which nobody is told of when it is not needed any more.
fn wrap<'a, O: Send>(context: &Context, array: &ffi::uni_array, owner: Option<O>) -> Result<Tensor<'a>> {
    if let Some(owner) = owner {
        return wrap_owned(ffi::uni_tensor_wrap, context, array, owner);
    }
    // SAFETY: the context is alive; the memory is, for longer than the tensor.
    Handle::make(|out, error| unsafe {
        ffi::uni_tensor_wrap(context.as_ptr(), array, None, ptr::null_mut(), out, error)
    })
    .map(|handle| Tensor::from_handle(handle, true))
}

/// Calls a function when it is dropped.
struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(function) = self.0.take() {
            function();
        }
    }
}

impl<'a> Tensor<'a> {
    /// A tensor of memory that Rust has, without a copy: of a `Vec<T>` or `Box<[T]>`, which it owns and drops when no
    /// operation uses it any more, on whichever thread that turns out, or of a `&mut [T]`, which it borrows. An operation
    /// of a device on borrowed memory waits until it is done.
    ///
    /// # Errors
    /// `ShapeMismatch` where the shape has another number of elements, or more than 8 dimensions, `OutOfMemory`. The
    /// storage is dropped.
    pub fn wrap<S: Storage + 'a>(context: &Context, storage: S, shape: &[usize]) -> Result<Tensor<'a>> {
        let (data, length, owner) = storage.into_elements();
        wrap(context, &describe(data, length, shape)?, owner)
    }

    /// Anything that C can describe, for example memory of a device that another library has allocated.
    ///
    /// `release` is called once, when no operation of the library uses the memory any more, or when this fails; on
    /// whichever thread, in a call of the library. It must not use the same context. Where it panics, the panic is raised
    /// again when that call has returned from C.
    ///
    /// # Safety
    /// What is described can be read, and written unless it is marked as read-only, by nobody else, until `release` is
    /// called. Its elements are initialised.
    ///
    /// # Errors
    /// `InvalidArgument`, `DtypeMismatch`, `DeviceMismatch` (memory of a device without its backend), `OutOfMemory`.
    pub unsafe fn wrap_raw(
        context: &Context,
        array: &ffi::uni_array,
        release: impl FnOnce() + Send + 'static,
    ) -> Result<Tensor<'static>> {
        wrap_owned(ffi::uni_tensor_wrap, context, array, OnDrop(Some(release)))
    }
}

impl Tensor<'static> {
    /// Lets CUDA devices read memory that Rust has where it lies: it is page-locked for as long as the tensor lives, which
    /// is pinned memory. It cannot be borrowed for less than `'static`, since it stays locked where a tensor is forgotten.
    ///
    /// # Errors
    /// As [`Tensor::wrap`], `OutOfMemory` (the message says which limit), `NotSupported`, `BackendUnavailable`,
    /// `BackendError`. Nothing is page-locked, and the storage is dropped.
    pub fn register<S: Storage + 'static>(context: &Context, storage: S, shape: &[usize]) -> Result<Tensor<'static>> {
        let (data, length, owner) = storage.into_elements();
        wrap_owned(ffi::uni_tensor_register, context, &describe(data, length, shape)?, owner)
    }

    /// The same, and where page-locking is refused a copy, in unified memory: [`Tensor::is_copy`] says so, the context's
    /// statistics count it, and its log says why, as a warning. The storage is dropped then.
    ///
    /// # Errors
    /// As [`Tensor::register`]: for what is no refusal, and where the copy cannot be made either.
    pub fn register_or_copy<S: Storage + 'static>(
        context: &Context,
        storage: S,
        shape: &[usize],
    ) -> Result<Tensor<'static>> {
        let (data, length, owner) = storage.into_elements();
        wrap_owned(ffi::uni_tensor_register_or_copy, context, &describe(data, length, shape)?, owner)
    }
}

impl<'a> View<'a> {
    /// A view of memory that Rust has, without a copy: of an `Arc<[T]>`, or of a `&[T]`, which it borrows. Otherwise as
    /// [`Tensor::wrap`].
    ///
    /// # Errors
    /// As [`Tensor::wrap`].
    pub fn wrap<S: SharedStorage + 'a>(context: &Context, storage: S, shape: &[usize]) -> Result<View<'a>> {
        let (data, length, owner) = storage.into_elements();
        let mut array = describe(data, length, shape)?;
        array.flags = ffi::UNI_ARRAY_READ_ONLY;
        wrap(context, &array, owner).map(View::from_tensor)
    }
}
