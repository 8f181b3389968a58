// SPDX-License-Identifier: Apache-2.0
// Sampling as docs/sampling.md describes it, written for reading and from that page alone: its own Philox, sets and maps
// of the standard library, no code of the library's.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace uni::tests {

inline std::array<uint32_t, 4> reference_philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * c[0], b = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(a)};
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return c;
}

inline std::array<uint32_t, 2> two_words(uint64_t x) {
  return {static_cast<uint32_t>(x), static_cast<uint32_t>(x >> 32)};
}

inline uint64_t reference_subkey(uint64_t seed, uint32_t hop, bool replace) {
  const auto w = reference_philox({0, 0, hop, replace ? 2u : 1u}, two_words(seed));
  return w[0] + (uint64_t{w[1]} << 32);
}

inline uint64_t reference_draw(uint64_t subkey, uint64_t node, uint64_t slot) {
  const auto n = two_words(node), s = two_words(slot / 2);
  const auto w = reference_philox({n[0], n[1], s[0], s[1]}, two_words(subkey));
  return slot % 2 == 0 ? w[0] + (uint64_t{w[1]} << 32) : w[2] + (uint64_t{w[3]} << 32);
}

inline int64_t reference_below(uint64_t x, int64_t n) {
  __extension__ typedef unsigned __int128 wide;
  return static_cast<int64_t>((static_cast<wide>(x) * static_cast<wide>(n)) >> 64);
}

inline std::vector<int64_t> reference_picks(uint64_t subkey, int64_t node, int64_t d, int64_t k, bool replace) {
  std::vector<int64_t> picks;
  const uint64_t v = static_cast<uint64_t>(node);
  if (k == -1 || (d <= k && !replace)) {
    for (int64_t i = 0; i < d; ++i) picks.push_back(i);
  } else if (replace) {
    for (int64_t s = 0; d > 0 && s < k; ++s)
      picks.push_back(reference_below(reference_draw(subkey, v, static_cast<uint64_t>(s)), d));
  } else {
    std::set<int64_t> earlier;
    for (int64_t s = 0; s < k; ++s) {
      const int64_t j = d - k + s;
      const int64_t t = reference_below(reference_draw(subkey, v, static_cast<uint64_t>(s)), j + 1);
      picks.push_back(earlier.count(t) != 0 ? j : t);
      earlier.insert(picks.back());
    }
  }
  return picks;
}

struct ReferenceSample {
  std::vector<int64_t> nodes, sources, targets, edge_ids, seed_index, hop_nodes, hop_edges;
};

inline ReferenceSample reference_sample(const std::vector<int64_t> &indptr, const std::vector<int64_t> &indices,
                                        const std::vector<int64_t> &graph_edge_ids, const std::vector<int64_t> &seeds,
                                        const std::vector<int64_t> &fanouts, uint64_t seed, bool replace,
                                        bool unique_seeds) {
  ReferenceSample out;
  std::map<int64_t, int64_t> number;
  for (const int64_t v : seeds) {
    const int64_t next = static_cast<int64_t>(out.nodes.size());
    const bool is_new = number.emplace(v, next).second;
    if (is_new || !unique_seeds) out.nodes.push_back(v);
    out.seed_index.push_back(unique_seeds ? number[v] : next);
  }
  out.hop_nodes.push_back(static_cast<int64_t>(out.nodes.size()));
  size_t begin = 0;
  for (size_t hop = 0; hop < fanouts.size(); ++hop) {
    const uint64_t subkey = reference_subkey(seed, static_cast<uint32_t>(hop), replace);
    const size_t end = out.nodes.size(), edges_before = out.sources.size();
    for (size_t local = begin; local < end; ++local) {
      const int64_t v = out.nodes[local], first = indptr[static_cast<size_t>(v)];
      const int64_t d = indptr[static_cast<size_t>(v) + 1] - first;
      for (const int64_t pick : reference_picks(subkey, v, d, fanouts[hop], replace)) {
        const size_t position = static_cast<size_t>(first + pick);
        const int64_t u = indices[position];
        if (number.emplace(u, static_cast<int64_t>(out.nodes.size())).second) out.nodes.push_back(u);
        out.sources.push_back(number[u]);
        out.targets.push_back(static_cast<int64_t>(local));
        out.edge_ids.push_back(graph_edge_ids.empty() ? first + pick : graph_edge_ids[position]);
      }
    }
    begin = end;
    out.hop_nodes.push_back(static_cast<int64_t>(out.nodes.size() - end));
    out.hop_edges.push_back(static_cast<int64_t>(out.sources.size() - edges_before));
  }
  return out;
}

}  // namespace uni::tests
