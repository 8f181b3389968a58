// SPDX-License-Identifier: Apache-2.0
// Scatters rows. Each worker owns a range of destination rows and looks at every index: no two threads write one row, the
// order in which duplicates meet is that of the index, and the result does not depend on the number of threads.
#include <algorithm>
#include <cstring>

#include "core/error.hpp"
#include "cpu/backend.hpp"
#include "cpu/bounds.hpp"
#include "kernels/half.hpp"
#include "unitensor/gather.h"

namespace uni::cpu {
namespace {

constexpr int64_t grain_bytes = int64_t{256} << 10;

// Rows are written in no order: they are asked for some way ahead, as the sources of a gather are (gather_rows_loop.hpp).
constexpr int64_t prefetch_bytes = 8192, least_rows_ahead = 4, most_rows_ahead = 24, prefetched_row_bytes = 1024;

struct AssignRow {
  int64_t row_bytes;
  void operator()(char *to, const char *from) const noexcept { std::memcpy(to, from, static_cast<size_t>(row_bytes)); }
};

// Elements may lie on any address in memory of the caller's, hence memcpy, which compiles to a plain load and store.
template <class Element, class Add>
struct AddRow {
  int64_t row_bytes;
  // They do not overlap, which the compiler has to know to add several at once.
  void operator()(char *__restrict to, const char *__restrict from) const noexcept {
    for (int64_t at = 0; at < row_bytes; at += static_cast<int64_t>(sizeof(Element))) {
      Element sum, term;
      std::memcpy(&sum, to + at, sizeof sum);
      std::memcpy(&term, from + at, sizeof term);
      sum = Add{}(sum, term);
      std::memcpy(to + at, &sum, sizeof sum);
    }
  }
};

struct Plus {
  template <class T>
  T operator()(T a, T b) const noexcept {
    return static_cast<T>(a + b);
  }
};
struct PlusHalf {
  uint16_t operator()(uint16_t a, uint16_t b) const noexcept {
    return kernels::float_to_half(kernels::half_to_float(a) + kernels::half_to_float(b));
  }
};
struct PlusBfloat {
  uint16_t operator()(uint16_t a, uint16_t b) const noexcept {
    return kernels::float_to_bfloat(kernels::bfloat_to_float(a) + kernels::bfloat_to_float(b));
  }
};

// The rows of one worker: from `first` to `last`. Entries are looked at in blocks, and those that are its own listed before
// the first of them is moved: whose an entry is cannot be foreseen, and a branch on it would be wrong half of the time.
template <class Index>
class OwnEntries {
 public:
  static constexpr int64_t kBlock = 1024;

  OwnEntries(const Index *index, int64_t first, int64_t last) : index_(index), first_(first), size_(last - first) {}

  void look(int64_t begin, int64_t end) noexcept {
    count_ = 0;
    for (int64_t i = begin; i < end; ++i) {
      entries_[count_] = i;
      count_ += static_cast<uint64_t>(static_cast<int64_t>(index_[i]) - first_) < static_cast<uint64_t>(size_);
    }
  }
  int64_t count() const noexcept { return count_; }
  int64_t operator[](int64_t i) const noexcept { return entries_[i]; }

 private:
  const Index *index_;
  int64_t first_, size_, count_ = 0;
  int64_t entries_[kBlock + 1];
};

template <class Index, class Move>
void scatter_rows(ThreadPool &pool, const uni_scatter_plan &plan, int64_t valid, const Move &move) {
  const Index *const index = static_cast<const Index *>(plan.index);
  const uni_rows to = plan.destination, from = plan.rows;
  const int64_t ahead = std::clamp(prefetch_bytes / to.row_bytes, least_rows_ahead, most_rows_ahead);
  const int64_t prefetched = std::min(to.row_bytes, prefetched_row_bytes);
  const auto prefetch = [&](int64_t row) {
    // See gather_rows_loop.hpp.
    asm volatile("");
    for (int64_t at = 0; at < prefetched; at += 64) __builtin_prefetch(to.data + row * to.row_pitch + at, 1, 3);
  };
  const auto move_entry = [&](int64_t i) {
    move(to.data + static_cast<int64_t>(index[i]) * to.row_pitch, from.data + i * from.row_pitch);
  };
  // Looking at all indices is what another worker costs, so rows have to be worth it.
  const int64_t work = valid * (to.row_bytes + 8);
  const int workers = static_cast<int>(std::max<int64_t>(
      1, std::min<int64_t>({int64_t{pool.num_threads()}, work / grain_bytes, to.row_bytes / 16 + 1, to.num_rows})));
  if (workers == 1 && plan.bounds != UNI_BOUNDS_SKIP) {
    for (int64_t i = 0; i < std::min(valid, ahead); ++i) prefetch(index[i]);
    for (int64_t i = 0; i < valid; ++i) {
      if (i + ahead < valid) prefetch(index[i + ahead]);
      move_entry(i);
    }
    return;
  }
  pool.run(workers, [&](int worker) noexcept {
    OwnEntries<Index> own(index, ThreadPool::split(to.num_rows, workers, worker),
                          ThreadPool::split(to.num_rows, workers, worker + 1));
    for (int64_t begin = 0; begin < valid; begin += own.kBlock) {
      own.look(begin, std::min(valid, begin + own.kBlock));
      for (int64_t i = 0; i < std::min(own.count(), ahead); ++i) prefetch(index[own[i]]);
      for (int64_t i = 0; i < own.count(); ++i) {
        if (i + ahead < own.count()) prefetch(index[own[i + ahead]]);
        move_entry(own[i]);
      }
    }
  });
  if (plan.bounds == UNI_BOUNDS_SKIP)
    *plan.num_out_of_bounds += count_out_of_bounds(plan.index, plan.index_dtype, valid, to.num_rows);
}

template <class Move>
void scatter_any_index(ThreadPool &pool, const uni_scatter_plan &plan, int64_t valid, const Move &move) {
  if (plan.index_dtype == UNI_DTYPE_INT64)
    scatter_rows<int64_t>(pool, plan, valid, move);
  else
    scatter_rows<int32_t>(pool, plan, valid, move);
}

template <class Element, class Add = Plus>
void scatter_add(ThreadPool &pool, const uni_scatter_plan &plan, int64_t valid) {
  scatter_any_index(pool, plan, valid, AddRow<Element, Add>{plan.destination.row_bytes});
}

void scatter_add_any_dtype(ThreadPool &pool, const uni_scatter_plan &plan, int64_t valid) {
  switch (plan.dtype) {
    // Addition modulo 2^n is the same for signed and unsigned integers, and defined for unsigned ones.
    case UNI_DTYPE_INT8:
    case UNI_DTYPE_UINT8:
      return scatter_add<uint8_t>(pool, plan, valid);
    case UNI_DTYPE_INT16:
    case UNI_DTYPE_UINT16:
      return scatter_add<uint16_t>(pool, plan, valid);
    case UNI_DTYPE_INT32:
    case UNI_DTYPE_UINT32:
      return scatter_add<uint32_t>(pool, plan, valid);
    case UNI_DTYPE_INT64:
    case UNI_DTYPE_UINT64:
      return scatter_add<uint64_t>(pool, plan, valid);
    case UNI_DTYPE_FLOAT16:
      return scatter_add<uint16_t, PlusHalf>(pool, plan, valid);
    case UNI_DTYPE_BFLOAT16:
      return scatter_add<uint16_t, PlusBfloat>(pool, plan, valid);
    case UNI_DTYPE_FLOAT32:
      return scatter_add<float>(pool, plan, valid);
    case UNI_DTYPE_FLOAT64:
      return scatter_add<double>(pool, plan, valid);
    default:
      throw Error(UNI_STATUS_INTERNAL, "scatter-add of dtype %d", plan.dtype);
  }
}

}  // namespace

uni_status scatter(void *self, const uni_scatter_plan *plan, void *, uni_error *error) noexcept {
  return guard(error, [&] {
    ThreadPool &pool = static_cast<Backend *>(self)->pool;
    int64_t valid = plan->num_indices;
    if (plan->count != nullptr) valid = std::min(valid, std::max<int64_t>(*plan->count, 0));
    if (plan->bounds == UNI_BOUNDS_CHECK)
      check_bounds(pool, plan->index, plan->index_dtype, valid, plan->destination.num_rows, plan->num_out_of_bounds);
    if (plan->rows.row_bytes == 0) {
      // Nothing to write; under SKIP the indices still count.
      if (plan->bounds == UNI_BOUNDS_SKIP)
        *plan->num_out_of_bounds +=
            count_out_of_bounds(plan->index, plan->index_dtype, valid, plan->destination.num_rows);
      return;
    }
    if (plan->reduce == UNI_SCATTER_ASSIGN)
      scatter_any_index(pool, *plan, valid, AssignRow{plan->destination.row_bytes});
    else
      scatter_add_any_dtype(pool, *plan, valid);
  });
}

}  // namespace uni::cpu
