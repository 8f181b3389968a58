// SPDX-License-Identifier: Apache-2.0
#include "cpu/bounds.hpp"

#include <atomic>

#include "core/bounds_error.hpp"

namespace uni::cpu {
namespace {

constexpr int64_t grain = 1 << 16;

// A negative index and one past the end both set the sign bit of (i | last - i); no branch, so that the loop becomes
// vector code.
template <class Index>
bool any_out_of_bounds(const Index *index, int64_t begin, int64_t end, int64_t num_rows) noexcept {
  // Unsigned, since the difference overflows for the smallest of all indices, whose own sign bit is set.
  const uint64_t last = static_cast<uint64_t>(num_rows) - 1;
  uint64_t bad = 0;
  for (int64_t i = begin; i < end; ++i) {
    const uint64_t value = static_cast<uint64_t>(static_cast<int64_t>(index[i]));
    bad |= value | (last - value);
  }
  return static_cast<int64_t>(bad) < 0;
}

template <class Index>
int64_t count_bad(const Index *index, int64_t count, int64_t num_rows) noexcept {
  int64_t bad = 0;
  for (int64_t i = 0; i < count; ++i) bad += index[i] < 0 || index[i] >= num_rows;
  return bad;
}

template <class Index>
void check(ThreadPool &pool, const Index *index, int64_t count, int64_t num_rows, int64_t *num_out_of_bounds) {
  std::atomic<bool> bad{false};
  pool.for_ranges(count, grain, [&](int, int64_t begin, int64_t end) noexcept {
    if (any_out_of_bounds(index, begin, end, num_rows)) bad.store(true, std::memory_order_relaxed);
  });
  if (!bad.load(std::memory_order_relaxed)) return;
  const int64_t found = count_bad(index, count, num_rows);
  int64_t first = 0;
  while (!any_out_of_bounds(index, first, first + 1, num_rows)) ++first;
  *num_out_of_bounds += found;
  throw index_error(first, index[first], num_rows, found, count);
}

}  // namespace

void check_bounds(ThreadPool &pool, const void *index, int32_t index_dtype, int64_t count, int64_t num_rows,
                  int64_t *num_out_of_bounds) {
  if (index_dtype == UNI_DTYPE_INT32)
    check(pool, static_cast<const int32_t *>(index), count, num_rows, num_out_of_bounds);
  else
    check(pool, static_cast<const int64_t *>(index), count, num_rows, num_out_of_bounds);
}

int64_t count_out_of_bounds(const void *index, int32_t index_dtype, int64_t count, int64_t num_rows) noexcept {
  if (index_dtype == UNI_DTYPE_INT32) return count_bad(static_cast<const int32_t *>(index), count, num_rows);
  return count_bad(static_cast<const int64_t *>(index), count, num_rows);
}

}  // namespace uni::cpu
