/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a target without libFuzzer: every file of the folders given, its prefixes, and a fixed number of changed copies
 * of each, the same ones every time. Usage: fuzz_X FOLDER... */
#define _GNU_SOURCE
#include <dirent.h>

#include "fuzz.h"

enum { max_size = 1 << 20, changes_per_file = 400, max_prefixes = 400 };

static uint64_t random_state = 1;
static uint64_t next_random(void) {
  uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* A copy of exactly the size given, so that a sanitizer sees a read beyond it. */
static void run(const uint8_t *data, size_t size) {
  uint8_t *copy = calloc(size > 0 ? size : 1, 1);
  CHECK(copy != NULL);
  if (size > 0) memcpy(copy, data, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
}

static void run_changed(const uint8_t *data, size_t size) {
  uint8_t *changed = malloc(size + 16);
  CHECK(changed != NULL);
  for (int i = 0; i < changes_per_file && size > 0; ++i) {
    size_t length = size;
    memcpy(changed, data, size);
    for (uint64_t n = 1 + next_random() % 4; n > 0; --n) {
      const size_t place = (size_t)(next_random() % length);
      switch (next_random() % 4) {
        case 0:
          changed[place] ^= (uint8_t)(1u << (next_random() % 8));
          break;
        case 1:
          changed[place] = (uint8_t)next_random();
          break;
        case 2:
          changed[place] = (uint8_t)(next_random() % 2 * 255);
          break;
        default:
          if (length < size + 16) { /* One byte more. */
            memmove(changed + place + 1, changed + place, length - place);
            ++length;
          }
      }
    }
    run(changed, length);
  }
  free(changed);
}

int main(int argc, char **argv) {
  static uint8_t data[max_size];
  int num_files = 0;
  run(data, 0);
  for (int i = 1; i < argc; ++i) {
    struct dirent **entries = NULL;
    const int count = scandir(argv[i], &entries, NULL, alphasort);
    for (int j = 0; j < count; ++j) {
      char path[1024];
      snprintf(path, sizeof path, "%s/%s", argv[i], entries[j]->d_name);
      FILE *file = entries[j]->d_name[0] == '.' ? NULL : fopen(path, "rb");
      free(entries[j]);
      if (file == NULL) continue;
      const size_t size = fread(data, 1, sizeof data, file);
      fclose(file);
      ++num_files;
      run(data, size);
      const size_t step = size / max_prefixes + 1;
      for (size_t length = 0; length < size; length += step) run(data, length);
      run_changed(data, size);
    }
    free(entries);
  }
  printf("%d files\n", num_files);
  return num_files > 0 ? 0 : 1;
}
