// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11) and the numbers that
// samplers take from it: docs/sampling.md, section 1.
#pragma once

#include <Random123/philox.h>

#include <cstdint>

#include "kernels/lane_group.hpp"

namespace uni::kernels {

// Two numbers of 64 bits: one block of the generator.
struct Block {
  uint64_t x0, x1;
};

struct Subkey {
  uint32_t words[2];
};

UNI_HOST_DEVICE inline Block philox(const uint32_t (&key)[2], const uint32_t (&counter)[4]) {
  philox4x32_key_t k = {{key[0], key[1]}};
  philox4x32_ctr_t c = {{counter[0], counter[1], counter[2], counter[3]}};
  c = philox4x32_R(10, c, k);
  return {c.v[0] | static_cast<uint64_t>(c.v[1]) << 32, c.v[2] | static_cast<uint64_t>(c.v[3]) << 32};
}

enum class Method : uint32_t { kUniform = 1, kUniformWithReplacement = 2 };

UNI_HOST_DEVICE inline Subkey make_subkey(uint64_t seed, uint64_t tree, uint32_t hop, uint32_t relation,
                                          Method method) {
  const uint32_t key[2] = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  const uint32_t counter[4] = {static_cast<uint32_t>(tree), static_cast<uint32_t>(tree >> 32), hop + (relation << 16),
                               static_cast<uint32_t>(method)};
  const Block block = philox(key, counter);
  return {{static_cast<uint32_t>(block.x0), static_cast<uint32_t>(block.x0 >> 32)}};
}

// The numbers of slots 2 * pair and 2 * pair + 1.
UNI_HOST_DEVICE inline Block draw_pair(const Subkey &subkey, uint64_t node, uint64_t pair) {
  const uint32_t counter[4] = {static_cast<uint32_t>(node), static_cast<uint32_t>(node >> 32),
                               static_cast<uint32_t>(pair), static_cast<uint32_t>(pair >> 32)};
  return philox(subkey.words, counter);
}

UNI_HOST_DEVICE inline uint64_t draw(const Subkey &subkey, uint64_t node, uint64_t slot) {
  const Block block = draw_pair(subkey, node, slot / 2);
  return slot % 2 == 0 ? block.x0 : block.x1;
}

// A number below n from 64 random bits.
UNI_HOST_DEVICE inline int64_t bounded(uint64_t x, uint64_t n) {
#if defined(__CUDA_ARCH__)
  return static_cast<int64_t>(__umul64hi(x, n));
#else
  __extension__ typedef unsigned __int128 uint128;
  return static_cast<int64_t>(static_cast<uint64_t>((static_cast<uint128>(x) * n) >> 64));
#endif
}

}  // namespace uni::kernels
