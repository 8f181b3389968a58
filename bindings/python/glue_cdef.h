/* SPDX-License-Identifier: Apache-2.0 */
/* What glue.c offers to Python, as cffi reads it. */
extern "Python" void unipy_drop_object(void *handle);
extern "Python" void unipy_log_message(void *token, int32_t level, const char *message);
extern "Python" int32_t unipy_progress(void *handle, int64_t bytes_done, int64_t bytes_total);

/* UNI_ABI_VERSION of the headers that the module was compiled with. */
uint32_t unipy_abi_version(void);
void *unipy_new_keeper(void *handle);
void unipy_run_events(void);
void unipy_destroy(void *keeper);
void unipy_log(void *token, int32_t level, const char *message);
void unipy_set_finalizing(void);

void unipy_fill_array(uni_array *array, uintptr_t data, int32_t dtype, int32_t device_type, int32_t device_id,
                      int32_t ndim, const int64_t *shape, int64_t row_pitch, uint32_t flags);
uni_status unipy_copy_from_buffer(uni_tensor *tensor, const void *source, int32_t dtype, int32_t ndim,
                                  const int64_t *shape, uni_error *error);
uni_status unipy_copy_to_buffer(const uni_tensor *tensor, void *destination, int32_t dtype, int32_t ndim,
                                const int64_t *shape, uni_error *error);
uni_status unipy_gather_buffers(const uni_tensor *source, const void *index, int32_t index_dtype, int64_t length,
                                void *out, int32_t out_dtype, int32_t out_ndim, const int64_t *out_shape,
                                int32_t bounds, uni_error *error);
uni_status unipy_gather_rows(const uni_tensor *source, const void *index, int32_t index_dtype, int64_t length,
                             const uni_array *out, int32_t bounds, uni_error *error);

struct DLManagedTensorVersioned *unipy_dlpack_from_legacy(uintptr_t legacy);
uintptr_t unipy_dlpack_to_legacy(struct DLManagedTensorVersioned *managed);
void unipy_dlpack_free_shim(struct DLManagedTensorVersioned *managed);
void unipy_dlpack_delete(struct DLManagedTensorVersioned *managed);
void unipy_dlpack_mark_copied(struct DLManagedTensorVersioned *managed);
int32_t unipy_dlpack_is_read_only(const struct DLManagedTensorVersioned *managed);
uintptr_t unipy_capsule_name(int32_t versioned, int32_t used);
uintptr_t unipy_capsule_destructor(int32_t versioned);
