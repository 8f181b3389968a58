// SPDX-License-Identifier: Apache-2.0
// Host memory: allocation, copies, fills.
#include <cstring>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "core/error.hpp"
#include "cpu/backend.hpp"
#include "cpu/block_cache.hpp"

namespace uni::cpu {
namespace {

constexpr int64_t copy_grain_bytes = int64_t{1} << 20;  // less than this is not worth another thread

// What no cache keeps is better written past them: a cache reads every line before it is written to. Of the whole copy.
constexpr int64_t least_streamed_bytes = int64_t{16} << 20;

Backend &backend_of(void *self) noexcept { return *static_cast<Backend *>(self); }

// The C library's memcpy writes past the caches too, but only where one thread's part is larger than most caches.
void copy_bytes(char *to, const char *from, int64_t num_bytes, bool stream) noexcept {
#if defined(__x86_64__)
  constexpr int64_t line = 64, ahead = 1024;
  if (stream) {
    const int64_t before =
        std::min(num_bytes, (line - static_cast<int64_t>(reinterpret_cast<uintptr_t>(to) % line)) % line);
    std::memcpy(to, from, static_cast<size_t>(before));
    int64_t at = before;
    for (; at + line <= num_bytes; at += line) {
      // As an integer: it may be past the end, where nothing is read.
      __builtin_prefetch(
          reinterpret_cast<const void *>(reinterpret_cast<uintptr_t>(from) + static_cast<uintptr_t>(at + ahead)), 0, 0);
      const auto load = [&](int64_t part) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i *>(from + at + part));
      };
      const auto store = [&](int64_t part, __m128i value) {
        _mm_stream_si128(reinterpret_cast<__m128i *>(to + at + part), value);
      };
      const __m128i a = load(0), b = load(16), c = load(32), d = load(48);
      store(0, a);
      store(16, b);
      store(32, c);
      store(48, d);
    }
    _mm_sfence();
    std::memcpy(to + at, from + at, static_cast<size_t>(num_bytes - at));
    return;
  }
#else
  static_cast<void>(stream);
#endif
  std::memcpy(to, from, static_cast<size_t>(num_bytes));
}

// Copies rows [begin, end).
void copy_rows(const uni_rows &to, const uni_rows &from, int64_t begin, int64_t end, bool stream) noexcept {
  const size_t row_bytes = static_cast<size_t>(from.row_bytes);
  if (to.row_pitch == to.row_bytes && from.row_pitch == from.row_bytes) {
    copy_bytes(to.data + begin * to.row_bytes, from.data + begin * from.row_bytes, (end - begin) * to.row_bytes,
               stream);
    return;
  }
  for (int64_t row = begin; row < end; ++row)
    std::memcpy(to.data + row * to.row_pitch, from.data + row * from.row_pitch, row_bytes);
}

int64_t rows_per_grain(int64_t row_bytes) noexcept { return std::max<int64_t>(1, copy_grain_bytes / row_bytes); }

}  // namespace

int32_t supports_memory(void *, int32_t memory, char *reason, int32_t size) noexcept {
  const bool host = memory == UNI_MEMORY_HOST;
  std::snprintf(reason, static_cast<size_t>(size), "%s",
                host ? "host memory is always there" : "the CPU backend has host memory only");
  return host;
}

uni_status allocate(void *self, int32_t memory, int32_t, int64_t num_bytes, uni_memory_block *block,
                    uni_error *error) noexcept {
  return guard(error, [&] {
    if (memory != UNI_MEMORY_HOST)
      throw Error(UNI_STATUS_NOT_SUPPORTED, "the CPU backend has host memory only, asked for kind %d", memory);
    *block = {};
    block->memory = UNI_MEMORY_HOST;
    if (num_bytes == 0) return;
    int64_t capacity = 0;
    block->data = backend_of(self).blocks->allocate(num_bytes, &capacity);
    if (block->data == nullptr)
      throw Error(
          UNI_STATUS_OUT_OF_MEMORY,
          "out of host memory (requested %lld bytes); what limits it may be the machine, ulimit -v, or a container "
          "(docker run --memory)",
          static_cast<long long>(num_bytes));
    block->num_bytes = capacity;
  });
}

void release(void *self, uni_memory_block *block) noexcept {
  if (block->data != nullptr) backend_of(self).blocks->release(block->data, block->num_bytes);
  block->data = nullptr;
}

uni_status copy(void *self, const uni_rows *destination, const uni_rows *source, void *, uni_error *error) noexcept {
  return guard(error, [&] {
    if (source->row_bytes == 0) return;
    const bool stream = source->row_bytes >= least_streamed_bytes / std::max<int64_t>(source->num_rows, 1);
    if (source->num_rows == 1) {
      // One long row is split by bytes.
      backend_of(self).pool.for_ranges(
          source->row_bytes, copy_grain_bytes, [&](int, int64_t begin, int64_t end) noexcept {
            copy_bytes(destination->data + begin, source->data + begin, end - begin, stream);
          });
      return;
    }
    backend_of(self).pool.for_ranges(
        source->num_rows, rows_per_grain(source->row_bytes),
        [&](int, int64_t begin, int64_t end) noexcept { copy_rows(*destination, *source, begin, end, stream); });
  });
}

namespace {

template <class Element>
void fill_rows(Backend &backend, const uni_rows &rows, const void *value) {
  Element element;
  std::memcpy(&element, value, sizeof element);
  const int64_t per_row = rows.row_bytes / static_cast<int64_t>(sizeof element);
  const bool one_row = rows.num_rows == 1;
  const auto fill_range = [&](char *data, int64_t count) {
    // Elements may lie on any address in memory of the caller's.
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(data + i * static_cast<int64_t>(sizeof element), &element, sizeof element);
  };
  if (one_row) {
    backend.pool.for_ranges(per_row, copy_grain_bytes, [&](int, int64_t begin, int64_t end) noexcept {
      fill_range(rows.data + begin * static_cast<int64_t>(sizeof element), end - begin);
    });
    return;
  }
  backend.pool.for_ranges(rows.num_rows, rows_per_grain(rows.row_bytes), [&](int, int64_t begin, int64_t end) noexcept {
    for (int64_t row = begin; row < end; ++row) fill_range(rows.data + row * rows.row_pitch, per_row);
  });
}

}  // namespace

uni_status fill(void *self, const uni_rows *destination, const void *value, int64_t element_bytes, void *,
                uni_error *error) noexcept {
  return guard(error, [&] {
    if (destination->row_bytes == 0 || destination->num_rows == 0) return;
    Backend &backend = backend_of(self);
    switch (element_bytes) {
      case 1:
        return fill_rows<uint8_t>(backend, *destination, value);
      case 2:
        return fill_rows<uint16_t>(backend, *destination, value);
      case 4:
        return fill_rows<uint32_t>(backend, *destination, value);
      case 8:
        return fill_rows<uint64_t>(backend, *destination, value);
      default:
        throw Error(UNI_STATUS_INTERNAL, "elements of %lld bytes", static_cast<long long>(element_bytes));
    }
  });
}

}  // namespace uni::cpu
