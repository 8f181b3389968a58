/* SPDX-License-Identifier: Apache-2.0 */
/** @file context.h The context: threads, backends, statistics. Everything else is created from one.
 *
 * Threads, for the whole library: a function that takes `const uni_X *` may run on several threads at once on the same
 * object; one that takes `uni_X *` needs the object for itself. A context is the exception: it locks itself, and may be
 * used by any number of threads. Retain and release are atomic and allowed on any thread, at any time.
 *
 * Forked children: host memory and the CPU go on working. Pinned, managed and device memory stay the parent's: a call that
 * uses such a tensor's memory, or asks for its address, fails in the child (UNI_STATUS_INVALID_STATE, or _DEVICE_MISMATCH
 * for a device's that the CPU is asked to use), and addresses into it must not be used there.
 *
 * Devices: operations are enqueued on the caller's stream and return. What they find later (an index out of bounds) is
 * reported by uni_context_check and uni_context_synchronize; until then the row is zeroed and the rest is done. An object
 * may be released at once: its memory waits for the operations that use it. What the CPU computes with memory that devices
 * use too (pinned, managed) first waits for the operations of devices that it would overtake: those that write what it
 * reads, and those that use what it writes, whichever context enqueued them (contexts with different device plugins do not
 * know of each other). */
#ifndef UNITENSOR_CONTEXT_H
#define UNITENSOR_CONTEXT_H

#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct uni_context uni_context;

enum { UNI_LOG_ERROR = 1, UNI_LOG_WARNING = 2, UNI_LOG_INFO = 3, UNI_LOG_DEBUG = 4 };

/** Receives log messages. Runs on a thread that is inside a call of the library, never on a pool thread; must not call
 * the library with the same context. @p message is NUL-terminated UTF-8 and lives until the callback returns. */
typedef void (*uni_log_fn)(void *user_data, int32_t level, const char *message);

typedef struct uni_context_options {
  uint32_t struct_size;     /**< sizeof(uni_context_options). */
  uint32_t abi_version;     /**< UNI_ABI_VERSION of the header compiled against. */
  int32_t num_threads;      /**< CPU threads, 1 to 1024; 0: UNITENSOR_NUM_THREADS, else the processors allowed. */
  uint32_t flags;           /**< Must be 0. */
  const char *backend_path; /**< Absolute path of a backend plugin to open now; NULL: look for one when needed. */
  uni_log_fn log;           /**< NULL: silent. */
  void *log_user_data;
} uni_context_options;

#define UNI_CONTEXT_OPTIONS_INIT \
  { sizeof(uni_context_options), UNI_ABI_VERSION, 0, 0, 0, 0, 0 }

/** What one memory kind is on this machine. */
typedef struct uni_memory_info {
  uint32_t struct_size; /**< sizeof(uni_memory_info); set by the caller. */
  int32_t supported;    /**< 1 if tensors of this kind can be created, else 0. */
  int32_t resolved;     /**< The kind that a request gives (differs for UNI_MEMORY_UNIFIED); 0 if not supported. */
  uint32_t reserved;    /**< 0. */
  char reason[256];     /**< Why it is supported, or is not, in words; NUL-terminated. */
} uni_memory_info;

/** Counts since the context was created or last reset. Bytes are payload: rows times bytes in a row. */
typedef struct uni_statistics {
  uint32_t struct_size; /**< sizeof(uni_statistics); set by the caller. */
  uint32_t reserved;    /**< 0. */
  int64_t gather_calls;
  int64_t gather_rows;
  int64_t gather_bytes;
  int64_t scatter_calls;
  int64_t scatter_rows;
  int64_t scatter_bytes;
  int64_t sample_calls;
  int64_t sample_nodes;
  int64_t sample_edges;
  int64_t out_of_bounds;     /**< Indices met out of bounds under UNI_BOUNDS_CHECK and UNI_BOUNDS_SKIP. */
  int64_t registered_copies; /**< Copies that uni_tensor_register_or_copy made, where page-locking was refused. */
  int64_t registered_copy_bytes;
} uni_statistics;

/** Set @p options to the defaults of this library for the first @p struct_size bytes.
 * @param[out] options     Not NULL.
 * @param[in]  struct_size sizeof(uni_context_options) as the caller compiled it; the same rule as for every options
 *                         struct: less than the first version is refused.
 * @param[out] error       May be NULL.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _VERSION_MISMATCH (larger than this library knows).
 * @threads Any thread. @on_error @p options is unchanged. @since 0.1 */
UNI_API uni_status uni_context_options_init(uni_context_options *options, uint32_t struct_size, uni_error *error);

/** Create a context. Touches no driver and starts no thread; both happen when first needed.
 * @param[in]  options May be NULL (defaults).
 * @param[out] context Not NULL; receives a new reference, to be given to uni_context_release.
 * @param[out] error   May be NULL.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT; _VERSION_MISMATCH; _OUT_OF_MEMORY; _BACKEND_UNAVAILABLE (backend_path).
 * @threads Any thread. @on_error *context is NULL. @since 0.1 */
UNI_API uni_status uni_context_create(const uni_context_options *options, uni_context **context, uni_error *error);

/** Take another reference. @param[in] context May be NULL. @return @p context. @threads Any thread. @since 0.1 */
UNI_API uni_context *uni_context_retain(uni_context *context);

/** Give a reference back. Objects made from the context keep it alive. @param[in] context May be NULL.
 * @threads Any thread. @since 0.1 */
UNI_API void uni_context_release(uni_context *context);

/** Number of CPU threads that operations of this context use; 0 for NULL. @threads Any thread. @since 0.1 */
UNI_API int32_t uni_context_num_threads(const uni_context *context);

/** Name of the backend that computes on the CPU's tensors ("cpu"), as text that lives as long as the context; "" for
 * NULL. @threads Any thread. @since 0.1 */
UNI_API const char *uni_context_backend(const uni_context *context);

/** What a memory kind is on this machine, and why. Looks for the CUDA plugin if @p memory needs one. UNI_MEMORY_UNIFIED is
 * what the environment variable UNITENSOR_UNIFIED (managed, pinned, host) asks for, where it is set.
 * @param[in]  context Not NULL.
 * @param[in]  memory  UNI_MEMORY_*.
 * @param[out] info    Not NULL, struct_size set.
 * @param[out] error   May be NULL.
 * @return UNI_STATUS_OK (also where the kind is not supported); _INVALID_ARGUMENT; _OUT_OF_MEMORY.
 * @threads Any thread. @on_error @p info is unchanged. @since 0.1 */
UNI_API uni_status uni_context_memory_info(uni_context *context, int32_t memory, uni_memory_info *info,
                                           uni_error *error);

/** Read the statistics. @param[in] context Not NULL. @param[out] statistics Not NULL, struct_size set.
 * @return UNI_STATUS_OK; _INVALID_ARGUMENT. @threads Any thread. @on_error @p statistics is unchanged. @since 0.1 */
UNI_API uni_status uni_context_statistics(const uni_context *context, uni_statistics *statistics, uni_error *error);

/** Set the statistics to zero. @param[in] context May be NULL. @threads Any thread. @since 0.1 */
UNI_API void uni_context_reset_statistics(uni_context *context);

/** Report errors that operations met on a device after they had returned, and clear them. Does not block; what is still
 * running is not covered. The CPU reports every error at once, so that this is UNI_STATUS_OK there.
 * @param[in] context Not NULL.
 * @return UNI_STATUS_OK; _OUT_OF_BOUNDS; _DEVICE_LOST; _BACKEND_ERROR; _INVALID_ARGUMENT.
 * @threads Any thread. @since 0.1 */
UNI_API uni_status uni_context_check(uni_context *context, uni_error *error);

/** Block until every operation of this context has finished, then as uni_context_check.
 * @threads Any thread. @since 0.1 */
UNI_API uni_status uni_context_synchronize(uni_context *context, uni_error *error);

/** Give back to the system the memory that is kept for later and that nobody uses: host memory that this context has kept,
 * and pinned, managed and device memory that has been kept for every context of the process. What operations have done with
 * by now counts as unused. Does not wait for operations that run, and what comes next is a little slower. In a forked child
 * only host memory is given back.
 * @param[in]  context Not NULL.
 * @param[out] error   May be NULL.
 * @return UNI_STATUS_OK; _DEVICE_LOST or _BACKEND_ERROR (host memory has been given back all the same);
 *         _INVALID_ARGUMENT.
 * @threads Any thread. @since 0.1 */
UNI_API uni_status uni_context_trim(uni_context *context, uni_error *error);

/** Make a stream wait for every operation that this context has enqueued so far, on whichever stream; the host does not
 * wait. So others may use, on that stream, what the operations write. Where no device has been used there is nothing to
 * wait for.
 * @param[in] context   Not NULL.
 * @param[in] device_id The CUDA device of the stream.
 * @param[in] stream    A cudaStream_t, or NULL for the device's default stream.
 * @return UNI_STATUS_OK; _DEVICE_MISMATCH (no such device); _NOT_SUPPORTED (a stream that is being captured);
 *         _DEVICE_LOST; _BACKEND_ERROR; _INVALID_ARGUMENT; _INVALID_STATE (a forked child).
 * @threads Any thread. @since 0.1 */
UNI_API uni_status uni_context_hold_stream(uni_context *context, int32_t device_id, void *stream, uni_error *error);

/** The other way round: make every operation that this context enqueues from now on wait for what has been enqueued on a
 * stream so far; the host does not wait. So the library may use what others write on that stream. What the CPU computes
 * for the context waits, on the host. What is captured into a graph does not wait.
 * @param[in] context   Not NULL. Looks for the CUDA plugin where that has not been done.
 * @param[in] device_id The CUDA device of the stream.
 * @param[in] stream    A cudaStream_t, or NULL for the device's default stream.
 * @return As uni_context_hold_stream; _BACKEND_UNAVAILABLE.
 * @threads Any thread. @since 0.1 */
UNI_API uni_status uni_context_follow_stream(uni_context *context, int32_t device_id, void *stream, uni_error *error);

#ifdef __cplusplus
}
#endif

#endif
