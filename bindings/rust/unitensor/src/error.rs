// SPDX-License-Identifier: Apache-2.0
//! What a call of the library fails with.
use std::ffi::CStr;
use std::fmt;
use std::os::raw::c_char;

use unitensor_sys as ffi;

/// What calls of this crate give.
pub type Result<T> = std::result::Result<T, Error>;

/// The kinds of failure. The set is open: a newer library may report what this crate does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value out of its range, an overflowing size.
    InvalidArgument,
    /// An element type that the operation does not take.
    DtypeMismatch,
    /// A wrong number of dimensions or a wrong extent.
    ShapeMismatch,
    /// Operands that no single device can read.
    DeviceMismatch,
    /// An index, node or range outside of its tensor.
    OutOfBounds,
    /// The object cannot be used so, for example in a forked child.
    InvalidState,
    /// Host or device memory is exhausted.
    OutOfMemory,
    /// Defined, and not offered by this backend or this machine.
    NotSupported,
    /// The plugin or its driver is missing; the message lists what was tried.
    BackendUnavailable,
    /// A backend's native call failed; see [`Error::native_code`].
    BackendError,
    /// The device cannot be used any more by this process.
    DeviceLost,
    /// A struct, plugin or DLPack tensor of a version that is not known.
    VersionMismatch,
    /// A file operation failed; [`Error::native_code`] is `errno`.
    Io,
    /// A file is truncated, corrupt or of a form that is not read.
    Format,
    /// A callback asked to stop.
    Callback,
    /// A defect of the library.
    Internal,
    /// A status that this crate does not know; [`Error::code`] has it.
    Unknown,
}

const KINDS: [(i32, ErrorKind); 16] = [
    (ffi::UNI_STATUS_INVALID_ARGUMENT, ErrorKind::InvalidArgument),
    (ffi::UNI_STATUS_DTYPE_MISMATCH, ErrorKind::DtypeMismatch),
    (ffi::UNI_STATUS_SHAPE_MISMATCH, ErrorKind::ShapeMismatch),
    (ffi::UNI_STATUS_DEVICE_MISMATCH, ErrorKind::DeviceMismatch),
    (ffi::UNI_STATUS_OUT_OF_BOUNDS, ErrorKind::OutOfBounds),
    (ffi::UNI_STATUS_INVALID_STATE, ErrorKind::InvalidState),
    (ffi::UNI_STATUS_OUT_OF_MEMORY, ErrorKind::OutOfMemory),
    (ffi::UNI_STATUS_NOT_SUPPORTED, ErrorKind::NotSupported),
    (ffi::UNI_STATUS_BACKEND_UNAVAILABLE, ErrorKind::BackendUnavailable),
    (ffi::UNI_STATUS_BACKEND_ERROR, ErrorKind::BackendError),
    (ffi::UNI_STATUS_DEVICE_LOST, ErrorKind::DeviceLost),
    (ffi::UNI_STATUS_VERSION_MISMATCH, ErrorKind::VersionMismatch),
    (ffi::UNI_STATUS_IO_ERROR, ErrorKind::Io),
    (ffi::UNI_STATUS_FORMAT_ERROR, ErrorKind::Format),
    (ffi::UNI_STATUS_CALLBACK, ErrorKind::Callback),
    (ffi::UNI_STATUS_INTERNAL, ErrorKind::Internal),
];

/// A failure: its kind, the library's status, the code of the system or backend below it, and a message that names the
/// argument, what was expected and what was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    code: i32,
    native_code: i64,
    message: String,
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The status of the C library (negative), also where its kind is [`ErrorKind::Unknown`].
    pub fn code(&self) -> i32 {
        self.code
    }

    /// `errno` or the backend's own code; 0 where there is none.
    pub fn native_code(&self) -> i64 {
        self.native_code
    }

    /// What went wrong, in words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The name of the status, for example `UNI_STATUS_OUT_OF_MEMORY`.
    pub fn status_name(&self) -> &'static str {
        // SAFETY: any number is taken, and the text is static.
        unsafe { static_text(ffi::uni_status_string(self.code)) }
    }

    /// A failure that this crate finds itself, with the status that the library has for it.
    pub(crate) fn new(status: i32, message: String) -> Error {
        Error::from_parts(status, 0, message)
    }

    fn from_parts(code: i32, native_code: i64, message: String) -> Error {
        let kind = KINDS.iter().find(|(status, _)| *status == code).map_or(ErrorKind::Unknown, |(_, kind)| *kind);
        Error { kind, code, native_code, message }
    }

    /// From the buffer of a call that returned `status`.
    pub(crate) fn from_buffer(status: i32, buffer: &ffi::uni_error) -> Error {
        let text: Vec<u8> = buffer.message.iter().take_while(|byte| **byte != 0).map(|byte| *byte as u8).collect();
        Error::from_parts(status, buffer.native_code, String::from_utf8_lossy(&text).into_owned())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            write!(formatter, "{} ({})", self.status_name(), self.code)
        } else {
            formatter.write_str(&self.message)
        }
    }
}

impl std::error::Error for Error {}

/// Text that the library keeps for as long as it is loaded, which is for ever: it is linked.
///
/// # Safety
/// `text` is NUL-terminated and static.
pub(crate) unsafe fn static_text(text: *const c_char) -> &'static str {
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_kind_and_unknown_ones_are_kept() {
        for (status, kind) in KINDS {
            let error = Error::new(status, "words".to_owned());
            assert_eq!((error.kind(), error.code()), (kind, status));
            assert_ne!(error.status_name(), "UNI_STATUS_UNKNOWN");
            assert_eq!(error.to_string(), "words");
        }
        let error = Error::new(-77, String::new());
        assert_eq!((error.kind(), error.code(), error.native_code()), (ErrorKind::Unknown, -77, 0));
        assert_eq!(error.to_string(), "UNI_STATUS_UNKNOWN (-77)");
    }

    #[test]
    fn a_message_that_is_not_utf8_is_read() {
        // SAFETY: zero is a value of every field.
        let mut buffer: ffi::uni_error = unsafe { std::mem::zeroed() };
        buffer.native_code = 5;
        buffer.message[0] = b'a' as c_char;
        buffer.message[1] = 0xffu8 as c_char;
        let error = Error::from_buffer(ffi::UNI_STATUS_IO_ERROR, &buffer);
        assert_eq!((error.message(), error.native_code(), error.kind()), ("a\u{fffd}", 5, ErrorKind::Io));
    }
}
