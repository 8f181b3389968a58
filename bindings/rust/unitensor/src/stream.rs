// SPDX-License-Identifier: Apache-2.0
use std::os::raw::c_void;
use std::ptr;

/// The stream on which a device works; the CPU does not look at it.
///
/// [`Stream::default`] is the device's default stream. Operations on one device's run one after another, so that nothing
/// more has to be said; between devices, [`Context::synchronize`](crate::Context::synchronize) orders what uses the same
/// tensor. Any other comes from the caller, who answers for it: [`Stream::from_raw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream(*mut c_void);

// SAFETY: a stream of CUDA may be used from any thread; the pointer is never followed here.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}

impl Stream {
    /// A stream of CUDA's: a `cudaStream_t`.
    ///
    /// # Safety
    /// The stream is one of the device of the operations that it is given to, and lives for as long as this value or a copy
    /// of it is used. The caller orders operations on different streams that use the same tensors, by events of CUDA's or
    /// [`Context::hold_stream`](crate::Context::hold_stream): the library does not, and an index that changes while it is
    /// read may be read out of bounds.
    pub unsafe fn from_raw(stream: *mut c_void) -> Stream {
        Stream(stream)
    }

    /// The `cudaStream_t`; NULL for the default stream.
    pub fn as_raw(self) -> *mut c_void {
        self.0
    }
}

impl Default for Stream {
    /// The default stream of the device.
    fn default() -> Stream {
        Stream(ptr::null_mut())
    }
}
