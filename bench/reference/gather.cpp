// SPDX-License-Identifier: Apache-2.0
// A plain loop that gathers rows: what the library's gather is measured against. int64 indices, packed rows, no checks.
// Rows are asked for some way ahead, and a result of long rows that no cache would keep is written past the caches.
// Compiled for the processor that it runs on (-march=native), which the library is not.
//
// void uni_reference_gather(const char *source, int64_t row_bytes, const int64_t *index, int64_t count, char *out,
//     int32_t num_threads)
// Threads are started by each call but the first one's, which is the caller's; results are large, so that this is little.
#include <sys/mman.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr int64_t kAhead = 24;          // rows
constexpr int64_t kMostAhead = 8192;    // bytes
constexpr int64_t kPrefetched = 1024;   // of a row; then the processor goes on by itself
constexpr int64_t kStreamedRow = 1024;  // bytes

template <int64_t kSize>
void copy(char *to, const char *from, int64_t size) {
  std::memcpy(to, from, static_cast<size_t>(kSize > 0 ? kSize : size));
}

void copy_past_caches(char *to, const char *from, int64_t size) {
#if defined(__AVX512F__)
  for (int64_t at = 0; at < size; at += 64)
    _mm512_stream_si512(reinterpret_cast<__m512i *>(to + at), _mm512_loadu_si512(from + at));
#elif defined(__AVX2__)
  for (int64_t at = 0; at < size; at += 32)
    _mm256_stream_si256(reinterpret_cast<__m256i *>(to + at),
                        _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from + at)));
#else
  std::memcpy(to, from, static_cast<size_t>(size));
#endif
}

template <class Copy>
void gather(const char *source, int64_t row_bytes, const int64_t *index, int64_t begin, int64_t end, char *out,
            Copy copy_row) {
  int64_t ahead = kMostAhead / row_bytes;
  if (ahead > kAhead) ahead = kAhead;
  if (ahead < 2) ahead = 2;
  const int64_t prefetched = row_bytes < kPrefetched ? row_bytes : kPrefetched;
  for (int64_t i = begin; i < end; ++i) {
    if (i + ahead < end) {
      const char *next = source + index[i + ahead] * row_bytes;
      for (int64_t at = 0; at < prefetched; at += 64) __builtin_prefetch(next + at);
    }
    copy_row(out + i * row_bytes, source + index[i] * row_bytes, row_bytes);
  }
}

void gather_range(const char *source, int64_t row_bytes, const int64_t *index, int64_t begin, int64_t end, char *out) {
  const auto run = [&](auto copy_row) { gather(source, row_bytes, index, begin, end, out, copy_row); };
  if (row_bytes >= kStreamedRow && row_bytes % 64 == 0 && reinterpret_cast<uintptr_t>(out) % 64 == 0)
    return run(copy_past_caches);
  switch (row_bytes) {
    case 16:
      return run(copy<16>);
    case 32:
      return run(copy<32>);
    case 64:
      return run(copy<64>);
    case 128:
      return run(copy<128>);
    case 256:
      return run(copy<256>);
    case 512:
      return run(copy<512>);
    default:
      return run(copy<0>);
  }
}

}  // namespace

extern "C" void uni_reference_gather(const char *source, int64_t row_bytes, const int64_t *index, int64_t count,
                                     char *out, int32_t num_threads) {
  std::vector<std::thread> threads;
  for (int32_t t = 1; t < num_threads; ++t)
    threads.emplace_back(gather_range, source, row_bytes, index, count * t / num_threads, count * (t + 1) / num_threads,
                         out);
  gather_range(source, row_bytes, index, 0, count / num_threads, out);
  for (std::thread &thread : threads) thread.join();
}

// Memory on huge pages where the kernel has them, for the table and the result. NULL where there is none.
extern "C" void *uni_reference_allocate(int64_t num_bytes) {
  const size_t bytes = (static_cast<size_t>(num_bytes) + (2 << 20) - 1) >> 21 << 21;
  void *data = std::aligned_alloc(2 << 20, bytes);
  if (data != nullptr) madvise(data, bytes, MADV_HUGEPAGE);
  return data;
}

extern "C" void uni_reference_free(void *data) { std::free(data); }
