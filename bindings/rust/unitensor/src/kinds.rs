// SPDX-License-Identifier: Apache-2.0
//! Element types, memory kinds and devices.
use std::fmt;

use unitensor_sys as ffi;

use crate::error::static_text;

macro_rules! kinds {
    ($(#[$about:meta])* $name:ident: $($(#[$meaning:meta])* $kind:ident = $constant:ident,)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$meaning])* $kind,)*
            /// A value of a newer library's, which this crate does not know.
            Other(i32),
        }

        impl $name {
            /// From the number that the C library has for it.
            pub fn from_raw(value: i32) -> $name {
                $(if value == ffi::$constant as i32 {
                    return $name::$kind;
                })*
                $name::Other(value)
            }

            /// The number that the C library has for it.
            pub fn as_raw(self) -> i32 {
                match self {
                    $($name::$kind => ffi::$constant as i32,)*
                    $name::Other(value) => value,
                }
            }
        }
    };
}

kinds! {
    /// An element type.
    Dtype:
    /// One byte, 0 or 1: [`Bool`].
    Bool = UNI_DTYPE_BOOL,
    /// `i8`
    Int8 = UNI_DTYPE_INT8,
    /// `i16`
    Int16 = UNI_DTYPE_INT16,
    /// `i32`
    Int32 = UNI_DTYPE_INT32,
    /// `i64`
    Int64 = UNI_DTYPE_INT64,
    /// `u8`
    Uint8 = UNI_DTYPE_UINT8,
    /// `u16`
    Uint16 = UNI_DTYPE_UINT16,
    /// `u32`
    Uint32 = UNI_DTYPE_UINT32,
    /// `u64`
    Uint64 = UNI_DTYPE_UINT64,
    /// IEEE 754 binary16: [`Float16`].
    Float16 = UNI_DTYPE_FLOAT16,
    /// The upper half of a `f32`: [`BFloat16`].
    BFloat16 = UNI_DTYPE_BFLOAT16,
    /// `f32`
    Float32 = UNI_DTYPE_FLOAT32,
    /// `f64`
    Float64 = UNI_DTYPE_FLOAT64,
}

impl Dtype {
    /// Bytes of one element; 0 for a dtype that the library does not know.
    pub fn size(self) -> usize {
        // SAFETY: any number is taken.
        unsafe { ffi::uni_dtype_size(self.as_raw()) as usize }
    }

    /// The name that NumPy has for it, for example `float32`.
    pub fn name(self) -> &'static str {
        // SAFETY: any number is taken, and the text is static.
        unsafe { static_text(ffi::uni_dtype_name(self.as_raw())) }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

kinds! {
    /// Where a tensor's memory lies.
    Memory:
    /// Pageable host memory.
    Host = UNI_MEMORY_HOST,
    /// Page-locked host memory that devices can read.
    Pinned = UNI_MEMORY_PINNED,
    /// Managed memory, resident on the host and advised so.
    Managed = UNI_MEMORY_MANAGED,
    /// Memory of a device.
    Device = UNI_MEMORY_DEVICE,
    /// A request: the best host-resident memory that every device here can read.
    Unified = UNI_MEMORY_UNIFIED,
}

impl Memory {
    /// The name of the kind, for example `unified`.
    pub fn name(self) -> &'static str {
        // SAFETY: any number is taken, and the text is static.
        unsafe { static_text(ffi::uni_memory_name(self.as_raw())) }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The device whose memory a tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Device {
    /// The host, also for pinned and managed memory.
    Cpu,
    /// The CUDA device of this ordinal.
    Cuda(i32),
    /// A device of a newer library's: its type and ordinal.
    Other(i32, i32),
}

impl Device {
    pub(crate) fn from_raw(device_type: i32, device_id: i32) -> Device {
        if device_type == ffi::UNI_DEVICE_CPU as i32 {
            Device::Cpu
        } else if device_type == ffi::UNI_DEVICE_CUDA as i32 {
            Device::Cuda(device_id)
        } else {
            Device::Other(device_type, device_id)
        }
    }
}

/// A truth value as tensors hold it: a byte that is 0 or something else, since files and devices may write any.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub struct Bool(pub u8);

impl From<bool> for Bool {
    fn from(value: bool) -> Bool {
        Bool(value.into())
    }
}

impl From<Bool> for bool {
    fn from(value: Bool) -> bool {
        value.0 != 0
    }
}

impl PartialEq for Bool {
    fn eq(&self, other: &Bool) -> bool {
        bool::from(*self) == bool::from(*other)
    }
}

impl Eq for Bool {}

/// The bits of an IEEE 754 binary16 number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Float16(pub u16);

/// The bits of a bfloat16 number: the upper half of a `f32`'s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct BFloat16(pub u16);

/// A type of Rust's that elements of tensors are read and written as. Sealed.
///
/// # Safety
/// Every pattern of bytes is a value of the type, and `DTYPE` has its size.
pub unsafe trait Element: Copy + Send + Sync + private::Sealed + 'static {
    /// The dtype whose elements these are.
    const DTYPE: Dtype;
}

mod private {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($element:ty: $dtype:ident,)*) => {
        $(
            impl private::Sealed for $element {}
            // SAFETY: numbers, and bits that stand for numbers, take every pattern of bytes.
            unsafe impl Element for $element {
                const DTYPE: Dtype = Dtype::$dtype;
            }
        )*

        #[cfg(test)]
        const SIZES: &[(Dtype, usize)] = &[$((Dtype::$dtype, std::mem::size_of::<$element>()),)*];
    };
}

elements! {
    Bool: Bool,
    i8: Int8,
    i16: Int16,
    i32: Int32,
    i64: Int64,
    u8: Uint8,
    u16: Uint16,
    u32: Uint32,
    u64: Uint64,
    Float16: Float16,
    BFloat16: BFloat16,
    f32: Float32,
    f64: Float64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_the_size_of_their_dtype() {
        assert_eq!(SIZES.len(), 13);
        for (dtype, size) in SIZES {
            assert_eq!(dtype.size(), *size, "{dtype}");
            assert_eq!(Dtype::from_raw(dtype.as_raw()), *dtype);
        }
        assert_eq!((Dtype::BFloat16.name(), Dtype::Int8.to_string().as_str()), ("bfloat16", "int8"));
    }

    #[test]
    fn unknown_values_are_kept() {
        assert_eq!(Dtype::from_raw(99), Dtype::Other(99));
        assert_eq!((Dtype::Other(99).size(), Dtype::Other(99).name(), Dtype::Other(99).as_raw()), (0, "unknown", 99));
        assert_eq!(Memory::from_raw(-3), Memory::Other(-3));
        assert_eq!((Memory::Unified.name(), Memory::Other(-3).name()), ("unified", "unknown"));
        assert_eq!(Device::from_raw(9, 1), Device::Other(9, 1));
    }

    #[test]
    fn any_byte_is_a_truth_value() {
        assert_eq!(Bool(2), Bool::from(true));
        assert!(!bool::from(Bool::default()));
    }
}
