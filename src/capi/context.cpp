// SPDX-License-Identifier: Apache-2.0
#include "core/context.hpp"

#include <cstdio>

#include "core/structs.hpp"
#include "unitensor/version.h"

using uni::Error;
using uni::guard;
using uni::core::require;

extern "C" {

uni_status uni_context_options_init(uni_context_options *options, uint32_t struct_size, uni_error *error) {
  return guard(error, [&] {
    require(options, "options");
    if (struct_size < sizeof *options)
      throw Error(UNI_STATUS_INVALID_ARGUMENT, "struct_size is %u, expected at least %zu", struct_size,
                  sizeof *options);
    if (struct_size > sizeof *options)
      throw Error(UNI_STATUS_VERSION_MISMATCH, "struct_size is %u, this library knows %zu bytes", struct_size,
                  sizeof *options);
    *options = UNI_CONTEXT_OPTIONS_INIT;
  });
}

uni_status uni_context_create(const uni_context_options *options, uni_context **context, uni_error *error) {
  if (context != nullptr) *context = nullptr;
  return guard(error, [&] {
    require(context, "context");
    uni_context_options read = UNI_CONTEXT_OPTIONS_INIT;
    if (options != nullptr) read = uni::core::read_struct(options, "options");
    if (read.abi_version >> 16 != UNI_ABI_MAJOR)
      throw Error(UNI_STATUS_VERSION_MISMATCH, "options->abi_version is %u.%u, this library has %d.%d",
                  read.abi_version >> 16, read.abi_version & 0xffff, UNI_ABI_MAJOR, UNI_ABI_MINOR);
    if (read.flags != 0) throw Error(UNI_STATUS_INVALID_ARGUMENT, "options->flags is 0x%x, expected 0", read.flags);
    *context = new uni_context(read);
  });
}

uni_context *uni_context_retain(uni_context *context) {
  if (context != nullptr) context->retain();
  return context;
}

void uni_context_release(uni_context *context) {
  if (context == nullptr) return;
  // What was deferred, or a graph kept, may hold the context too, and nobody may call for it any more.
  context->do_deferred();
  context->release();
}

int32_t uni_context_num_threads(const uni_context *context) { return context != nullptr ? context->num_threads() : 0; }

const char *uni_context_backend(const uni_context *context) {
  return context != nullptr ? context->cpu().ops().name : "";
}

uni_status uni_context_memory_info(uni_context *context, int32_t memory, uni_memory_info *info, uni_error *error) {
  return guard(error, [&] {
    require(context, "context");
    require(info, "info");
    const uni::core::MemoryChoice choice = context->choose_memory(memory);
    uni_memory_info result = {};
    result.supported = choice.backend != nullptr;
    result.resolved = choice.memory;
    uni::write_text(result.reason, sizeof result.reason, choice.reason.c_str());
    uni::core::write_struct(result, info, "info");
  });
}

uni_status uni_context_statistics(const uni_context *context, uni_statistics *statistics, uni_error *error) {
  return guard(error, [&] {
    require(context, "context");
    require(statistics, "statistics");
    uni_statistics result = {};
    context->statistics.read(&result);
    uni::core::write_struct(result, statistics, "statistics");
  });
}

void uni_context_reset_statistics(uni_context *context) {
  if (context != nullptr) context->statistics.reset();
}

uni_status uni_context_check(uni_context *context, uni_error *error) {
  return guard(error, [&] {
    require(context, "context");
    context->check(false);
  });
}

uni_status uni_context_synchronize(uni_context *context, uni_error *error) {
  return guard(error, [&] {
    require(context, "context");
    context->check(true);
  });
}

uni_status uni_context_trim(uni_context *context, uni_error *error) {
  return guard(error, [&] {
    require(context, "context");
    context->trim();
  });
}

uni_status uni_context_hold_stream(uni_context *context, int32_t device_id, void *stream, uni_error *error) {
  return guard(error, [&] {
    require(context, "context");
    context->hold_stream(device_id, stream);
  });
}

uni_status uni_context_follow_stream(uni_context *context, int32_t device_id, void *stream, uni_error *error) {
  return guard(error, [&] {
    require(context, "context");
    context->follow_stream(device_id, stream);
  });
}

}  // extern "C"
