/* SPDX-License-Identifier: Apache-2.0 */
/** @file device.h What can compute here: backends, with the reason where one is unavailable, and their devices. */
#ifndef UNITENSOR_DEVICE_H
#define UNITENSOR_DEVICE_H

#include <stdint.h>

#include "array.h"
#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The backend for one type of device. Versions are CUDA's, written as CUDA writes them: 1000 * major + 10 * minor, so
 * that 13000 is 13.0. Texts live as long as the context and are never NULL. */
typedef struct uni_backend_info {
  uint32_t struct_size;         /**< sizeof(uni_backend_info); set by the caller. */
  int32_t device_type;          /**< UNI_DEVICE_*. */
  int32_t available;            /**< 1 if it can be used, else 0. */
  int32_t num_devices;          /**< Devices that it computes on; 1 for the CPU, 0 where it is not available. */
  int32_t toolkit_version;      /**< CUDA that the plugin was built with; 0 without a plugin, and for the CPU. */
  int32_t least_driver_version; /**< The oldest CUDA that the driver has to be of; 0 as above. */
  int32_t driver_version;       /**< The newest CUDA that the installed driver knows; 0 where there is none. */
  uint32_t reserved;            /**< 0. */
  const char *name;             /**< "cpu", "cuda"; "" where there is no plugin. */
  const char *path;             /**< File of the plugin that was opened; "" where it is built in or there is none. */
  const char *reason;           /**< Why it is not available, and what to do; "" where it is. */
} uni_backend_info;

/** What a device can do. */
enum {
  UNI_DEVICE_MANAGED_MEMORY = 1,  /**< Reads managed memory while the CPU does. */
  UNI_DEVICE_HOST_MEMORY = 2,     /**< Reads all memory of the host, whoever allocated it (ATS, HMM). */
  UNI_DEVICE_HOST_PAGE_TABLES = 4 /**< Does so by the host's page tables (ATS). */
};

typedef struct uni_device_info {
  uint32_t struct_size;   /**< sizeof(uni_device_info); set by the caller. */
  int32_t device_type;    /**< UNI_DEVICE_*. */
  int32_t device_id;      /**< Ordinal among the devices of its type. */
  uint32_t flags;         /**< UNI_DEVICE_MANAGED_MEMORY and so on; 0 for the CPU. */
  int32_t compute_major;  /**< Compute capability; 0 for the CPU. */
  int32_t compute_minor;  /**< 0 for the CPU. */
  int32_t num_processors; /**< Multiprocessors; for the CPU the threads of the context. */
  uint32_t reserved;      /**< 0. */
  int64_t total_bytes;    /**< Memory of the device; of the machine for the CPU. */
  int64_t
      link_bytes_per_second; /**< What the link to the host carries one way, packet headers included; 0: not known. */
  char name[128];            /**< For people; NUL-terminated UTF-8. */
  char pci_address[32];      /**< As in /sys/bus/pci/devices ("0000:17:00.0"); "" where there is none. */
} uni_device_info;

/** Describe the backend for a type of device. Looks for the CUDA plugin where that has not been done.
 * @param[in]  device_type UNI_DEVICE_*.
 * @param[out] info        Not NULL, struct_size set.
 * @return UNI_STATUS_OK (also where the backend is not available); _INVALID_ARGUMENT; _OUT_OF_MEMORY.
 * @threads Any thread. @on_error @p info is unchanged. @since 0.1 */
UNI_API uni_status uni_context_backend_info(uni_context *context, int32_t device_type, uni_backend_info *info,
                                            uni_error *error);

/** Describe a device. Looks for the CUDA plugin where that has not been done; starts nothing on the device.
 * @param[in]  device_type UNI_DEVICE_*.
 * @param[in]  device_id   0 to num_devices - 1 of uni_context_backend_info.
 * @param[out] info        Not NULL, struct_size set.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _BACKEND_UNAVAILABLE; _DEVICE_MISMATCH (no such device); _NOT_SUPPORTED (a
 *         backend that does not describe its devices); _OUT_OF_MEMORY.
 * @threads Any thread. @on_error @p info is unchanged. @since 0.1 */
UNI_API uni_status uni_context_device_info(uni_context *context, int32_t device_type, int32_t device_id,
                                           uni_device_info *info, uni_error *error);

#ifdef __cplusplus
}
#endif

#endif
