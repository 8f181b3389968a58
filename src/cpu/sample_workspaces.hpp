// SPDX-License-Identifier: Apache-2.0
// Scratch memory of sampling, kept between calls: a first touch of fresh pages costs more than the sampling itself.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "kernels/relabel.hpp"

namespace uni::cpu {

// Growing memory without a type. Large pieces lie on huge pages where the system gives them.
class Buffer {
 public:
  Buffer() = default;
  ~Buffer() { std::free(data_); }
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  // Room for `count` elements; the first `keep` stay what they are, the rest is undefined.
  template <class T>
  T *reserve(int64_t count, int64_t keep = 0) {
    int64_t bytes;
    if (count < 0 || __builtin_mul_overflow(count, static_cast<int64_t>(sizeof(T)), &bytes)) throw std::bad_alloc();
    if (bytes > num_bytes_)
      replace(std::max(bytes, num_bytes_ + num_bytes_ / 2), keep * static_cast<int64_t>(sizeof(T)));
    return static_cast<T *>(data_);
  }

  // Room for `count` elements, all of them zero if the memory had to be taken anew. Tells whether it had to be.
  template <class T>
  bool reserve_zeroed(int64_t count) {
    const int64_t before = num_bytes_;
    reserve<T>(count);
    if (num_bytes_ == before) return false;
    std::memset(data_, 0, static_cast<size_t>(num_bytes_));
    return true;
  }

  void swap(Buffer &other) noexcept {
    std::swap(data_, other.data_);
    std::swap(num_bytes_, other.num_bytes_);
  }

  template <class T>
  T *data() const noexcept {
    return static_cast<T *>(data_);
  }
  int64_t num_bytes() const noexcept { return num_bytes_; }

 private:
  static constexpr int64_t kHugePage = int64_t{2} << 20;

  void replace(int64_t bytes, int64_t keep_bytes) {
    const bool huge = bytes >= kHugePage;
    const int64_t step = huge ? kHugePage : 64;
    if (bytes > INT64_MAX - step) throw std::bad_alloc();
    bytes = (bytes + step - 1) / step * step;
    // What is not kept goes first, so that no more is held than is needed.
    if (keep_bytes == 0) {
      std::free(data_);
      data_ = nullptr;
      num_bytes_ = 0;
    }
    void *fresh = std::aligned_alloc(static_cast<size_t>(step), static_cast<size_t>(bytes));
    if (fresh == nullptr) throw std::bad_alloc();
    if (huge) madvise(fresh, static_cast<size_t>(bytes), MADV_HUGEPAGE);  // a wish; its failure changes nothing
    if (keep_bytes > 0) std::memcpy(fresh, data_, static_cast<size_t>(keep_bytes));
    std::free(data_);
    data_ = fresh;
    num_bytes_ = bytes;
  }

  void *data_ = nullptr;
  int64_t num_bytes_ = 0;
};

// The memory of a NodeTable. Words carry the epoch in which they were written, hence dense and hashed use can follow
// each other in the same memory.
class TableMemory {
 public:
  // An empty table for nodes below num_nodes, of which at most `most` (a dense table: any number) will be inserted.
  template <bool kDense>
  kernels::NodeTable<kDense> open(int64_t num_nodes, int64_t most) {
    if (words_.reserve_zeroed<uint64_t>(kDense ? num_nodes : 2 * pairs_for(most))) epoch_ = 0;
    if (++epoch_ > kernels::kMaxEpoch) {
      std::memset(words_.data<uint64_t>(), 0, static_cast<size_t>(words_.num_bytes()));
      epoch_ = 1;
    }
    pairs_ = kDense ? 0 : pairs_for(most);
    return view<kDense>();
  }

  // Room for `most` nodes in all; `nodes` are the keys so far, in order of their values, which are their positions
  // (of equal ones the first).
  template <bool kDense, class Node>
  kernels::NodeTable<kDense> grow(int64_t most, const Node *nodes, int64_t num_numbered) {
    if constexpr (!kDense) {
      if (pairs_for(most) > pairs_) {
        Buffer larger;
        larger.reserve_zeroed<uint64_t>(2 * pairs_for(most));
        words_.swap(larger);
        pairs_ = pairs_for(most);
        auto table = view<false>();
        for (int64_t i = 0; i < num_numbered; ++i) table.find_or_insert(static_cast<uint64_t>(nodes[i]), i);
      }
    }
    return view<kDense>();
  }

  int64_t num_bytes() const noexcept { return words_.num_bytes(); }

  // For tests of the wrap-around: the next open() takes the epoch after this one.
  void set_epoch(uint64_t epoch) noexcept { epoch_ = epoch; }

 private:
  static int64_t pairs_for(int64_t most) {
    if (most > (int64_t{1} << kernels::kValueBits)) throw std::bad_alloc();
    int64_t pairs = 1024;
    while (pairs < 2 * most) pairs *= 2;
    return pairs;
  }

  template <bool kDense>
  kernels::NodeTable<kDense> view() const {
    return {words_.data<uint64_t>(), epoch_ << kernels::kValueBits, static_cast<uint64_t>(pairs_ - 1)};
  }

  Buffer words_;
  uint64_t epoch_ = 0;
  int64_t pairs_ = 0;
};

// What one worker needs for itself.
struct alignas(64) WorkerScratch {
  Buffer positions, block_nodes, block_pairs, block_x0, block_x1, pick_set;
  TableMemory table;    // nodes met by this worker in this hop
  Buffer firsts;        // those nodes, in order
  Buffer final_number;  // and their final local numbers

  int64_t num_edges = 0;   // drawn in the worker's part of the frontier
  int64_t most_drawn = 0;  // for one node
  int64_t num_firsts = 0;
  int64_t bad_position = -1;

  int64_t num_bytes() const noexcept {
    return positions.num_bytes() + block_nodes.num_bytes() + block_pairs.num_bytes() + block_x0.num_bytes() +
           block_x1.num_bytes() + pick_set.num_bytes() + table.num_bytes() + firsts.num_bytes() +
           final_number.num_bytes();
  }
};

// What one call needs.
struct SampleWorkspace {
  Buffer nodes, ranges, sources, targets, edge_ids, neighbors, found;
  TableMemory table;
  std::unique_ptr<WorkerScratch[]> workers;
  int num_workers = 0;
  std::unique_ptr<SampleWorkspace> next;  // in the free list

  void reserve_workers(int count) {
    if (count <= num_workers) return;
    workers = std::make_unique<WorkerScratch[]>(static_cast<size_t>(count));
    num_workers = count;
  }

  int64_t num_bytes() const noexcept {
    int64_t bytes = nodes.num_bytes() + ranges.num_bytes() + sources.num_bytes() + targets.num_bytes() +
                    edge_ids.num_bytes() + neighbors.num_bytes() + found.num_bytes() + table.num_bytes();
    for (int worker = 0; worker < num_workers; ++worker) bytes += workers[worker].num_bytes();
    return bytes;
  }
};

// The free list. It never waits for its lock: a forked child may have inherited it locked for ever, and then makes a
// workspace for each call.
struct SampleWorkspaces {
  static constexpr int64_t kMostBytesKept = int64_t{512} << 20;  // by one workspace

  std::mutex mutex;
  std::unique_ptr<SampleWorkspace> free;

  SampleWorkspaces() = default;
  ~SampleWorkspaces() { end(std::move(free)); }

  // Gives back to the system what no call uses.
  void trim() noexcept {
    std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
    if (!lock.owns_lock()) return;
    std::unique_ptr<SampleWorkspace> unused = std::move(free);
    lock.unlock();
    end(std::move(unused));
  }

  std::unique_ptr<SampleWorkspace> take() {
    {
      std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
      if (lock.owns_lock() && free != nullptr) {
        std::unique_ptr<SampleWorkspace> taken = std::move(free);
        free = std::move(taken->next);
        return taken;
      }
    }
    return std::make_unique<SampleWorkspace>();
  }

  void give_back(std::unique_ptr<SampleWorkspace> workspace) noexcept {
    if (workspace->num_bytes() > kMostBytesKept) return;
    std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
    if (!lock.owns_lock()) return;
    workspace->next = std::move(free);
    free = std::move(workspace);
  }

 private:
  static void end(std::unique_ptr<SampleWorkspace> list) noexcept {
    while (list != nullptr) list = std::move(list->next);  // not by recursion
  }
};

// One workspace for the duration of a call.
class WorkspaceLease {
 public:
  explicit WorkspaceLease(SampleWorkspaces &workspaces) : workspaces_(workspaces), workspace_(workspaces.take()) {}
  ~WorkspaceLease() { workspaces_.give_back(std::move(workspace_)); }
  WorkspaceLease(const WorkspaceLease &) = delete;
  WorkspaceLease &operator=(const WorkspaceLease &) = delete;
  SampleWorkspace &operator*() const noexcept { return *workspace_; }

 private:
  SampleWorkspaces &workspaces_;
  std::unique_ptr<SampleWorkspace> workspace_;
};

}  // namespace uni::cpu
