// SPDX-License-Identifier: Apache-2.0
// Written by generate-bindings from include/unitensor/unitensor.h; not to be edited.

pub const UNI_VERSION_MAJOR: u32 = 0;
pub const UNI_VERSION_MINOR: u32 = 1;
pub const UNI_VERSION_PATCH: u32 = 0;
pub const UNI_VERSION_STRING: &[u8; 6usize] = b"0.1.0\0";
pub const UNI_ABI_MAJOR: u32 = 0;
pub const UNI_ABI_MINOR: u32 = 1;
pub const UNI_ABI_VERSION: u32 = 1;
pub type __int32_t = ::std::os::raw::c_int;
pub type __uint32_t = ::std::os::raw::c_uint;
pub type __int64_t = ::std::os::raw::c_long;
pub type __uint64_t = ::std::os::raw::c_ulong;
pub const UNI_MAX_NDIM: _bindgen_ty_1 = 8;
pub type _bindgen_ty_1 = ::std::os::raw::c_uint;
pub const UNI_DTYPE_BOOL: _bindgen_ty_2 = 1;
pub const UNI_DTYPE_INT8: _bindgen_ty_2 = 2;
pub const UNI_DTYPE_INT16: _bindgen_ty_2 = 3;
pub const UNI_DTYPE_INT32: _bindgen_ty_2 = 4;
pub const UNI_DTYPE_INT64: _bindgen_ty_2 = 5;
pub const UNI_DTYPE_UINT8: _bindgen_ty_2 = 6;
pub const UNI_DTYPE_UINT16: _bindgen_ty_2 = 7;
pub const UNI_DTYPE_UINT32: _bindgen_ty_2 = 8;
pub const UNI_DTYPE_UINT64: _bindgen_ty_2 = 9;
pub const UNI_DTYPE_FLOAT16: _bindgen_ty_2 = 10;
pub const UNI_DTYPE_BFLOAT16: _bindgen_ty_2 = 11;
pub const UNI_DTYPE_FLOAT32: _bindgen_ty_2 = 12;
pub const UNI_DTYPE_FLOAT64: _bindgen_ty_2 = 13;
pub type _bindgen_ty_2 = ::std::os::raw::c_uint;
pub const UNI_DEVICE_CPU: _bindgen_ty_3 = 1;
pub const UNI_DEVICE_CUDA: _bindgen_ty_3 = 2;
pub type _bindgen_ty_3 = ::std::os::raw::c_uint;
pub const UNI_MEMORY_HOST: _bindgen_ty_4 = 1;
pub const UNI_MEMORY_PINNED: _bindgen_ty_4 = 2;
pub const UNI_MEMORY_MANAGED: _bindgen_ty_4 = 3;
pub const UNI_MEMORY_DEVICE: _bindgen_ty_4 = 4;
pub const UNI_MEMORY_UNIFIED: _bindgen_ty_4 = 5;
pub type _bindgen_ty_4 = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_array {
    pub struct_size: u32,
    pub dtype: i32,
    pub device_type: i32,
    pub device_id: i32,
    pub ndim: i32,
    pub flags: u32,
    pub row_pitch: i64,
    pub data: *mut ::std::os::raw::c_void,
    pub count: *const i64,
    pub shape: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_uni_array() {
    assert_eq!(
        ::std::mem::size_of::<uni_array>(),
        112usize,
        concat!("Size of: ", stringify!(uni_array))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_array>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_array))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_array),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_dtype() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).dtype) as usize - ptr as usize
            },
            4usize,
            concat!("Offset of field: ", stringify!(uni_array), "::", stringify!(dtype))
        );
    }
    test_field_dtype();
    fn test_field_device_type() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).device_type) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_array),
                "::",
                stringify!(device_type)
            )
        );
    }
    test_field_device_type();
    fn test_field_device_id() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).device_id) as usize - ptr as usize
            },
            12usize,
            concat!("Offset of field: ", stringify!(uni_array), "::", stringify!(device_id))
        );
    }
    test_field_device_id();
    fn test_field_ndim() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).ndim) as usize - ptr as usize
            },
            16usize,
            concat!("Offset of field: ", stringify!(uni_array), "::", stringify!(ndim))
        );
    }
    test_field_ndim();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            20usize,
            concat!("Offset of field: ", stringify!(uni_array), "::", stringify!(flags))
        );
    }
    test_field_flags();
    fn test_field_row_pitch() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).row_pitch) as usize - ptr as usize
            },
            24usize,
            concat!("Offset of field: ", stringify!(uni_array), "::", stringify!(row_pitch))
        );
    }
    test_field_row_pitch();
    fn test_field_data() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).data) as usize - ptr as usize
            },
            32usize,
            concat!("Offset of field: ", stringify!(uni_array), "::", stringify!(data))
        );
    }
    test_field_data();
    fn test_field_count() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).count) as usize - ptr as usize
            },
            40usize,
            concat!("Offset of field: ", stringify!(uni_array), "::", stringify!(count))
        );
    }
    test_field_count();
    fn test_field_shape() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_array>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).shape) as usize - ptr as usize
            },
            48usize,
            concat!("Offset of field: ", stringify!(uni_array), "::", stringify!(shape))
        );
    }
    test_field_shape();
}
pub const UNI_ARRAY_READ_ONLY: _bindgen_ty_5 = 1;
pub type _bindgen_ty_5 = ::std::os::raw::c_uint;
extern "C" {
    pub fn uni_dtype_size(dtype: i32) -> i64;
}
extern "C" {
    pub fn uni_dtype_name(dtype: i32) -> *const ::std::os::raw::c_char;
}
extern "C" {
    pub fn uni_memory_name(memory: i32) -> *const ::std::os::raw::c_char;
}
pub type uni_status = i32;
pub const UNI_STATUS_OK: _bindgen_ty_6 = 0;
pub const UNI_STATUS_INVALID_ARGUMENT: _bindgen_ty_6 = -1;
pub const UNI_STATUS_DTYPE_MISMATCH: _bindgen_ty_6 = -2;
pub const UNI_STATUS_SHAPE_MISMATCH: _bindgen_ty_6 = -3;
pub const UNI_STATUS_DEVICE_MISMATCH: _bindgen_ty_6 = -4;
pub const UNI_STATUS_OUT_OF_BOUNDS: _bindgen_ty_6 = -5;
pub const UNI_STATUS_INVALID_STATE: _bindgen_ty_6 = -6;
pub const UNI_STATUS_OUT_OF_MEMORY: _bindgen_ty_6 = -10;
pub const UNI_STATUS_NOT_SUPPORTED: _bindgen_ty_6 = -20;
pub const UNI_STATUS_BACKEND_UNAVAILABLE: _bindgen_ty_6 = -21;
pub const UNI_STATUS_BACKEND_ERROR: _bindgen_ty_6 = -22;
pub const UNI_STATUS_DEVICE_LOST: _bindgen_ty_6 = -23;
pub const UNI_STATUS_VERSION_MISMATCH: _bindgen_ty_6 = -30;
pub const UNI_STATUS_IO_ERROR: _bindgen_ty_6 = -40;
pub const UNI_STATUS_FORMAT_ERROR: _bindgen_ty_6 = -41;
pub const UNI_STATUS_CALLBACK: _bindgen_ty_6 = -50;
pub const UNI_STATUS_INTERNAL: _bindgen_ty_6 = -100;
pub type _bindgen_ty_6 = ::std::os::raw::c_int;
pub const UNI_ERROR_MESSAGE_SIZE: _bindgen_ty_7 = 512;
pub type _bindgen_ty_7 = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_error {
    pub struct_size: u32,
    pub code: uni_status,
    pub native_code: i64,
    pub message: [::std::os::raw::c_char; 512usize],
}
#[test]
fn bindgen_test_layout_uni_error() {
    assert_eq!(
        ::std::mem::size_of::<uni_error>(),
        528usize,
        concat!("Size of: ", stringify!(uni_error))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_error>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_error))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_error>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_error),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_code() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_error>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).code) as usize - ptr as usize
            },
            4usize,
            concat!("Offset of field: ", stringify!(uni_error), "::", stringify!(code))
        );
    }
    test_field_code();
    fn test_field_native_code() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_error>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).native_code) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_error),
                "::",
                stringify!(native_code)
            )
        );
    }
    test_field_native_code();
    fn test_field_message() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_error>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).message) as usize - ptr as usize
            },
            16usize,
            concat!("Offset of field: ", stringify!(uni_error), "::", stringify!(message))
        );
    }
    test_field_message();
}
extern "C" {
    pub fn uni_error_init(error: *mut uni_error);
}
extern "C" {
    pub fn uni_status_string(status: uni_status) -> *const ::std::os::raw::c_char;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_context {
    _unused: [u8; 0],
}
pub const UNI_LOG_ERROR: _bindgen_ty_8 = 1;
pub const UNI_LOG_WARNING: _bindgen_ty_8 = 2;
pub const UNI_LOG_INFO: _bindgen_ty_8 = 3;
pub const UNI_LOG_DEBUG: _bindgen_ty_8 = 4;
pub type _bindgen_ty_8 = ::std::os::raw::c_uint;
pub type uni_log_fn = ::std::option::Option<
    unsafe extern "C" fn(user_data: *mut ::std::os::raw::c_void, level: i32, message: *const ::std::os::raw::c_char),
>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_context_options {
    pub struct_size: u32,
    pub abi_version: u32,
    pub num_threads: i32,
    pub flags: u32,
    pub backend_path: *const ::std::os::raw::c_char,
    pub log: uni_log_fn,
    pub log_user_data: *mut ::std::os::raw::c_void,
}
#[test]
fn bindgen_test_layout_uni_context_options() {
    assert_eq!(
        ::std::mem::size_of::<uni_context_options>(),
        40usize,
        concat!("Size of: ", stringify!(uni_context_options))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_context_options>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_context_options))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_context_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_context_options),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_abi_version() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_context_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).abi_version) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_context_options),
                "::",
                stringify!(abi_version)
            )
        );
    }
    test_field_abi_version();
    fn test_field_num_threads() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_context_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_threads) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_context_options),
                "::",
                stringify!(num_threads)
            )
        );
    }
    test_field_num_threads();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_context_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_context_options),
                "::",
                stringify!(flags)
            )
        );
    }
    test_field_flags();
    fn test_field_backend_path() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_context_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).backend_path) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_context_options),
                "::",
                stringify!(backend_path)
            )
        );
    }
    test_field_backend_path();
    fn test_field_log() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_context_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).log) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_context_options),
                "::",
                stringify!(log)
            )
        );
    }
    test_field_log();
    fn test_field_log_user_data() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_context_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).log_user_data) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_context_options),
                "::",
                stringify!(log_user_data)
            )
        );
    }
    test_field_log_user_data();
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_memory_info {
    pub struct_size: u32,
    pub supported: i32,
    pub resolved: i32,
    pub reserved: u32,
    pub reason: [::std::os::raw::c_char; 256usize],
}
#[test]
fn bindgen_test_layout_uni_memory_info() {
    assert_eq!(
        ::std::mem::size_of::<uni_memory_info>(),
        272usize,
        concat!("Size of: ", stringify!(uni_memory_info))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_memory_info>(),
        4usize,
        concat!("Alignment of ", stringify!(uni_memory_info))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_memory_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_memory_info),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_supported() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_memory_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).supported) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_memory_info),
                "::",
                stringify!(supported)
            )
        );
    }
    test_field_supported();
    fn test_field_resolved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_memory_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).resolved) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_memory_info),
                "::",
                stringify!(resolved)
            )
        );
    }
    test_field_resolved();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_memory_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_memory_info),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
    fn test_field_reason() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_memory_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reason) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_memory_info),
                "::",
                stringify!(reason)
            )
        );
    }
    test_field_reason();
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_statistics {
    pub struct_size: u32,
    pub reserved: u32,
    pub gather_calls: i64,
    pub gather_rows: i64,
    pub gather_bytes: i64,
    pub scatter_calls: i64,
    pub scatter_rows: i64,
    pub scatter_bytes: i64,
    pub sample_calls: i64,
    pub sample_nodes: i64,
    pub sample_edges: i64,
    pub out_of_bounds: i64,
    pub registered_copies: i64,
    pub registered_copy_bytes: i64,
}
#[test]
fn bindgen_test_layout_uni_statistics() {
    assert_eq!(
        ::std::mem::size_of::<uni_statistics>(),
        104usize,
        concat!("Size of: ", stringify!(uni_statistics))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_statistics>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_statistics))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
    fn test_field_gather_calls() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).gather_calls) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(gather_calls)
            )
        );
    }
    test_field_gather_calls();
    fn test_field_gather_rows() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).gather_rows) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(gather_rows)
            )
        );
    }
    test_field_gather_rows();
    fn test_field_gather_bytes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).gather_bytes) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(gather_bytes)
            )
        );
    }
    test_field_gather_bytes();
    fn test_field_scatter_calls() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).scatter_calls) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(scatter_calls)
            )
        );
    }
    test_field_scatter_calls();
    fn test_field_scatter_rows() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).scatter_rows) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(scatter_rows)
            )
        );
    }
    test_field_scatter_rows();
    fn test_field_scatter_bytes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).scatter_bytes) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(scatter_bytes)
            )
        );
    }
    test_field_scatter_bytes();
    fn test_field_sample_calls() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).sample_calls) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(sample_calls)
            )
        );
    }
    test_field_sample_calls();
    fn test_field_sample_nodes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).sample_nodes) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(sample_nodes)
            )
        );
    }
    test_field_sample_nodes();
    fn test_field_sample_edges() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).sample_edges) as usize - ptr as usize
            },
            72usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(sample_edges)
            )
        );
    }
    test_field_sample_edges();
    fn test_field_out_of_bounds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).out_of_bounds) as usize - ptr as usize
            },
            80usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(out_of_bounds)
            )
        );
    }
    test_field_out_of_bounds();
    fn test_field_registered_copies() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).registered_copies) as usize - ptr as usize
            },
            88usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(registered_copies)
            )
        );
    }
    test_field_registered_copies();
    fn test_field_registered_copy_bytes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_statistics>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).registered_copy_bytes) as usize - ptr as usize
            },
            96usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_statistics),
                "::",
                stringify!(registered_copy_bytes)
            )
        );
    }
    test_field_registered_copy_bytes();
}
extern "C" {
    pub fn uni_context_options_init(
        options: *mut uni_context_options,
        struct_size: u32,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_context_create(
        options: *const uni_context_options,
        context: *mut *mut uni_context,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_context_retain(context: *mut uni_context) -> *mut uni_context;
}
extern "C" {
    pub fn uni_context_release(context: *mut uni_context);
}
extern "C" {
    pub fn uni_context_num_threads(context: *const uni_context) -> i32;
}
extern "C" {
    pub fn uni_context_backend(context: *const uni_context) -> *const ::std::os::raw::c_char;
}
extern "C" {
    pub fn uni_context_memory_info(
        context: *mut uni_context,
        memory: i32,
        info: *mut uni_memory_info,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_context_statistics(
        context: *const uni_context,
        statistics: *mut uni_statistics,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_context_reset_statistics(context: *mut uni_context);
}
extern "C" {
    pub fn uni_context_check(context: *mut uni_context, error: *mut uni_error) -> uni_status;
}
extern "C" {
    pub fn uni_context_synchronize(context: *mut uni_context, error: *mut uni_error) -> uni_status;
}
extern "C" {
    pub fn uni_context_trim(context: *mut uni_context, error: *mut uni_error) -> uni_status;
}
extern "C" {
    pub fn uni_context_hold_stream(
        context: *mut uni_context,
        device_id: i32,
        stream: *mut ::std::os::raw::c_void,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_context_follow_stream(
        context: *mut uni_context,
        device_id: i32,
        stream: *mut ::std::os::raw::c_void,
        error: *mut uni_error,
    ) -> uni_status;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_backend_info {
    pub struct_size: u32,
    pub device_type: i32,
    pub available: i32,
    pub num_devices: i32,
    pub toolkit_version: i32,
    pub least_driver_version: i32,
    pub driver_version: i32,
    pub reserved: u32,
    pub name: *const ::std::os::raw::c_char,
    pub path: *const ::std::os::raw::c_char,
    pub reason: *const ::std::os::raw::c_char,
}
#[test]
fn bindgen_test_layout_uni_backend_info() {
    assert_eq!(
        ::std::mem::size_of::<uni_backend_info>(),
        56usize,
        concat!("Size of: ", stringify!(uni_backend_info))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_backend_info>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_backend_info))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_device_type() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).device_type) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(device_type)
            )
        );
    }
    test_field_device_type();
    fn test_field_available() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).available) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(available)
            )
        );
    }
    test_field_available();
    fn test_field_num_devices() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_devices) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(num_devices)
            )
        );
    }
    test_field_num_devices();
    fn test_field_toolkit_version() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).toolkit_version) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(toolkit_version)
            )
        );
    }
    test_field_toolkit_version();
    fn test_field_least_driver_version() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).least_driver_version) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(least_driver_version)
            )
        );
    }
    test_field_least_driver_version();
    fn test_field_driver_version() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).driver_version) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(driver_version)
            )
        );
    }
    test_field_driver_version();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            28usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(name)
            )
        );
    }
    test_field_name();
    fn test_field_path() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).path) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(path)
            )
        );
    }
    test_field_path();
    fn test_field_reason() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_backend_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reason) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_backend_info),
                "::",
                stringify!(reason)
            )
        );
    }
    test_field_reason();
}
pub const UNI_DEVICE_MANAGED_MEMORY: _bindgen_ty_9 = 1;
pub const UNI_DEVICE_HOST_MEMORY: _bindgen_ty_9 = 2;
pub const UNI_DEVICE_HOST_PAGE_TABLES: _bindgen_ty_9 = 4;
pub type _bindgen_ty_9 = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_device_info {
    pub struct_size: u32,
    pub device_type: i32,
    pub device_id: i32,
    pub flags: u32,
    pub compute_major: i32,
    pub compute_minor: i32,
    pub num_processors: i32,
    pub reserved: u32,
    pub total_bytes: i64,
    pub link_bytes_per_second: i64,
    pub name: [::std::os::raw::c_char; 128usize],
    pub pci_address: [::std::os::raw::c_char; 32usize],
}
#[test]
fn bindgen_test_layout_uni_device_info() {
    assert_eq!(
        ::std::mem::size_of::<uni_device_info>(),
        208usize,
        concat!("Size of: ", stringify!(uni_device_info))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_device_info>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_device_info))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_device_type() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).device_type) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(device_type)
            )
        );
    }
    test_field_device_type();
    fn test_field_device_id() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).device_id) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(device_id)
            )
        );
    }
    test_field_device_id();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(flags)
            )
        );
    }
    test_field_flags();
    fn test_field_compute_major() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).compute_major) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(compute_major)
            )
        );
    }
    test_field_compute_major();
    fn test_field_compute_minor() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).compute_minor) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(compute_minor)
            )
        );
    }
    test_field_compute_minor();
    fn test_field_num_processors() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_processors) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(num_processors)
            )
        );
    }
    test_field_num_processors();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            28usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
    fn test_field_total_bytes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).total_bytes) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(total_bytes)
            )
        );
    }
    test_field_total_bytes();
    fn test_field_link_bytes_per_second() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).link_bytes_per_second) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(link_bytes_per_second)
            )
        );
    }
    test_field_link_bytes_per_second();
    fn test_field_name() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).name) as usize - ptr as usize
            },
            48usize,
            concat!("Offset of field: ", stringify!(uni_device_info), "::", stringify!(name))
        );
    }
    test_field_name();
    fn test_field_pci_address() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_device_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).pci_address) as usize - ptr as usize
            },
            176usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_device_info),
                "::",
                stringify!(pci_address)
            )
        );
    }
    test_field_pci_address();
}
extern "C" {
    pub fn uni_context_backend_info(
        context: *mut uni_context,
        device_type: i32,
        info: *mut uni_backend_info,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_context_device_info(
        context: *mut uni_context,
        device_type: i32,
        device_id: i32,
        info: *mut uni_device_info,
        error: *mut uni_error,
    ) -> uni_status;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_tensor {
    _unused: [u8; 0],
}
pub type uni_destroy_fn = ::std::option::Option<unsafe extern "C" fn(user_data: *mut ::std::os::raw::c_void)>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_tensor_desc {
    pub struct_size: u32,
    pub memory: i32,
    pub device_id: i32,
    pub dtype: i32,
    pub ndim: i32,
    pub flags: u32,
    pub row_alignment: i64,
    pub shape: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_uni_tensor_desc() {
    assert_eq!(
        ::std::mem::size_of::<uni_tensor_desc>(),
        96usize,
        concat!("Size of: ", stringify!(uni_tensor_desc))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_tensor_desc>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_tensor_desc))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_desc),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_memory() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_desc),
                "::",
                stringify!(memory)
            )
        );
    }
    test_field_memory();
    fn test_field_device_id() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).device_id) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_desc),
                "::",
                stringify!(device_id)
            )
        );
    }
    test_field_device_id();
    fn test_field_dtype() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).dtype) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_desc),
                "::",
                stringify!(dtype)
            )
        );
    }
    test_field_dtype();
    fn test_field_ndim() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).ndim) as usize - ptr as usize
            },
            16usize,
            concat!("Offset of field: ", stringify!(uni_tensor_desc), "::", stringify!(ndim))
        );
    }
    test_field_ndim();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_desc),
                "::",
                stringify!(flags)
            )
        );
    }
    test_field_flags();
    fn test_field_row_alignment() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).row_alignment) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_desc),
                "::",
                stringify!(row_alignment)
            )
        );
    }
    test_field_row_alignment();
    fn test_field_shape() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).shape) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_desc),
                "::",
                stringify!(shape)
            )
        );
    }
    test_field_shape();
}
pub const UNI_TENSOR_COPIED: _bindgen_ty_10 = 2;
pub type _bindgen_ty_10 = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_tensor_info {
    pub struct_size: u32,
    pub memory: i32,
    pub requested_memory: i32,
    pub device_type: i32,
    pub device_id: i32,
    pub dtype: i32,
    pub ndim: i32,
    pub flags: u32,
    pub num_elements: i64,
    pub row_bytes: i64,
    pub row_pitch: i64,
    pub num_bytes: i64,
    pub shape: [i64; 8usize],
}
#[test]
fn bindgen_test_layout_uni_tensor_info() {
    assert_eq!(
        ::std::mem::size_of::<uni_tensor_info>(),
        128usize,
        concat!("Size of: ", stringify!(uni_tensor_info))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_tensor_info>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_tensor_info))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_memory() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(memory)
            )
        );
    }
    test_field_memory();
    fn test_field_requested_memory() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).requested_memory) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(requested_memory)
            )
        );
    }
    test_field_requested_memory();
    fn test_field_device_type() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).device_type) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(device_type)
            )
        );
    }
    test_field_device_type();
    fn test_field_device_id() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).device_id) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(device_id)
            )
        );
    }
    test_field_device_id();
    fn test_field_dtype() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).dtype) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(dtype)
            )
        );
    }
    test_field_dtype();
    fn test_field_ndim() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).ndim) as usize - ptr as usize
            },
            24usize,
            concat!("Offset of field: ", stringify!(uni_tensor_info), "::", stringify!(ndim))
        );
    }
    test_field_ndim();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            28usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(flags)
            )
        );
    }
    test_field_flags();
    fn test_field_num_elements() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_elements) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(num_elements)
            )
        );
    }
    test_field_num_elements();
    fn test_field_row_bytes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).row_bytes) as usize - ptr as usize
            },
            40usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(row_bytes)
            )
        );
    }
    test_field_row_bytes();
    fn test_field_row_pitch() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).row_pitch) as usize - ptr as usize
            },
            48usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(row_pitch)
            )
        );
    }
    test_field_row_pitch();
    fn test_field_num_bytes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_bytes) as usize - ptr as usize
            },
            56usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(num_bytes)
            )
        );
    }
    test_field_num_bytes();
    fn test_field_shape() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_tensor_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).shape) as usize - ptr as usize
            },
            64usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_tensor_info),
                "::",
                stringify!(shape)
            )
        );
    }
    test_field_shape();
}
extern "C" {
    pub fn uni_tensor_create(
        context: *mut uni_context,
        desc: *const uni_tensor_desc,
        tensor: *mut *mut uni_tensor,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_wrap(
        context: *mut uni_context,
        array: *const uni_array,
        destroy: uni_destroy_fn,
        user_data: *mut ::std::os::raw::c_void,
        tensor: *mut *mut uni_tensor,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_register(
        context: *mut uni_context,
        array: *const uni_array,
        destroy: uni_destroy_fn,
        user_data: *mut ::std::os::raw::c_void,
        tensor: *mut *mut uni_tensor,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_register_or_copy(
        context: *mut uni_context,
        array: *const uni_array,
        destroy: uni_destroy_fn,
        user_data: *mut ::std::os::raw::c_void,
        tensor: *mut *mut uni_tensor,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_slice(
        tensor: *const uni_tensor,
        start: i64,
        stop: i64,
        view: *mut *mut uni_tensor,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_reshape(
        tensor: *const uni_tensor,
        ndim: i32,
        shape: *const i64,
        view: *mut *mut uni_tensor,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_retain(tensor: *mut uni_tensor) -> *mut uni_tensor;
}
extern "C" {
    pub fn uni_tensor_release(tensor: *mut uni_tensor);
}
extern "C" {
    pub fn uni_tensor_release_after(
        tensor: *mut uni_tensor,
        device_id: i32,
        stream: *mut ::std::os::raw::c_void,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_get_info(
        tensor: *const uni_tensor,
        info: *mut uni_tensor_info,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_array(tensor: *const uni_tensor) -> *const uni_array;
}
extern "C" {
    pub fn uni_tensor_context(tensor: *const uni_tensor) -> *mut uni_context;
}
extern "C" {
    pub fn uni_tensor_host_pointer(
        tensor: *const uni_tensor,
        data: *mut *mut ::std::os::raw::c_void,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_device_pointer(
        tensor: *const uni_tensor,
        device_id: i32,
        data: *mut *mut ::std::os::raw::c_void,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_copy_from(
        tensor: *mut uni_tensor,
        source: *const uni_array,
        stream: *mut ::std::os::raw::c_void,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_copy_to(
        tensor: *const uni_tensor,
        destination: *const uni_array,
        stream: *mut ::std::os::raw::c_void,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_fill(
        tensor: *mut uni_tensor,
        value: *const ::std::os::raw::c_void,
        stream: *mut ::std::os::raw::c_void,
        error: *mut uni_error,
    ) -> uni_status;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct DLManagedTensorVersioned {
    _unused: [u8; 0],
}
pub const UNI_DLPACK_DEFAULT: _bindgen_ty_11 = 0;
pub const UNI_DLPACK_CPU: _bindgen_ty_11 = 1;
pub const UNI_DLPACK_CUDA: _bindgen_ty_11 = 2;
pub const UNI_DLPACK_EXACT: _bindgen_ty_11 = 3;
pub type _bindgen_ty_11 = ::std::os::raw::c_uint;
extern "C" {
    pub fn uni_tensor_to_dlpack(
        tensor: *const uni_tensor,
        device: i32,
        device_id: i32,
        out: *mut *mut DLManagedTensorVersioned,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_from_dlpack(
        context: *mut uni_context,
        managed: *mut DLManagedTensorVersioned,
        tensor: *mut *mut uni_tensor,
        error: *mut uni_error,
    ) -> uni_status;
}
pub const UNI_BOUNDS_CHECK: _bindgen_ty_12 = 0;
pub const UNI_BOUNDS_SKIP: _bindgen_ty_12 = 1;
pub const UNI_BOUNDS_TRUST: _bindgen_ty_12 = 2;
pub type _bindgen_ty_12 = ::std::os::raw::c_uint;
pub const UNI_SCATTER_ASSIGN: _bindgen_ty_13 = 0;
pub const UNI_SCATTER_ADD: _bindgen_ty_13 = 1;
pub type _bindgen_ty_13 = ::std::os::raw::c_uint;
pub const UNI_ORDER_AUTO: _bindgen_ty_14 = 0;
pub const UNI_ORDER_AS_GIVEN: _bindgen_ty_14 = 1;
pub const UNI_ORDER_BY_PAGE: _bindgen_ty_14 = 2;
pub type _bindgen_ty_14 = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_gather_options {
    pub struct_size: u32,
    pub bounds: i32,
    pub flags: u32,
    pub memory: i32,
    pub dtype: i32,
    pub order: i32,
    pub num_multiprocessors: i32,
    pub reserved: u32,
    pub row_scales: *const uni_array,
}
#[test]
fn bindgen_test_layout_uni_gather_options() {
    assert_eq!(
        ::std::mem::size_of::<uni_gather_options>(),
        40usize,
        concat!("Size of: ", stringify!(uni_gather_options))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_gather_options>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_gather_options))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_gather_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_gather_options),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_bounds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_gather_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).bounds) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_gather_options),
                "::",
                stringify!(bounds)
            )
        );
    }
    test_field_bounds();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_gather_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_gather_options),
                "::",
                stringify!(flags)
            )
        );
    }
    test_field_flags();
    fn test_field_memory() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_gather_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).memory) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_gather_options),
                "::",
                stringify!(memory)
            )
        );
    }
    test_field_memory();
    fn test_field_dtype() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_gather_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).dtype) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_gather_options),
                "::",
                stringify!(dtype)
            )
        );
    }
    test_field_dtype();
    fn test_field_order() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_gather_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).order) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_gather_options),
                "::",
                stringify!(order)
            )
        );
    }
    test_field_order();
    fn test_field_num_multiprocessors() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_gather_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_multiprocessors) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_gather_options),
                "::",
                stringify!(num_multiprocessors)
            )
        );
    }
    test_field_num_multiprocessors();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_gather_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            28usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_gather_options),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
    fn test_field_row_scales() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_gather_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).row_scales) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_gather_options),
                "::",
                stringify!(row_scales)
            )
        );
    }
    test_field_row_scales();
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_scatter_options {
    pub struct_size: u32,
    pub bounds: i32,
    pub reduce: i32,
    pub flags: u32,
    pub num_multiprocessors: i32,
    pub reserved: u32,
}
#[test]
fn bindgen_test_layout_uni_scatter_options() {
    assert_eq!(
        ::std::mem::size_of::<uni_scatter_options>(),
        24usize,
        concat!("Size of: ", stringify!(uni_scatter_options))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_scatter_options>(),
        4usize,
        concat!("Alignment of ", stringify!(uni_scatter_options))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_scatter_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_scatter_options),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_bounds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_scatter_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).bounds) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_scatter_options),
                "::",
                stringify!(bounds)
            )
        );
    }
    test_field_bounds();
    fn test_field_reduce() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_scatter_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reduce) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_scatter_options),
                "::",
                stringify!(reduce)
            )
        );
    }
    test_field_reduce();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_scatter_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_scatter_options),
                "::",
                stringify!(flags)
            )
        );
    }
    test_field_flags();
    fn test_field_num_multiprocessors() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_scatter_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_multiprocessors) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_scatter_options),
                "::",
                stringify!(num_multiprocessors)
            )
        );
    }
    test_field_num_multiprocessors();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_scatter_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            20usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_scatter_options),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
}
pub const UNI_GATHER_MANY_MAX: _bindgen_ty_15 = 16;
pub type _bindgen_ty_15 = ::std::os::raw::c_uint;
extern "C" {
    pub fn uni_gather(
        source: *const uni_tensor,
        index: *const uni_array,
        options: *const uni_gather_options,
        stream: *mut ::std::os::raw::c_void,
        out: *mut *mut uni_tensor,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_gather_into(
        source: *const uni_tensor,
        index: *const uni_array,
        options: *const uni_gather_options,
        stream: *mut ::std::os::raw::c_void,
        out: *const uni_array,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_gather_many(
        num_tensors: i32,
        sources: *const *const uni_tensor,
        index: *const uni_array,
        options: *const uni_gather_options,
        stream: *mut ::std::os::raw::c_void,
        outs: *const *const uni_array,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_scatter(
        destination: *mut uni_tensor,
        index: *const uni_array,
        rows: *const uni_array,
        options: *const uni_scatter_options,
        stream: *mut ::std::os::raw::c_void,
        error: *mut uni_error,
    ) -> uni_status;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_graph {
    _unused: [u8; 0],
}
pub const UNI_GRAPH_TRUST: _bindgen_ty_16 = 1;
pub type _bindgen_ty_16 = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_graph_desc {
    pub struct_size: u32,
    pub flags: u32,
    pub indptr: *const uni_tensor,
    pub indices: *const uni_tensor,
    pub edge_ids: *const uni_tensor,
}
#[test]
fn bindgen_test_layout_uni_graph_desc() {
    assert_eq!(
        ::std::mem::size_of::<uni_graph_desc>(),
        32usize,
        concat!("Size of: ", stringify!(uni_graph_desc))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_graph_desc>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_graph_desc))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_desc),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            4usize,
            concat!("Offset of field: ", stringify!(uni_graph_desc), "::", stringify!(flags))
        );
    }
    test_field_flags();
    fn test_field_indptr() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).indptr) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_desc),
                "::",
                stringify!(indptr)
            )
        );
    }
    test_field_indptr();
    fn test_field_indices() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).indices) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_desc),
                "::",
                stringify!(indices)
            )
        );
    }
    test_field_indices();
    fn test_field_edge_ids() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_desc>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).edge_ids) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_desc),
                "::",
                stringify!(edge_ids)
            )
        );
    }
    test_field_edge_ids();
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_graph_info {
    pub struct_size: u32,
    pub indptr_dtype: i32,
    pub indices_dtype: i32,
    pub has_edge_ids: i32,
    pub num_nodes: i64,
    pub num_edges: i64,
}
#[test]
fn bindgen_test_layout_uni_graph_info() {
    assert_eq!(
        ::std::mem::size_of::<uni_graph_info>(),
        32usize,
        concat!("Size of: ", stringify!(uni_graph_info))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_graph_info>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_graph_info))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_info),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_indptr_dtype() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).indptr_dtype) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_info),
                "::",
                stringify!(indptr_dtype)
            )
        );
    }
    test_field_indptr_dtype();
    fn test_field_indices_dtype() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).indices_dtype) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_info),
                "::",
                stringify!(indices_dtype)
            )
        );
    }
    test_field_indices_dtype();
    fn test_field_has_edge_ids() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).has_edge_ids) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_info),
                "::",
                stringify!(has_edge_ids)
            )
        );
    }
    test_field_has_edge_ids();
    fn test_field_num_nodes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_nodes) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_info),
                "::",
                stringify!(num_nodes)
            )
        );
    }
    test_field_num_nodes();
    fn test_field_num_edges() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_graph_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_edges) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_graph_info),
                "::",
                stringify!(num_edges)
            )
        );
    }
    test_field_num_edges();
}
pub const UNI_GRAPH_INDPTR: _bindgen_ty_17 = 1;
pub const UNI_GRAPH_INDICES: _bindgen_ty_17 = 2;
pub const UNI_GRAPH_EDGE_IDS: _bindgen_ty_17 = 3;
pub type _bindgen_ty_17 = ::std::os::raw::c_uint;
extern "C" {
    pub fn uni_graph_create(
        context: *mut uni_context,
        desc: *const uni_graph_desc,
        graph: *mut *mut uni_graph,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_graph_load(
        context: *mut uni_context,
        path: *const ::std::os::raw::c_char,
        memory: i32,
        graph: *mut *mut uni_graph,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_graph_save(
        graph: *const uni_graph,
        path: *const ::std::os::raw::c_char,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_graph_retain(graph: *mut uni_graph) -> *mut uni_graph;
}
extern "C" {
    pub fn uni_graph_release(graph: *mut uni_graph);
}
extern "C" {
    pub fn uni_graph_get_info(graph: *const uni_graph, info: *mut uni_graph_info, error: *mut uni_error) -> uni_status;
}
extern "C" {
    pub fn uni_graph_tensor(graph: *const uni_graph, part: i32) -> *const uni_tensor;
}
pub type uni_progress_fn = ::std::option::Option<
    unsafe extern "C" fn(user_data: *mut ::std::os::raw::c_void, bytes_done: i64, bytes_total: i64) -> i32,
>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_load_options {
    pub struct_size: u32,
    pub flags: u32,
    pub row_alignment: i64,
    pub progress: uni_progress_fn,
    pub progress_user_data: *mut ::std::os::raw::c_void,
}
#[test]
fn bindgen_test_layout_uni_load_options() {
    assert_eq!(
        ::std::mem::size_of::<uni_load_options>(),
        32usize,
        concat!("Size of: ", stringify!(uni_load_options))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_load_options>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_load_options))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_load_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_load_options),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_load_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_load_options),
                "::",
                stringify!(flags)
            )
        );
    }
    test_field_flags();
    fn test_field_row_alignment() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_load_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).row_alignment) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_load_options),
                "::",
                stringify!(row_alignment)
            )
        );
    }
    test_field_row_alignment();
    fn test_field_progress() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_load_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).progress) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_load_options),
                "::",
                stringify!(progress)
            )
        );
    }
    test_field_progress();
    fn test_field_progress_user_data() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_load_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).progress_user_data) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_load_options),
                "::",
                stringify!(progress_user_data)
            )
        );
    }
    test_field_progress_user_data();
}
extern "C" {
    pub fn uni_tensor_load(
        context: *mut uni_context,
        path: *const ::std::os::raw::c_char,
        memory: i32,
        options: *const uni_load_options,
        tensor: *mut *mut uni_tensor,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_tensor_save(
        tensor: *const uni_tensor,
        path: *const ::std::os::raw::c_char,
        error: *mut uni_error,
    ) -> uni_status;
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_sample {
    _unused: [u8; 0],
}
pub const UNI_MAX_HOPS: _bindgen_ty_18 = 16;
pub type _bindgen_ty_18 = ::std::os::raw::c_uint;
pub const UNI_SAMPLE_REPLACE: _bindgen_ty_19 = 1;
pub const UNI_SAMPLE_WITH_EDGE_IDS: _bindgen_ty_19 = 2;
pub const UNI_SAMPLE_UNIQUE_SEEDS: _bindgen_ty_19 = 4;
pub type _bindgen_ty_19 = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_sample_options {
    pub struct_size: u32,
    pub flags: u32,
    pub num_hops: i32,
    pub reserved: u32,
    pub fanouts: *const i64,
    pub seed: u64,
}
#[test]
fn bindgen_test_layout_uni_sample_options() {
    assert_eq!(
        ::std::mem::size_of::<uni_sample_options>(),
        32usize,
        concat!("Size of: ", stringify!(uni_sample_options))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_sample_options>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_sample_options))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_options),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_flags() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).flags) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_options),
                "::",
                stringify!(flags)
            )
        );
    }
    test_field_flags();
    fn test_field_num_hops() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_hops) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_options),
                "::",
                stringify!(num_hops)
            )
        );
    }
    test_field_num_hops();
    fn test_field_reserved() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).reserved) as usize - ptr as usize
            },
            12usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_options),
                "::",
                stringify!(reserved)
            )
        );
    }
    test_field_reserved();
    fn test_field_fanouts() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).fanouts) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_options),
                "::",
                stringify!(fanouts)
            )
        );
    }
    test_field_fanouts();
    fn test_field_seed() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_options>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).seed) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_options),
                "::",
                stringify!(seed)
            )
        );
    }
    test_field_seed();
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct uni_sample_info {
    pub struct_size: u32,
    pub num_hops: i32,
    pub num_seeds: i64,
    pub num_nodes: i64,
    pub num_edges: i64,
    pub hop_nodes: [i64; 17usize],
    pub hop_edges: [i64; 16usize],
}
#[test]
fn bindgen_test_layout_uni_sample_info() {
    assert_eq!(
        ::std::mem::size_of::<uni_sample_info>(),
        296usize,
        concat!("Size of: ", stringify!(uni_sample_info))
    );
    assert_eq!(
        ::std::mem::align_of::<uni_sample_info>(),
        8usize,
        concat!("Alignment of ", stringify!(uni_sample_info))
    );
    fn test_field_struct_size() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).struct_size) as usize - ptr as usize
            },
            0usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_info),
                "::",
                stringify!(struct_size)
            )
        );
    }
    test_field_struct_size();
    fn test_field_num_hops() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_hops) as usize - ptr as usize
            },
            4usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_info),
                "::",
                stringify!(num_hops)
            )
        );
    }
    test_field_num_hops();
    fn test_field_num_seeds() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_seeds) as usize - ptr as usize
            },
            8usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_info),
                "::",
                stringify!(num_seeds)
            )
        );
    }
    test_field_num_seeds();
    fn test_field_num_nodes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_nodes) as usize - ptr as usize
            },
            16usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_info),
                "::",
                stringify!(num_nodes)
            )
        );
    }
    test_field_num_nodes();
    fn test_field_num_edges() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).num_edges) as usize - ptr as usize
            },
            24usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_info),
                "::",
                stringify!(num_edges)
            )
        );
    }
    test_field_num_edges();
    fn test_field_hop_nodes() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).hop_nodes) as usize - ptr as usize
            },
            32usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_info),
                "::",
                stringify!(hop_nodes)
            )
        );
    }
    test_field_hop_nodes();
    fn test_field_hop_edges() {
        assert_eq!(
            unsafe {
                let uninit = ::std::mem::MaybeUninit::<uni_sample_info>::uninit();
                let ptr = uninit.as_ptr();
                ::std::ptr::addr_of!((*ptr).hop_edges) as usize - ptr as usize
            },
            168usize,
            concat!(
                "Offset of field: ",
                stringify!(uni_sample_info),
                "::",
                stringify!(hop_edges)
            )
        );
    }
    test_field_hop_edges();
}
pub const UNI_SAMPLE_NODES: _bindgen_ty_20 = 1;
pub const UNI_SAMPLE_SOURCES: _bindgen_ty_20 = 2;
pub const UNI_SAMPLE_TARGETS: _bindgen_ty_20 = 3;
pub const UNI_SAMPLE_EDGE_IDS: _bindgen_ty_20 = 4;
pub const UNI_SAMPLE_SEED_INDEX: _bindgen_ty_20 = 5;
pub type _bindgen_ty_20 = ::std::os::raw::c_uint;
extern "C" {
    pub fn uni_sample_neighbors(
        graph: *const uni_graph,
        seeds: *const uni_array,
        options: *const uni_sample_options,
        stream: *mut ::std::os::raw::c_void,
        sample: *mut *mut uni_sample,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_sample_wait(sample: *mut uni_sample, error: *mut uni_error) -> uni_status;
}
extern "C" {
    pub fn uni_sample_retain(sample: *mut uni_sample) -> *mut uni_sample;
}
extern "C" {
    pub fn uni_sample_release(sample: *mut uni_sample);
}
extern "C" {
    pub fn uni_sample_get_info(
        sample: *const uni_sample,
        info: *mut uni_sample_info,
        error: *mut uni_error,
    ) -> uni_status;
}
extern "C" {
    pub fn uni_sample_nodes(sample: *const uni_sample) -> *const uni_array;
}
extern "C" {
    pub fn uni_sample_tensor(sample: *const uni_sample, part: i32) -> *mut uni_tensor;
}
extern "C" {
    pub fn uni_version() -> *const ::std::os::raw::c_char;
}
extern "C" {
    pub fn uni_abi_version() -> u32;
}
