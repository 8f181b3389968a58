// SPDX-License-Identifier: Apache-2.0
// Numbering nodes by first appearance: docs/sampling.md, section 3.
//
// A table gives each node one value, the least that was inserted for it. What has a number already is found by that
// number; what is met in a pass is inserted with `base` plus its position, `base` being the count of numbers given so
// far, so that numbers win over positions and early positions over late ones. The passes, each over any split of the
// positions, all threads meeting in between:
//   insert    every position puts its node into the table
//   find      reads back the least value; a position that finds itself is the first appearance of a new node
//   number    gives the first appearances the next numbers, in order of position (needs a prefix sum of their counts)
//   look_up   gives every other position the number of the first appearance that it found
#pragma once

#include <cstdint>

#include "kernels/atomics.hpp"
#include "kernels/lane_group.hpp"

namespace uni::kernels {

// A word is a stamp of 24 bits and a value of 40. The stamp is the epoch in which the word was written, so that a table
// is emptied by taking the next epoch. Values are kept as their complement: the larger word is the one of the later
// epoch and, within an epoch, of the smaller value.
constexpr int kValueBits = 40;
constexpr uint64_t kValueMask = (uint64_t{1} << kValueBits) - 1;
constexpr uint64_t kMaxEpoch = (uint64_t{1} << (64 - kValueBits)) - 1;
constexpr int64_t kNoValue = -1;

// A view of a table. Dense: one word to a node of the graph. Otherwise open addressing over pairs of words, a key (the
// node under the stamp) and a value; the caller keeps it at most half full.
template <bool kDense>
struct NodeTable {
  uint64_t *words;
  uint64_t stamp;  // the epoch, shifted
  uint64_t mask;   // of pairs, where not dense

  UNI_HOST_DEVICE bool is_current(uint64_t word) const { return (word ^ stamp) <= kValueMask; }
  UNI_HOST_DEVICE uint64_t pack(int64_t value) const { return stamp | (kValueMask - static_cast<uint64_t>(value)); }
  UNI_HOST_DEVICE static int64_t unpack(uint64_t word) {
    return static_cast<int64_t>(kValueMask - (word & kValueMask));
  }
  UNI_HOST_DEVICE uint64_t home(uint64_t node) const { return (node * 0x9E3779B97F4A7C15u >> 24) & mask; }

  // The word to prefetch before a node is looked for.
  UNI_HOST_DEVICE uint64_t *first_word(uint64_t node) const {
    if constexpr (kDense) return words + node;
    return words + 2 * home(node);
  }

  // The node's value; if it had none, `next`, which is its value from now on. For one thread.
  UNI_HOST_DEVICE int64_t find_or_insert(uint64_t node, int64_t next) {
    if constexpr (kDense) {
      const uint64_t word = words[node], fresh = pack(next);
      // Words of this epoch are not smaller than its stamp, and all others are.
      const uint64_t kept = is_current(word) ? word : fresh;
      words[node] = kept;
      return unpack(kept);
    } else {
      for (uint64_t pair = home(node);; pair = (pair + 1) & mask) {
        const uint64_t key = words[2 * pair];
        if (key == (stamp | node)) return unpack(words[2 * pair + 1]);
        if (!is_current(key)) {
          words[2 * pair] = stamp | node;
          words[2 * pair + 1] = pack(next);
          return next;
        }
      }
    }
  }

  // The node's value, or kNoValue. While nobody inserts.
  UNI_HOST_DEVICE int64_t find(uint64_t node) const {
    if constexpr (kDense) {
      const uint64_t word = words[node];
      return is_current(word) ? unpack(word) : kNoValue;
    } else {
      for (uint64_t pair = home(node);; pair = (pair + 1) & mask) {
        const uint64_t key = words[2 * pair];
        if (key == (stamp | node)) return unpack(words[2 * pair + 1]);
        if (!is_current(key)) return kNoValue;
      }
    }
  }

  // Lowers the node's value to `value`. Threads may do so side by side.
  template <class Access = Atomics>
  UNI_HOST_DEVICE void insert_least(uint64_t node, int64_t value) const {
    if constexpr (kDense) {
      Access::max(words + node, pack(value));
    } else {
      const uint64_t mine = stamp | node;
      for (uint64_t pair = home(node);; pair = (pair + 1) & mask) {
        uint64_t key = Access::load(words + 2 * pair);
        // The only writer of a pair that is not of this epoch is one that claims it.
        if (!is_current(key)) {
          const uint64_t seen = Access::compare_exchange(words + 2 * pair, key, mine);
          key = seen == key ? mine : seen;
        }
        if (key == mine) return Access::max(words + 2 * pair + 1, pack(value));
      }
    }
  }

  // Sets the value of a node that is in the table. Threads may do so side by side for different nodes.
  UNI_HOST_DEVICE void renumber(uint64_t node, int64_t value) const {
    if constexpr (kDense) {
      words[node] = pack(value);
    } else {
      for (uint64_t pair = home(node);; pair = (pair + 1) & mask) {
        if (words[2 * pair] == (stamp | node)) {
          words[2 * pair + 1] = pack(value);
          return;
        }
      }
    }
  }
};

template <class Access = Atomics, class Group, bool kDense, class Node>
UNI_HOST_DEVICE inline void relabel_insert(Group &g, const NodeTable<kDense> &table, const Node *nodes, int64_t begin,
                                           int64_t end, int64_t base) {
  for_each_strided(g, begin, end, [&](int, int64_t position) {
    table.template insert_least<Access>(static_cast<uint64_t>(nodes[position]), base + position);
  });
}

// found[position] = the least value of its node. Returns how many positions found themselves.
template <class Group, bool kDense, class Node>
UNI_HOST_DEVICE inline int64_t relabel_find(Group &g, const NodeTable<kDense> &table, const Node *nodes, int64_t begin,
                                            int64_t end, int64_t base, int64_t *found) {
  Lane<Group, int64_t> firsts;
  g.each([&](int lane) { firsts[lane] = 0; });
  for_each_strided(g, begin, end, [&](int lane, int64_t position) {
    found[position] = table.find(static_cast<uint64_t>(nodes[position]));
    firsts[lane] += found[position] == base + position;
  });
  return g.sum(firsts);
}

// Gives the first appearances in [begin, end) the numbers from `next` on: numbers[position], and list[number] = node.
// With `keep` the table has the numbers afterwards, as the next pass needs it.
template <class Group, bool kDense, class Node>
UNI_HOST_DEVICE inline void relabel_number(Group &g, const NodeTable<kDense> &table, const Node *nodes, int64_t begin,
                                           int64_t end, int64_t base, const int64_t *found, int64_t next, bool keep,
                                           Node *numbers, Node *list) {
  for (int64_t tile = begin; tile < end; tile += Group::kLanes) {
    Lane<Group, int32_t> is_first;
    g.each([&](int lane) {
      const int64_t position = tile + lane;
      is_first[lane] = position < end && found[position] == base + position;
    });
    const Lane<Group, int32_t> before = g.scan(is_first);
    const int32_t firsts = g.sum(is_first);
    g.each([&](int lane) {
      const int64_t position = tile + lane;
      if (!is_first[lane]) return;
      const int64_t number = next + before[lane];
      numbers[position] = static_cast<Node>(number);
      list[number] = nodes[position];
      if (keep) table.renumber(static_cast<uint64_t>(nodes[position]), number);
    });
    next += firsts;
  }
}

// Completes numbers[] for the positions that are no first appearance.
template <class Group, class Node>
UNI_HOST_DEVICE inline void relabel_look_up(Group &g, int64_t begin, int64_t end, int64_t base, const int64_t *found,
                                            Node *numbers) {
  for_each_strided(g, begin, end, [&](int, int64_t position) {
    if (found[position] < base) {
      numbers[position] = static_cast<Node>(found[position]);
    } else if (found[position] != base + position) {
      numbers[position] = numbers[found[position] - base];
    }
  });
}

}  // namespace uni::kernels
