// SPDX-License-Identifier: Apache-2.0
// The loop of a gather, in one form per vector width of the processor. A wider one is chosen at run time, so that the
// library needs no -march.
#pragma once

#include <cstdint>

namespace uni::cpu {

struct GatherRange {
  const char *source;
  int64_t source_pitch;
  int64_t num_source_rows;
  char *out;
  int64_t out_pitch;
  int64_t row_bytes;
  const void *index;
  int64_t begin, end;  // positions in the index
  bool wide_index;     // int64, else int32
  bool skip;           // zero the row of an index out of bounds, rather than trust it
  bool stream;         // write past the caches; needs results on 16-byte boundaries
};

// Returns how many indices were out of bounds.
using GatherRows = int64_t (*)(const GatherRange &range) noexcept;

int64_t gather_rows_baseline(const GatherRange &range) noexcept;
#if defined(__x86_64__)
int64_t gather_rows_avx2(const GatherRange &range) noexcept;
int64_t gather_rows_avx512(const GatherRange &range) noexcept;
#endif

// The widest form for this processor; UNITENSOR_CPU_SIMD=baseline|avx2|avx512 chooses a narrower one (for tests).
GatherRows choose_gather_rows() noexcept;

}  // namespace uni::cpu
