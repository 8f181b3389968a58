// SPDX-License-Identifier: Apache-2.0
// Schedules a gather: bounds, threads, and which form of the loop.
#include <atomic>
#include <cstring>

#include "core/error.hpp"
#include "cpu/backend.hpp"
#include "cpu/bounds.hpp"
#include "cpu/gather_rows.hpp"
#include "unitensor/gather.h"

namespace uni::cpu {
namespace {

constexpr int64_t grain_bytes = int64_t{64} << 10;  // less than this is not worth another thread
// A result that no cache keeps is better written past them, once rows are long enough to fill whole lines.
constexpr int64_t least_streamed_bytes = int64_t{16} << 20;
constexpr int64_t least_streamed_row = 128;

bool may_stream(const uni_gather_plan &plan) noexcept {
  const auto aligned = [](uint64_t value) { return value % 16 == 0; };
  return plan.out.row_bytes >= least_streamed_row && aligned(static_cast<uint64_t>(plan.out.row_bytes)) &&
         plan.num_indices * plan.out.row_bytes >= least_streamed_bytes &&
         aligned(reinterpret_cast<uintptr_t>(plan.out.data)) && aligned(static_cast<uint64_t>(plan.out.row_pitch));
}

}  // namespace

uni_status gather(void *self, const uni_gather_plan *plan, void *, uni_error *error) noexcept {
  static const GatherRows gather_rows = choose_gather_rows();
  return guard(error, [&] {
    ThreadPool &pool = static_cast<Backend *>(self)->pool;
    int64_t valid = plan->num_indices;
    if (plan->count != nullptr) valid = std::min(valid, std::max<int64_t>(*plan->count, 0));
    if (plan->bounds == UNI_BOUNDS_CHECK)
      check_bounds(pool, plan->index, plan->index_dtype, valid, plan->source.num_rows, plan->num_out_of_bounds);
    if (plan->out.row_bytes == 0) {
      // Nothing to copy; under SKIP the indices still count.
      if (plan->bounds == UNI_BOUNDS_SKIP)
        *plan->num_out_of_bounds += count_out_of_bounds(plan->index, plan->index_dtype, valid, plan->source.num_rows);
      return;
    }
    GatherRange whole = {};
    whole.source = plan->source.data;
    whole.source_pitch = plan->source.row_pitch;
    whole.num_source_rows = plan->source.num_rows;
    whole.out = plan->out.data;
    whole.out_pitch = plan->out.row_pitch;
    whole.row_bytes = plan->out.row_bytes;
    whole.index = plan->index;
    whole.wide_index = plan->index_dtype == UNI_DTYPE_INT64;
    whole.skip = plan->bounds == UNI_BOUNDS_SKIP;
    whole.stream = may_stream(*plan);
    std::atomic<int64_t> skipped{0};
    const int64_t grain = std::max<int64_t>(1, grain_bytes / std::max<int64_t>(plan->out.row_bytes, 16));
    pool.for_ranges(valid, grain, [&](int, int64_t begin, int64_t end) noexcept {
      GatherRange range = whole;
      range.begin = begin;
      range.end = end;
      if (const int64_t bad = gather_rows(range); bad != 0) skipped.fetch_add(bad, std::memory_order_relaxed);
    });
    for (int64_t row = valid; row < plan->num_indices; ++row)
      std::memset(plan->out.data + row * plan->out.row_pitch, 0, static_cast<size_t>(plan->out.row_bytes));
    *plan->num_out_of_bounds += skipped.load(std::memory_order_relaxed);
  });
}

}  // namespace uni::cpu
