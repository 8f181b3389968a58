// SPDX-License-Identifier: Apache-2.0
// Every kernel header as device code, for every width of lane group: compiled where nvcc is found, run nowhere.
#include <cstdint>

#include "kernels/atomics.hpp"
#include "kernels/draw_edges.hpp"
#include "kernels/gather.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/lane_group_cuda.hpp"
#include "kernels/philox.hpp"
#include "kernels/relabel.hpp"
#include "kernels/sample_neighbors.hpp"
#include "kernels/scatter.hpp"

using namespace uni::kernels;

// One group to a frontier node.
template <int N, class Indptr, class Node>
__global__ void draw_kernel(const Indptr *indptr, const Node *indices, const Node *frontier, int64_t size,
                            Subkey subkey, int64_t fanout, bool replace, int64_t *picks, uint64_t *sets,
                            uint64_t set_capacity, Node *neighbors) {
  WarpGroup<N> g;
  const int64_t groups = static_cast<int64_t>(gridDim.x) * blockDim.x / N;
  const int64_t group = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / N;
  const PickSet set{sets + group * static_cast<int64_t>(set_capacity), set_capacity - 1};
  for (int64_t i = group; i < size; i += groups) {
    const int64_t begin = indptr[frontier[i]], degree = indptr[frontier[i] + 1] - begin;
    int64_t *mine = picks + i * fanout;
    draw_neighbors(g, subkey, static_cast<uint64_t>(frontier[i]), degree, fanout, replace, mine, set);
    for_each_strided(g, 0, num_drawn(degree, fanout, replace),
                     [&](int, int64_t s) { neighbors[i * fanout + s] = indices[begin + mine[s]]; });
  }
}

template <bool kDense, class Node>
__global__ void insert_kernel(NodeTable<kDense> table, const Node *nodes, int64_t count, int64_t base) {
  WarpGroup<32> g;
  relabel_insert(g, table, nodes, 0, count, base);
}

template <bool kDense, class Node>
__global__ void find_kernel(NodeTable<kDense> table, const Node *nodes, int64_t count, int64_t base, int64_t *found,
                            int64_t *firsts) {
  WarpGroup<32> g;
  *firsts = relabel_find(g, table, nodes, 0, count, base, found);
}

template <bool kDense, class Node>
__global__ void number_kernel(NodeTable<kDense> table, const Node *nodes, int64_t count, int64_t base,
                              const int64_t *found, int64_t next, bool keep, Node *numbers, Node *list) {
  WarpGroup<32> g;
  relabel_number(g, table, nodes, 0, count, base, found, next, keep, numbers, list);
}

template <class Node>
__global__ void look_up_kernel(int64_t count, int64_t base, const int64_t *found, Node *numbers) {
  WarpGroup<32> g;
  relabel_look_up(g, 0, count, base, found, numbers);
}

// What moves rows, in blocks as large as a multiprocessor has room for.
template <class Kernel>
__global__ void __launch_bounds__(1024, 1) rows_kernel(const __grid_constant__ Kernel kernel, int64_t num_groups) {
  WarpGroup<32> g;
  kernel(g, (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32, num_groups);
}

// What reads graphs, in blocks of which several are to fit a multiprocessor.
template <int N, class Kernel>
__global__ void __launch_bounds__(256, 4) graph_kernel(const __grid_constant__ Kernel kernel, int64_t num_groups) {
  WarpGroup<N> g;
  kernel(g, (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / N, num_groups);
}

// What crosses lanes, for the widths and types that kernels use.
template <int N>
__global__ void crossing_kernel(uint32_t *ballots, int64_t *values) {
  WarpGroup<N> g;
  Lane<WarpGroup<N>, bool> odd;
  Lane<WarpGroup<N>, int64_t> value;
  g.each([&](int lane) {
    odd[lane] = lane % 2 == 1;
    value[lane] = values[lane];
  });
  const auto before = g.scan(value);
  const int64_t total = g.sum(value), first = g.shuffle(value, 0);
  const uint32_t mask = g.ballot(odd);
  g.each([&](int lane) {
    values[lane] = before[lane] + total + first;
    ballots[lane] = mask;
  });
}

#define INSTANTIATE_DRAW(N, INDPTR, NODE) \
  template __global__ void draw_kernel<N, INDPTR, NODE>(const INDPTR *, const NODE *, const NODE *, int64_t, Subkey, \
                                                        int64_t, bool, int64_t *, uint64_t *, uint64_t, NODE *);
#define INSTANTIATE_WIDTH(N) \
  INSTANTIATE_DRAW(N, int64_t, int64_t) \
  INSTANTIATE_DRAW(N, int32_t, int32_t) template __global__ void crossing_kernel<N>(uint32_t *, int64_t *);
INSTANTIATE_WIDTH(1)
INSTANTIATE_WIDTH(2)
INSTANTIATE_WIDTH(4)
INSTANTIATE_WIDTH(8)
INSTANTIATE_WIDTH(16)
INSTANTIATE_WIDTH(32)

#define INSTANTIATE_RELABEL(DENSE, NODE) \
  template __global__ void insert_kernel<DENSE, NODE>(NodeTable<DENSE>, const NODE *, int64_t, int64_t); \
  template __global__ void find_kernel<DENSE, NODE>(NodeTable<DENSE>, const NODE *, int64_t, int64_t, int64_t *, \
                                                    int64_t *); \
  template __global__ void number_kernel<DENSE, NODE>(NodeTable<DENSE>, const NODE *, int64_t, int64_t, \
                                                      const int64_t *, int64_t, bool, NODE *, NODE *);
INSTANTIATE_RELABEL(true, int64_t)
INSTANTIATE_RELABEL(false, int64_t)
INSTANTIATE_RELABEL(true, int32_t)
INSTANTIATE_RELABEL(false, int32_t)
template __global__ void look_up_kernel<int64_t>(int64_t, int64_t, const int64_t *, int64_t *);
template __global__ void look_up_kernel<int32_t>(int64_t, int64_t, const int64_t *, int32_t *);

#define INSTANTIATE_ROWS(...) \
  template __global__ void rows_kernel<__VA_ARGS__>(const __grid_constant__ __VA_ARGS__, int64_t);
#define INSTANTIATE_CONVERSION(FROM, TO) INSTANTIATE_ROWS(GatherConverted<FROM, TO>)
INSTANTIATE_ROWS(GatherRows)
INSTANTIATE_ROWS(OrderKeys)
INSTANTIATE_ROWS(ScatterAssign<int64_t, true>)
INSTANTIATE_ROWS(ScatterAssign<int32_t, false>)
INSTANTIATE_CONVERSION(Float32, Float16)
INSTANTIATE_CONVERSION(Float16, Bfloat16)
INSTANTIATE_CONVERSION(Bfloat16, Float32)
INSTANTIATE_CONVERSION(ScaledInt8, Float32)

#define INSTANTIATE_GRAPH(N, ...) \
  template __global__ void graph_kernel<N, __VA_ARGS__>(const __grid_constant__ __VA_ARGS__, int64_t);
#define INSTANTIATE_HOP(INDPTR, NODE) \
  INSTANTIATE_GRAPH(32, CountDraws<INDPTR, NODE>) \
  INSTANTIATE_GRAPH(4, DrawEdges<INDPTR, NODE>) \
  INSTANTIATE_GRAPH(8, DrawEdges<INDPTR, NODE>) \
  INSTANTIATE_GRAPH(16, DrawEdges<INDPTR, NODE>) \
  INSTANTIATE_GRAPH(32, DrawEdges<INDPTR, NODE>)
INSTANTIATE_HOP(int64_t, int64_t)
INSTANTIATE_HOP(int64_t, int32_t)
INSTANTIATE_HOP(int32_t, int64_t)
INSTANTIATE_HOP(int32_t, int32_t)
