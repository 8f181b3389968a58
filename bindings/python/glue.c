/* SPDX-License-Identifier: Apache-2.0 */
/* C that the Python package needs besides the C API. It is part of the extension module's source; Python.h (limited
 * API) is included before it. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* --- Callbacks ---------------------------------------------------------------------------------------------------- */
/* The library calls back on any thread, with or without Python's lock, from functions that no exception may pass. A thread
 * that waits for the lock while the interpreter ends is ended in the middle of them, so none waits there: what is to be
 * done goes into a list, which Python works off at its next opportunity. */

typedef struct unipy_event {
  struct unipy_event *next;
  void *object;  /* What the library keeps alive, or the token of a log function. */
  int32_t level; /* 0: drop the object; else the level of a message. */
  char message[];
} unipy_event;

static void unipy_drop_object(void *handle);
static void unipy_log_message(void *token, int32_t level, const char *message);

static _Atomic(unipy_event *) unipy_events; /* The latest first. */
static atomic_int unipy_scheduled;
static atomic_int unipy_finalizing;

/* From now on nothing is scheduled: what would have been dropped ends with the process. */
static void unipy_set_finalizing(void) { atomic_store(&unipy_finalizing, 1); }

static void unipy_run_events(void) {
  atomic_store(&unipy_scheduled, 0);
  unipy_event *latest = atomic_exchange(&unipy_events, NULL), *first = NULL;
  while (latest != NULL) {
    unipy_event *const next = latest->next;
    latest->next = first;
    first = latest;
    latest = next;
  }
  while (first != NULL) {
    unipy_event *const next = first->next;
    if (first->level == 0)
      unipy_drop_object(first->object);
    else
      unipy_log_message(first->object, first->level, first->message);
    free(first);
    first = next;
  }
}

static int unipy_run_scheduled(void *unused) {
  (void)unused;
  unipy_run_events();
  return 0;
}

static void unipy_add_event(unipy_event *event) {
  event->next = atomic_load(&unipy_events);
  while (!atomic_compare_exchange_weak(&unipy_events, &event->next, event)) {
  }
  if (atomic_load(&unipy_finalizing) || atomic_exchange(&unipy_scheduled, 1)) return;
  /* Python's own list of such calls is short. Where it is full, the next event tries again. */
  if (Py_AddPendingCall(unipy_run_scheduled, NULL) != 0) atomic_store(&unipy_scheduled, 0);
}

uint32_t unipy_abi_version(void) { return UNI_ABI_VERSION; }

/* User data for unipy_destroy, made beforehand so that dropping needs no memory. NULL where there is none. */
static void *unipy_new_keeper(void *handle) {
  unipy_event *const event = calloc(1, sizeof *event + 1);
  if (event != NULL) event->object = handle;
  return event;
}

static void unipy_destroy(void *keeper) { unipy_add_event(keeper); }

static void unipy_log(void *token, int32_t level, const char *message) {
  const size_t size = strlen(message) + 1;
  unipy_event *const event = malloc(sizeof *event + size);
  if (event == NULL) return;
  event->object = token;
  event->level = level;
  memcpy(event->message, message, size);
  unipy_add_event(event);
}

/* --- Descriptors -------------------------------------------------------------------------------------------------- */

static void unipy_fill_array(uni_array *array, uintptr_t data, int32_t dtype, int32_t device_type, int32_t device_id,
                             int32_t ndim, const int64_t *shape, int64_t row_pitch, uint32_t flags) {
  memset(array, 0, sizeof *array);
  array->struct_size = sizeof *array;
  array->dtype = dtype;
  array->device_type = device_type;
  array->device_id = device_id;
  array->ndim = ndim;
  array->flags = flags;
  array->row_pitch = row_pitch;
  array->data = (void *)data;
  for (int32_t i = 0; i < ndim && i < UNI_MAX_NDIM; ++i) array->shape[i] = shape[i];
}

static uni_status unipy_copy_from_buffer(uni_tensor *tensor, const void *source, int32_t dtype, int32_t ndim,
                                         const int64_t *shape, uni_error *error) {
  uni_array array;
  unipy_fill_array(&array, (uintptr_t)source, dtype, UNI_DEVICE_CPU, 0, ndim, shape, 0, UNI_ARRAY_READ_ONLY);
  return uni_tensor_copy_from(tensor, &array, NULL, error);
}

static uni_status unipy_copy_to_buffer(const uni_tensor *tensor, void *destination, int32_t dtype, int32_t ndim,
                                       const int64_t *shape, uni_error *error) {
  uni_array array;
  unipy_fill_array(&array, (uintptr_t)destination, dtype, UNI_DEVICE_CPU, 0, ndim, shape, 0, 0);
  return uni_tensor_copy_to(tensor, &array, NULL, error);
}

static uni_status unipy_gather_rows(const uni_tensor *source, const void *index, int32_t index_dtype, int64_t length,
                                    const uni_array *out, int32_t bounds, uni_error *error) {
  uni_array index_array;
  unipy_fill_array(&index_array, (uintptr_t)index, index_dtype, UNI_DEVICE_CPU, 0, 1, &length, 0, UNI_ARRAY_READ_ONLY);
  uni_gather_options options = UNI_GATHER_OPTIONS_INIT;
  options.bounds = bounds;
  return uni_gather_into(source, &index_array, &options, NULL, out, error);
}

static uni_status unipy_gather_buffers(const uni_tensor *source, const void *index, int32_t index_dtype, int64_t length,
                                       void *out, int32_t out_dtype, int32_t out_ndim, const int64_t *out_shape,
                                       int32_t bounds, uni_error *error) {
  uni_array out_array;
  unipy_fill_array(&out_array, (uintptr_t)out, out_dtype, UNI_DEVICE_CPU, 0, out_ndim, out_shape, 0, 0);
  return unipy_gather_rows(source, index, index_dtype, length, &out_array, bounds, error);
}

/* --- DLPack ------------------------------------------------------------------------------------------------------- */
/* Layouts from the specification (https://dmlc.github.io/dlpack/latest/c_api.html). The library speaks the versioned
 * form only; older producers and consumers in Python speak the one before it, and the shims below stand between. */

typedef struct unipy_dl_tensor {
  void *data;
  int32_t device_type;
  int32_t device_id;
  int32_t ndim;
  uint8_t type_code;
  uint8_t type_bits;
  uint16_t type_lanes;
  int64_t *shape;
  int64_t *strides;
  uint64_t byte_offset;
} unipy_dl_tensor;

struct DLManagedTensorVersioned {
  uint32_t major;
  uint32_t minor;
  void *manager_ctx;
  void (*deleter)(struct DLManagedTensorVersioned *self);
  uint64_t flags;
  unipy_dl_tensor dl_tensor;
};

typedef struct unipy_legacy_tensor {
  unipy_dl_tensor dl_tensor;
  void *manager_ctx;
  void (*deleter)(struct unipy_legacy_tensor *self);
} unipy_legacy_tensor;

enum { UNIPY_DL_READ_ONLY = 1, UNIPY_DL_IS_COPIED = 2 };

static void unipy_dlpack_delete(struct DLManagedTensorVersioned *managed) {
  if (managed != NULL && managed->deleter != NULL) managed->deleter(managed);
}

static void unipy_dlpack_mark_copied(struct DLManagedTensorVersioned *managed) { managed->flags |= UNIPY_DL_IS_COPIED; }

static int32_t unipy_dlpack_is_read_only(const struct DLManagedTensorVersioned *managed) {
  return (managed->flags & UNIPY_DL_READ_ONLY) != 0;
}

static void unipy_delete_from_legacy(struct DLManagedTensorVersioned *managed) {
  unipy_legacy_tensor *legacy = managed->manager_ctx;
  if (legacy->deleter != NULL) legacy->deleter(legacy);
  free(managed);
}

static struct DLManagedTensorVersioned *unipy_dlpack_from_legacy(uintptr_t legacy) {
  struct DLManagedTensorVersioned *managed = calloc(1, sizeof *managed);
  if (managed == NULL) return NULL;
  managed->major = 1;
  managed->manager_ctx = (void *)legacy;
  managed->deleter = unipy_delete_from_legacy;
  managed->dl_tensor = ((const unipy_legacy_tensor *)legacy)->dl_tensor;
  return managed;
}

/* Free the shim alone: the tensor behind it still belongs to its capsule. */
static void unipy_dlpack_free_shim(struct DLManagedTensorVersioned *managed) { free(managed); }

static void unipy_delete_to_legacy(unipy_legacy_tensor *legacy) {
  unipy_dlpack_delete(legacy->manager_ctx);
  free(legacy);
}

/* Takes `managed`. 0 without memory, and then it still belongs to the caller. */
static uintptr_t unipy_dlpack_to_legacy(struct DLManagedTensorVersioned *managed) {
  unipy_legacy_tensor *legacy = calloc(1, sizeof *legacy);
  if (legacy == NULL) return 0;
  legacy->dl_tensor = managed->dl_tensor;
  legacy->manager_ctx = managed;
  legacy->deleter = unipy_delete_to_legacy;
  return (uintptr_t)legacy;
}

/* Static, because a capsule keeps the pointer to its name and not the text. */
static const char unipy_versioned_name[] = "dltensor_versioned";
static const char unipy_used_versioned_name[] = "used_dltensor_versioned";
static const char unipy_legacy_name[] = "dltensor";
static const char unipy_used_legacy_name[] = "used_dltensor";

static uintptr_t unipy_capsule_name(int32_t versioned, int32_t used) {
  if (versioned) return (uintptr_t)(used ? unipy_used_versioned_name : unipy_versioned_name);
  return (uintptr_t)(used ? unipy_used_legacy_name : unipy_legacy_name);
}

/* A capsule that was consumed has another name, and is left alone. */
static void unipy_destroy_versioned_capsule(PyObject *capsule) {
  if (PyCapsule_IsValid(capsule, unipy_versioned_name))
    unipy_dlpack_delete(PyCapsule_GetPointer(capsule, unipy_versioned_name));
}

static void unipy_destroy_legacy_capsule(PyObject *capsule) {
  if (!PyCapsule_IsValid(capsule, unipy_legacy_name)) return;
  unipy_legacy_tensor *legacy = PyCapsule_GetPointer(capsule, unipy_legacy_name);
  if (legacy->deleter != NULL) legacy->deleter(legacy);
}

static uintptr_t unipy_capsule_destructor(int32_t versioned) {
  return (uintptr_t)(versioned ? unipy_destroy_versioned_capsule : unipy_destroy_legacy_capsule);
}
