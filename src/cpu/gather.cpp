// SPDX-License-Identifier: Apache-2.0
// Schedules a gather: bounds, threads, and which form of the loop.
#include <atomic>
#include <cstring>

#include "core/dtype.hpp"
#include "core/error.hpp"
#include "cpu/backend.hpp"
#include "cpu/bounds.hpp"
#include "cpu/convert_row.hpp"
#include "cpu/gather_rows.hpp"
#include "unitensor/gather.h"

namespace uni::cpu {
namespace {

constexpr int64_t grain_bytes = int64_t{64} << 10;  // less than this is not worth another thread
// A result that no cache keeps is better written past them, once rows are long enough to fill whole lines.
constexpr int64_t least_streamed_bytes = int64_t{16} << 20;
constexpr int64_t least_streamed_row = 128;

bool may_stream(const uni_rows &out, int64_t num_indices) noexcept {
  const auto aligned = [](uint64_t value) { return value % 16 == 0; };
  return out.row_bytes >= least_streamed_row && aligned(static_cast<uint64_t>(out.row_bytes)) &&
         num_indices * out.row_bytes >= least_streamed_bytes && aligned(reinterpret_cast<uintptr_t>(out.data)) &&
         aligned(static_cast<uint64_t>(out.row_pitch));
}

// Calls rows(begin, end), which says how many of these entries were out of bounds, on all threads; returns how many.
template <class Rows>
int64_t for_entries(ThreadPool &pool, int64_t valid, int64_t row_bytes, Rows &&rows) {
  std::atomic<int64_t> skipped{0};
  const int64_t grain = std::max<int64_t>(1, grain_bytes / std::max<int64_t>(row_bytes, 16));
  pool.for_ranges(valid, grain, [&](int, int64_t begin, int64_t end) noexcept {
    if (const int64_t bad = rows(begin, end); bad != 0) skipped.fetch_add(bad, std::memory_order_relaxed);
  });
  return skipped.load(std::memory_order_relaxed);
}

int64_t gather_plain(ThreadPool &pool, const uni_gather_plan &plan, const uni_gather_part &part, int64_t valid) {
  static const GatherRows gather_rows = choose_gather_rows();
  GatherRange whole = {};
  whole.source = part.source.data;
  whole.source_pitch = part.source.row_pitch;
  whole.num_source_rows = part.source.num_rows;
  whole.out = part.out.data;
  whole.out_pitch = part.out.row_pitch;
  whole.row_bytes = part.out.row_bytes;
  whole.index = plan.index;
  whole.wide_index = plan.index_dtype == UNI_DTYPE_INT64;
  whole.skip = plan.bounds == UNI_BOUNDS_SKIP;
  whole.stream = may_stream(part.out, plan.num_indices);
  return for_entries(pool, valid, part.out.row_bytes, [&](int64_t begin, int64_t end) noexcept {
    GatherRange range = whole;
    range.begin = begin;
    range.end = end;
    return gather_rows(range);
  });
}

template <class Index>
int64_t gather_converted(ThreadPool &pool, const uni_gather_plan &plan, const uni_gather_part &part, int64_t valid) {
  const ConvertRow convert = choose_convert_row(part.source_dtype, part.out_dtype);
  if (convert == nullptr)
    throw Error(UNI_STATUS_INTERNAL, "a conversion from dtype %d to %d", part.source_dtype, part.out_dtype);
  const Index *const index = static_cast<const Index *>(plan.index);
  const uni_rows from = part.source, to = part.out;
  const int64_t num_elements = from.row_bytes / core::dtype_size(part.source_dtype);
  const bool skip = plan.bounds == UNI_BOUNDS_SKIP;
  // Rows that are asked for ahead of the one that is converted, which takes longer than to copy it.
  constexpr int64_t ahead = 8, prefetched_bytes = 512;
  return for_entries(pool, valid, to.row_bytes, [&](int64_t begin, int64_t end) noexcept {
    int64_t skipped = 0;
    for (int64_t i = begin; i < end; ++i) {
      if (i + ahead < end) {
        // An address that is not mapped is not asked for: an index out of bounds is harmless here.
        const uint64_t next = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(from.data)) +
                              static_cast<uint64_t>(int64_t{index[i + ahead]}) * static_cast<uint64_t>(from.row_pitch);
        for (int64_t at = 0; at < std::min(from.row_bytes, prefetched_bytes); at += 64)
          __builtin_prefetch(reinterpret_cast<const void *>(next + static_cast<uint64_t>(at)));
      }
      const int64_t row = index[i];
      char *const out = to.data + i * to.row_pitch;
      if (skip && (row < 0 || row >= from.num_rows)) {
        std::memset(out, 0, static_cast<size_t>(to.row_bytes));
        ++skipped;
        continue;
      }
      convert(out, from.data + row * from.row_pitch, num_elements,
              plan.row_scales != nullptr ? plan.row_scales[row] : 1.0f);
    }
    return skipped;
  });
}

int64_t gather_part(ThreadPool &pool, const uni_gather_plan &plan, const uni_gather_part &part, int64_t valid) {
  if (part.source_dtype == part.out_dtype) return gather_plain(pool, plan, part, valid);
  return plan.index_dtype == UNI_DTYPE_INT64 ? gather_converted<int64_t>(pool, plan, part, valid)
                                             : gather_converted<int32_t>(pool, plan, part, valid);
}

}  // namespace

uni_status gather(void *self, const uni_gather_plan *plan, void *, uni_error *error) noexcept {
  return guard(error, [&] {
    ThreadPool &pool = static_cast<Backend *>(self)->pool;
    const int64_t num_rows = plan->parts[0].source.num_rows;
    int64_t valid = plan->num_indices;
    if (plan->count != nullptr) valid = std::min(valid, std::max<int64_t>(*plan->count, 0));
    if (plan->bounds == UNI_BOUNDS_CHECK)
      check_bounds(pool, plan->index, plan->index_dtype, valid, num_rows, plan->num_out_of_bounds);
    int64_t skipped = 0;
    bool looked = false;
    for (int32_t t = 0; t < plan->num_parts; ++t) {
      const uni_gather_part &part = plan->parts[t];
      if (part.out.row_bytes == 0) continue;
      // Each tensor meets the same indices.
      skipped = gather_part(pool, *plan, part, valid);
      looked = true;
      for (int64_t row = valid; row < plan->num_indices; ++row)
        std::memset(part.out.data + row * part.out.row_pitch, 0, static_cast<size_t>(part.out.row_bytes));
    }
    // Nothing to copy; under SKIP the indices still count.
    if (!looked && plan->bounds == UNI_BOUNDS_SKIP)
      skipped = count_out_of_bounds(plan->index, plan->index_dtype, valid, num_rows);
    *plan->num_out_of_bounds += skipped;
  });
}

}  // namespace uni::cpu
