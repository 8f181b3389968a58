// SPDX-License-Identifier: Apache-2.0
use std::fmt;
use std::ops::Deref;

use unitensor_sys as ffi;

use crate::call::Handle;
use crate::tensor::Tensor;

/// A tensor that is only read: a part of another, what a graph or a sample holds, or one whose owner has given up writing.
///
/// It has every method of [`Tensor`] that takes `&self`. A clone is another reference to the same memory; any number may be
/// alive, on any threads. `View<'static>` owns what it shows together with its clones.
pub struct View<'a> {
    tensor: Tensor<'a>,
}

impl<'a> View<'a> {
    pub(crate) fn from_tensor(tensor: Tensor<'a>) -> View<'a> {
        View { tensor }
    }

    /// A tensor that C lends.
    ///
    /// # Safety
    /// `tensor` is NULL or alive, and nobody writes to it while the view lives.
    pub(crate) unsafe fn share(tensor: *const ffi::uni_tensor) -> Option<View<'a>> {
        // SAFETY: promised by the caller.
        unsafe { Handle::share(tensor) }.map(|handle| View { tensor: Tensor::from_handle(handle, false) })
    }
}

impl<'a> Deref for View<'a> {
    type Target = Tensor<'a>;

    fn deref(&self) -> &Tensor<'a> {
        &self.tensor
    }
}

impl Clone for View<'_> {
    fn clone(&self) -> Self {
        View { tensor: self.tensor.part(self.tensor.handle.clone()) }
    }
}

impl<'a> From<Tensor<'a>> for View<'a> {
    fn from(tensor: Tensor<'a>) -> View<'a> {
        tensor.into_view()
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tensor.fmt(formatter)
    }
}
