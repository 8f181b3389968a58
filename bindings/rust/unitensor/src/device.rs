// SPDX-License-Identifier: Apache-2.0
use std::ffi::CStr;
use std::os::raw::c_char;

use unitensor_sys as ffi;

use crate::call::{call, struct_size};
use crate::context::Context;
use crate::error::Result;

/// A type of device, each with a backend of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceType {
    /// The processor.
    Cpu,
    /// CUDA devices.
    Cuda,
}

impl DeviceType {
    fn as_raw(self) -> i32 {
        match self {
            DeviceType::Cpu => ffi::UNI_DEVICE_CPU as i32,
            DeviceType::Cuda => ffi::UNI_DEVICE_CUDA as i32,
        }
    }
}

/// The backend for one type of device: [`Context::backend_info`].
///
/// Versions are CUDA's, written as CUDA writes them: 1000 * major + 10 * minor, so that 13000 is 13.0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackendInfo {
    /// Whether it can be used.
    pub is_available: bool,
    /// Devices that it computes on; 1 for the CPU, 0 where it is not available.
    pub num_devices: i32,
    /// CUDA that the plugin was built with; 0 without a plugin, and for the CPU.
    pub toolkit_version: i32,
    /// The oldest CUDA that the driver has to be of; 0 as above.
    pub least_driver_version: i32,
    /// The newest CUDA that the installed driver knows; 0 where there is none.
    pub driver_version: i32,
    /// "cpu", "cuda"; "" where there is no plugin.
    pub name: String,
    /// File of the plugin that was opened; "" where it is built in or there is none.
    pub path: String,
    /// Why it is not available, and what to do; "" where it is.
    pub reason: String,
}

/// A device: [`Context::device_info`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Ordinal among the devices of its type.
    pub device_id: i32,
    /// For people.
    pub name: String,
    /// As in /sys/bus/pci/devices; "" where there is none.
    pub pci_address: String,
    /// Compute capability, major and minor; `None` for the CPU.
    pub compute_capability: Option<(i32, i32)>,
    /// Multiprocessors; for the CPU the threads of the context.
    pub num_processors: i32,
    /// Memory of the device; of the machine for the CPU.
    pub total_bytes: i64,
    /// What the link to the host carries one way, packet headers included; `None` where that is not known.
    pub link_bytes_per_second: Option<i64>,
    /// Whether it reads managed memory while the CPU does.
    pub reads_managed_memory: bool,
    /// Whether it reads all memory of the host, whoever allocated it (ATS, HMM).
    pub reads_host_memory: bool,
    /// Whether it does so by the host's page tables (ATS).
    pub uses_host_page_tables: bool,
}

impl Context {
    /// The backend for a type of device. Looks for the CUDA plugin where that has not been done.
    ///
    /// # Errors
    /// `OutOfMemory`. A backend that is not available is none.
    pub fn backend_info(&self, device_type: DeviceType) -> Result<BackendInfo> {
        // SAFETY: zero is a value of every field.
        let mut info: ffi::uni_backend_info = unsafe { std::mem::zeroed() };
        info.struct_size = struct_size::<ffi::uni_backend_info>();
        // SAFETY: the context is alive, and `info` carries its size.
        call(|error| unsafe { ffi::uni_context_backend_info(self.as_ptr(), device_type.as_raw(), &mut info, error) })?;
        // SAFETY: texts that live as long as the context, and are never NULL.
        let text = |text: *const c_char| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
        Ok(BackendInfo {
            is_available: info.available != 0,
            num_devices: info.num_devices,
            toolkit_version: info.toolkit_version,
            least_driver_version: info.least_driver_version,
            driver_version: info.driver_version,
            name: text(info.name),
            path: text(info.path),
            reason: text(info.reason),
        })
    }

    /// A device: 0 to `num_devices` - 1 of [`Context::backend_info`]. Looks for the CUDA plugin where that has not been
    /// done; starts nothing on the device.
    ///
    /// # Errors
    /// `BackendUnavailable`, `DeviceMismatch` (no such device), `NotSupported` (a backend that does not describe its
    /// devices), `OutOfMemory`.
    pub fn device_info(&self, device_type: DeviceType, device_id: i32) -> Result<DeviceInfo> {
        // SAFETY: zero is a value of every field.
        let mut info: ffi::uni_device_info = unsafe { std::mem::zeroed() };
        info.struct_size = struct_size::<ffi::uni_device_info>();
        // SAFETY: the context is alive, and `info` carries its size.
        call(|error| unsafe {
            ffi::uni_context_device_info(self.as_ptr(), device_type.as_raw(), device_id, &mut info, error)
        })?;
        let has = |flag: u32| info.flags & flag != 0;
        Ok(DeviceInfo {
            device_id: info.device_id,
            name: until_nul(&info.name),
            pci_address: until_nul(&info.pci_address),
            compute_capability: match device_type {
                DeviceType::Cpu => None,
                _ => Some((info.compute_major, info.compute_minor)),
            },
            num_processors: info.num_processors,
            total_bytes: info.total_bytes,
            link_bytes_per_second: Some(info.link_bytes_per_second).filter(|rate| *rate != 0),
            reads_managed_memory: has(ffi::UNI_DEVICE_MANAGED_MEMORY),
            reads_host_memory: has(ffi::UNI_DEVICE_HOST_MEMORY),
            uses_host_page_tables: has(ffi::UNI_DEVICE_HOST_PAGE_TABLES),
        })
    }
}

/// The text in an array that C fills.
pub(crate) fn until_nul(array: &[c_char]) -> String {
    let bytes: Vec<u8> = array.iter().take_while(|byte| **byte != 0).map(|byte| *byte as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
