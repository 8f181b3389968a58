// SPDX-License-Identifier: Apache-2.0
// Which neighbours of a node are drawn: docs/sampling.md, section 2. Source of the method without replacement: Bentley
// and Floyd, "Programming pearls: a sample of brilliance", CACM 30(9), 1987.
#pragma once

#include <cstdint>

#include "kernels/atomics.hpp"
#include "kernels/lane_group.hpp"
#include "kernels/philox.hpp"

namespace uni::kernels {

enum class Draw { kNothing, kAll, kFloyd, kWithReplacement };

UNI_HOST_DEVICE inline Draw how_to_draw(int64_t degree, int64_t fanout, bool replace) {
  if (degree == 0 || fanout == 0) return Draw::kNothing;
  if (fanout < 0) return Draw::kAll;
  if (replace) return Draw::kWithReplacement;
  return degree <= fanout ? Draw::kAll : Draw::kFloyd;
}

// How many slots a node fills.
UNI_HOST_DEVICE inline int64_t num_drawn(int64_t degree, int64_t fanout, bool replace) {
  if (degree == 0) return 0;
  if (fanout < 0) return degree;
  return replace || degree > fanout ? fanout : degree;
}

// Up to this fan-out the picks of a node are their own set, searched from end to end; above it a PickSet is needed.
constexpr int64_t kLinearSearchFanout = 48;

UNI_HOST_DEVICE constexpr uint64_t pick_set_capacity(int64_t fanout) {
  if (fanout <= kLinearSearchFanout) return 0;
  uint64_t capacity = 128;
  while (capacity < 2 * static_cast<uint64_t>(fanout)) capacity *= 2;
  return capacity;
}

// Where the picks of a node are kept when there are many: open addressing, at most half full, in memory of the caller.
struct PickSet {
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  uint64_t *slots;
  uint64_t mask;  // capacity - 1

  UNI_HOST_DEVICE uint64_t start(uint64_t pick) const { return (pick * 0x9E3779B97F4A7C15u >> 20) & mask; }

  UNI_HOST_DEVICE bool contains(uint64_t pick) const {
    for (uint64_t slot = start(pick);; slot = (slot + 1) & mask) {
      if (slots[slot] == pick) return true;
      if (slots[slot] == kEmpty) return false;
    }
  }

  // For a pick that is not in the set and that no other lane inserts. Lanes may insert side by side.
  template <class Access>
  UNI_HOST_DEVICE void insert(uint64_t pick) const {
    for (uint64_t slot = start(pick);; slot = (slot + 1) & mask) {
      if (Access::compare_exchange(&slots[slot], kEmpty, pick) == kEmpty) return;
    }
  }
};

// Single-lane access to a PickSet.
struct PlainAccess {
  UNI_HOST_DEVICE static uint64_t compare_exchange(uint64_t *word, uint64_t expected, uint64_t desired) {
    const uint64_t seen = *word;
    if (seen == expected) *word = desired;
    return seen;
  }
};

// Floyd's draws for one lane, given the number of each slot: picks[s] in [0, degree) for s = 0 .. fanout - 1.
template <class Numbers>
UNI_HOST_DEVICE inline void draw_floyd_one_lane(const Numbers &numbers, int64_t degree, int64_t fanout, int64_t *picks,
                                                const PickSet &set) {
  const int64_t lowest = degree - fanout;
  if (fanout <= kLinearSearchFanout) {
    for (int64_t s = 0; s < fanout; ++s) {
      const int64_t j = lowest + s, t = bounded(numbers(s), static_cast<uint64_t>(j) + 1);
      // Without an early exit: short, and free of branches that cannot be foreseen.
      int64_t taken = 0;
      for (int64_t earlier = 0; earlier < s; ++earlier) taken |= picks[earlier] == t;
      picks[s] = taken ? j : t;
    }
    return;
  }
  for (uint64_t slot = 0; slot <= set.mask; ++slot) set.slots[slot] = PickSet::kEmpty;
  for (int64_t s = 0; s < fanout; ++s) {
    const int64_t j = lowest + s, t = bounded(numbers(s), static_cast<uint64_t>(j) + 1);
    picks[s] = set.contains(static_cast<uint64_t>(t)) ? j : t;
    set.insert<PlainAccess>(static_cast<uint64_t>(picks[s]));
  }
}

// `store(lane, slot, pick)` is called for each slot, once, by groups of more than one lane. Where there are more slots than
// lanes it has to bring the pick to `picks`, which tells later ones what has been taken; one lane writes it there itself.
template <class Group, class Store>
UNI_HOST_DEVICE inline void draw_floyd(Group &g, const Subkey &subkey, uint64_t node, int64_t degree, int64_t fanout,
                                       int64_t *picks, const PickSet &set, Store &&store) {
  if constexpr (Group::kLanes == 1) {
    Block block{};
    draw_floyd_one_lane(
        [&](int64_t s) {
          // Slots come in order, so each block is computed once for its two.
          if (s % 2 == 0) block = draw_pair(subkey, node, static_cast<uint64_t>(s) / 2);
          return s % 2 == 0 ? block.x0 : block.x1;
        },
        degree, fanout, picks, set);
  } else {
    constexpr int kLanes = Group::kLanes;
    const bool linear = fanout <= kLinearSearchFanout;
    if (!linear) {
      for_each_strided(g, 0, static_cast<int64_t>(set.mask) + 1,
                       [&](int, int64_t slot) { set.slots[slot] = PickSet::kEmpty; });
    }
    const int64_t lowest = degree - fanout;
    for (int64_t tile = 0; tile < fanout; tile += kLanes) {
      Lane<Group, int64_t> pick;
      Lane<Group, bool> taken;
      // Against the picks of earlier tiles.
      g.each([&](int lane) {
        const int64_t s = tile + lane;
        taken[lane] = false;
        pick[lane] = -1;
        if (s < fanout) {
          pick[lane] = bounded(draw(subkey, node, static_cast<uint64_t>(s)), static_cast<uint64_t>(lowest + s) + 1);
          if (linear) {
            for (int64_t earlier = 0; earlier < tile; ++earlier) taken[lane] |= picks[earlier] == pick[lane];
          } else {
            taken[lane] = set.contains(static_cast<uint64_t>(pick[lane]));
          }
          if (taken[lane]) pick[lane] = lowest + s;
        }
      });
      // Against earlier lanes of this tile: what a lane has taken is final once all lanes before it are. A lane that
      // took its own top number j can meet no earlier pick, since those are below j.
      const int64_t rest = fanout - tile;
      const int active = rest < kLanes ? static_cast<int>(rest) : kLanes;
      for (int earlier = 0; earlier + 1 < active; ++earlier) {
        const int64_t other = g.shuffle(pick, earlier);
        g.each([&](int lane) {
          if (lane > earlier && pick[lane] == other) pick[lane] = lowest + tile + lane;
        });
      }
      g.each([&](int lane) {
        const int64_t s = tile + lane;
        if (s < fanout) {
          store(lane, s, pick[lane]);
          if (!linear) set.insert<Atomics>(static_cast<uint64_t>(pick[lane]));
        }
      });
    }
  }
}

// As Floyd's.
template <class Group, class Store>
UNI_HOST_DEVICE inline void draw_with_replacement(Group &g, const Subkey &subkey, uint64_t node, int64_t degree,
                                                  int64_t fanout, Store &&store) {
  const uint64_t n = static_cast<uint64_t>(degree);
  if constexpr (Group::kLanes == 1) {
    for (int64_t pair = 0; pair < (fanout + 1) / 2; ++pair) {
      const Block block = draw_pair(subkey, node, static_cast<uint64_t>(pair));
      store(0, 2 * pair, bounded(block.x0, n));
      if (2 * pair + 1 < fanout) store(0, 2 * pair + 1, bounded(block.x1, n));
    }
  } else {
    for_each_strided(g, 0, fanout, [&](int lane, int64_t s) {
      store(lane, s, bounded(draw(subkey, node, static_cast<uint64_t>(s)), n));
    });
  }
}

// Fills picks[0 .. num_drawn) with positions in [0, degree).
template <class Group>
UNI_HOST_DEVICE inline void draw_neighbors(Group &g, const Subkey &subkey, uint64_t node, int64_t degree,
                                           int64_t fanout, bool replace, int64_t *picks, const PickSet &set) {
  const auto store = [picks](int, int64_t s, int64_t pick) { picks[s] = pick; };
  switch (how_to_draw(degree, fanout, replace)) {
    case Draw::kNothing:
      break;
    case Draw::kAll:
      for_each_strided(g, 0, degree, [&](int, int64_t i) { picks[i] = i; });
      break;
    case Draw::kFloyd:
      draw_floyd(g, subkey, node, degree, fanout, picks, set, store);
      break;
    case Draw::kWithReplacement:
      draw_with_replacement(g, subkey, node, degree, fanout, store);
      break;
  }
}

}  // namespace uni::kernels
