// SPDX-License-Identifier: Apache-2.0
// How lane groups read the adjacency lists of a graph, which may lie in memory of the host.
//
// Over the link a GPU asks for what the lanes of one instruction touch of a line of 128 bytes, in one request for each run
// of 32-byte sectors (Min et al., "EMOGI", PVLDB 14(2), section 3.3), and how many requests a second it can make is what
// limits a sampler. So the two offsets of a node are read by two lanes in one instruction; and of a list that is short for
// what is drawn from it, the lines are read whole, once, 16 bytes to a lane, and the entries handed on from lane to lane.
// Of a long list single entries are read.
#pragma once

#include <cstdint>

#include "kernels/global_access.hpp"
#include "kernels/lane_group.hpp"

namespace uni::kernels {

// Where the list of a node stands in the entries of all.
struct alignas(16) AdjacencyList {
  int64_t begin;
  int64_t degree;
};

// Positions in a list that slots 0, 1, ... have drawn.
template <class Group>
struct Picks {
  bool one_to_a_lane;  // they stand in `of_lane`; else in memory
  const Lane<Group, int64_t> &of_lane;
  const int64_t *in_memory;

  UNI_HOST_DEVICE int64_t of(int lane, int64_t slot) const { return one_to_a_lane ? of_lane[lane] : in_memory[slot]; }
};

// Reads a list as a whole: consume(lane, slot, entry). One that takes several instructions is read from the border of a
// line on, so that no line is asked for twice.
template <class Group, class Entry, class Consume>
UNI_HOST_DEVICE inline void read_all_entries(Group &g, const Entry *list, int64_t degree, Consume &&consume) {
  constexpr uint64_t kPerLine = kLineBytes / sizeof(Entry);
  const int64_t shift =
      degree > Group::kLanes ? static_cast<int64_t>(reinterpret_cast<uintptr_t>(list) / sizeof(Entry) % kPerLine) : 0;
  for (int64_t tile = -shift; tile < degree; tile += Group::kLanes) {
    g.each([&](int lane) {
      const int64_t slot = tile + lane;
      const bool wanted = slot >= 0 && slot < degree;
      const Entry entry = g.load(lane, wanted, list, slot);
      if (wanted) consume(lane, slot, entry);
    });
  }
}

// Reads the entries of slots [0, num_drawn) one by one: consume(lane, slot, entry).
template <class Group, class Entry, class Consume>
UNI_HOST_DEVICE inline void read_single_entries(Group &g, const Entry *list, int64_t num_drawn,
                                                const Picks<Group> &picks, Consume &&consume) {
  for (int64_t tile = 0; tile < num_drawn; tile += Group::kLanes) {
    g.each([&](int lane) {
      const int64_t slot = tile + lane;
      const bool wanted = slot < num_drawn;
      const Entry entry = g.load(lane, wanted, list, wanted ? picks.of(lane, slot) : 0);
      if (wanted) consume(lane, slot, entry);
    });
  }
}

// The 16 bytes at `at`, as far as they belong to the array: the list may stand at one of its ends.
template <class Entry, class Group>
UNI_HOST_DEVICE inline Piece16 load_piece(Group &g, int lane, bool wanted, uintptr_t at, const Entry *array,
                                          int64_t num_entries) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(array), end = reinterpret_cast<uintptr_t>(array + num_entries);
  const bool whole = at >= begin && at + sizeof(Piece16) <= end;
  Piece16 piece = g.load(lane, wanted && whole, reinterpret_cast<const Piece16 *>(at));
  if (wanted && !whole) piece = load_bytes(at, begin, end);
  return piece;
}

// Whether it takes fewer requests to read `num_lines` lines whole than to read `num_drawn` entries of them, drawn at random:
// these fall into runs of sectors, of which there are more than lines from one and a half entries to a line on, up to 1.4
// times as many: tests/plugins/test_requests.cpp counts them. What the lanes of a group cannot hold in a few turns is not short.
template <class Group>
UNI_HOST_DEVICE inline bool reads_whole_lines(int64_t num_lines, int64_t num_drawn) {
  return 2 * num_drawn > 3 * num_lines && num_lines <= Group::kLanes && num_drawn <= 1 << 20;
}

// As read_single_entries, line by line. `array` has the lists of all nodes.
template <class Group, class Entry, class Consume>
UNI_HOST_DEVICE inline void read_whole_lines(Group &g, const Entry *array, int64_t num_entries,
                                             const AdjacencyList &where, int num_drawn, const Picks<Group> &picks,
                                             Consume &&consume) {
  constexpr int kPieceBytes = sizeof(Piece16), kEntryBytes = sizeof(Entry), kTileBytes = Group::kLanes * kPieceBytes;
  static_assert(kTileBytes >= static_cast<int>(kLineBytes), "a tile is a line at least");
  const uintptr_t list = reinterpret_cast<uintptr_t>(array + where.begin);
  const uintptr_t first_line = list & ~static_cast<uintptr_t>(kLineBytes - 1);
  // From the first line on. Short lists have few bytes.
  const int list_begin = static_cast<int>(list - first_line);
  const int list_end = list_begin + static_cast<int>(where.degree) * kEntryBytes;
  UNI_DO_NOT_UNROLL
  for (int tile = 0; tile < list_end; tile += kTileBytes) {
    Lane<Group, uint64_t> low, high;
    g.each([&](int lane) {
      const int at = tile + lane * kPieceBytes;
      const bool wanted = at + kPieceBytes > list_begin && at < list_end;
      const Piece16 piece = load_piece(g, lane, wanted, first_line + static_cast<uintptr_t>(at), array, num_entries);
      low[lane] = piece.low;
      high[lane] = piece.high;
    });
    UNI_DO_NOT_UNROLL
    for (int first_slot = 0; first_slot < num_drawn; first_slot += Group::kLanes) {
      Lane<Group, int> byte;  // of the entry within the tile; outside: not here
      Lane<Group, int> source;
      g.each([&](int lane) {
        const int slot = first_slot + lane;
        byte[lane] = -1;
        if (slot < num_drawn) byte[lane] = list_begin - tile + static_cast<int>(picks.of(lane, slot)) * kEntryBytes;
        source[lane] = byte[lane] / kPieceBytes & (Group::kLanes - 1);
      });
      const Lane<Group, uint64_t> its_low = g.shuffle(low, source), its_high = g.shuffle(high, source);
      g.each([&](int lane) {
        if (byte[lane] < 0 || byte[lane] >= kTileBytes) return;
        uint64_t value = (byte[lane] & 8) != 0 ? its_high[lane] : its_low[lane];
        if constexpr (kEntryBytes == 4) value >>= (byte[lane] & 4) * 8;
        consume(lane, first_slot + lane, static_cast<Entry>(value));
      });
    }
  }
}

// Reads the entries that slots [0, num_drawn) of a list have drawn: consume(lane, slot, entry), each once.
template <class Group, class Entry, class Consume>
UNI_HOST_DEVICE inline void read_drawn_entries(Group &g, const Entry *array, int64_t num_entries, bool over_link,
                                               const AdjacencyList &where, bool all, int64_t num_drawn,
                                               const Picks<Group> &picks, Consume &&consume) {
  if (num_drawn == 0) return;
  if (all) return read_all_entries(g, array + where.begin, where.degree, consume);
  if constexpr (Group::kLanes * sizeof(Piece16) >= kLineBytes) {
    const uintptr_t list = reinterpret_cast<uintptr_t>(array + where.begin);
    const uintptr_t last = list + static_cast<uintptr_t>(where.degree) * sizeof(Entry) - 1;
    if (over_link &&
        reads_whole_lines<Group>(static_cast<int64_t>(last / kLineBytes - list / kLineBytes) + 1, num_drawn))
      return read_whole_lines(g, array, num_entries, where, static_cast<int>(num_drawn), picks, consume);
  }
  read_single_entries(g, array + where.begin, num_drawn, picks, consume);
}

}  // namespace uni::kernels
