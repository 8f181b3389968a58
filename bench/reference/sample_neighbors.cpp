// SPDX-License-Identifier: Apache-2.0
// A plain loop that samples neighbours over several hops without replacement and relabels them: what the library's
// sampler is measured against. One thread, int64, no checks, no failures handled; the numbers are the library's
// (docs/sampling.md), so the result is too. Returned pointers are to memory that the next call reuses.
//
// int uni_reference_sample_neighbors(const int64_t *indptr, const int64_t *indices, int64_t num_nodes,
//     const int64_t *seeds, int64_t num_seeds, const int64_t *fanouts, int32_t num_hops, uint64_t seed,
//     int64_t **nodes, int64_t *num_nodes_out, int64_t **sources, int64_t **targets, int64_t *num_edges_out)
// Fan-outs are 1 to 64. Seeds keep their places. Returns 0.
#include <Random123/philox.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

__extension__ typedef unsigned __int128 Uint128;

template <class T>
T *grow(T *old, int64_t *capacity, int64_t need, int64_t keep) {
  if (need <= *capacity) return old;
  *capacity = need + need / 2;
  const size_t bytes = (static_cast<size_t>(*capacity) * sizeof(T) + (2 << 20) - 1) >> 21 << 21;
  T *fresh = static_cast<T *>(std::aligned_alloc(2 << 20, bytes));
  madvise(fresh, bytes, MADV_HUGEPAGE);
  std::memset(fresh, 0, bytes);
  if (keep > 0) std::memcpy(fresh, old, static_cast<size_t>(keep) * sizeof(T));
  std::free(old);
  return fresh;
}

struct Block {
  uint64_t x[2];
};

Block philox(uint64_t key, uint64_t low, uint64_t high) {
  philox4x32_key_t k = {{static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)}};
  philox4x32_ctr_t c = {{static_cast<uint32_t>(low), static_cast<uint32_t>(low >> 32), static_cast<uint32_t>(high),
                         static_cast<uint32_t>(high >> 32)}};
  c = philox4x32_R(10, c, k);
  return {{c.v[0] | static_cast<uint64_t>(c.v[1]) << 32, c.v[2] | static_cast<uint64_t>(c.v[3]) << 32}};
}

struct Entry {
  uint64_t node;  // and the epoch, in the upper 24 bits
  int64_t number;
};

int64_t *nodes, *sources, *targets, *begins, *picks;
Entry *table;
int64_t nodes_capacity, sources_capacity, targets_capacity, begins_capacity, picks_capacity, table_capacity, pairs;
uint64_t epoch;

uint64_t home(uint64_t node) { return (node * 0x9E3779B97F4A7C15u >> 24) & static_cast<uint64_t>(pairs - 1); }

int64_t find_or_insert(uint64_t node, int64_t next) {
  const uint64_t key = epoch << 40 | node;
  for (uint64_t i = home(node);; i = (i + 1) & static_cast<uint64_t>(pairs - 1)) {
    if (table[i].node == key) return table[i].number;
    if (table[i].node >> 40 != epoch) {
      table[i] = {key, next};
      return next;
    }
  }
}

}  // namespace

extern "C" int uni_reference_sample_neighbors(const int64_t *indptr, const int64_t *indices, int64_t num_nodes,
                                              const int64_t *seeds, int64_t num_seeds, const int64_t *fanouts,
                                              int32_t num_hops, uint64_t seed, int64_t **nodes_out,
                                              int64_t *num_nodes_out, int64_t **sources_out, int64_t **targets_out,
                                              int64_t *num_edges_out) {
  constexpr int64_t kAhead = 16;
  int64_t most = num_seeds, frontier = num_seeds;  // a bound of the nodes met, for a table at most half full
  for (int h = 0; h < num_hops; ++h)
    most += frontier = frontier * fanouts[h] < num_nodes ? frontier * fanouts[h] : num_nodes;
  most = most < num_nodes ? most : num_nodes;
  int64_t want = 1024;
  while (want < 2 * most) want *= 2;
  if (want > pairs) table = grow(table, &table_capacity, want, 0), pairs = want, epoch = 0;
  ++epoch;

  nodes = grow(nodes, &nodes_capacity, num_seeds, 0);
  for (int64_t i = 0; i < num_seeds; ++i) {
    find_or_insert(static_cast<uint64_t>(seeds[i]), i);
    nodes[i] = seeds[i];
  }
  int64_t begin = 0, end = num_seeds, num_edges = 0;
  for (int h = 0; h < num_hops; ++h) {
    const int64_t fanout = fanouts[h], size = end - begin;
    const uint64_t subkey = philox(seed, 0, static_cast<uint64_t>(h) | uint64_t{1} << 32).x[0];
    sources = grow(sources, &sources_capacity, num_edges + size * fanout, num_edges);
    targets = grow(targets, &targets_capacity, num_edges + size * fanout, num_edges);
    nodes = grow(nodes, &nodes_capacity, end + size * fanout, end);
    begins = grow(begins, &begins_capacity, 2 * size, 0);
    picks = grow(picks, &picks_capacity, size * fanout, 0);
    // First pass: indptr.
    for (int64_t i = 0; i < size; ++i) {
      if (i + kAhead < size) __builtin_prefetch(indptr + nodes[begin + i + kAhead]);
      begins[2 * i] = indptr[nodes[begin + i]];
      begins[2 * i + 1] = indptr[nodes[begin + i] + 1];
    }
    // Second pass: picks.
    int64_t count = 0;
    for (int64_t i = 0; i < size; ++i) {
      const int64_t first = begins[2 * i], degree = begins[2 * i + 1] - first;
      int64_t *mine = picks + count;
      if (degree <= fanout) {
        for (int64_t s = 0; s < degree; ++s) mine[s] = first + s;
      } else {
        Block block{};
        for (int64_t s = 0; s < fanout; ++s) {
          if (s % 2 == 0) block = philox(subkey, static_cast<uint64_t>(nodes[begin + i]), static_cast<uint64_t>(s) / 2);
          const int64_t j = degree - fanout + s;
          const int64_t t = first + static_cast<int64_t>(static_cast<uint64_t>(
                                        (static_cast<Uint128>(block.x[s % 2]) * static_cast<uint64_t>(j + 1)) >> 64));
          bool taken = false;
          for (int64_t e = 0; e < s; ++e) taken |= mine[e] == t;
          mine[s] = taken ? first + j : t;
        }
      }
      const int64_t drawn = degree <= fanout ? degree : fanout;
      for (int64_t s = 0; s < drawn; ++s) targets[num_edges + count + s] = begin + i;
      count += drawn;
    }
    // Third pass: indices; then the table.
    for (int64_t e = 0; e < count; ++e) {
      if (e + kAhead < count) __builtin_prefetch(indices + picks[e + kAhead]);
      picks[e] = indices[picks[e]];
    }
    int64_t next = end;
    for (int64_t e = 0; e < count; ++e) {
      if (e + kAhead < count) __builtin_prefetch(table + home(static_cast<uint64_t>(picks[e + kAhead])), 1);
      const int64_t number = find_or_insert(static_cast<uint64_t>(picks[e]), next);
      if (number == next) nodes[next++] = picks[e];
      sources[num_edges + e] = number;
    }
    num_edges += count;
    begin = end;
    end = next;
  }
  *nodes_out = nodes;
  *num_nodes_out = end;
  *sources_out = sources;
  *targets_out = targets;
  *num_edges_out = num_edges;
  return 0;
}
