/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings, files, plugins and threads. Programs built with 64-bit file offsets call the names that end in 64. */
#undef _FILE_OFFSET_BITS /* Here both forms of each name are defined. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpose.h"

static _Atomic int64_t live_mapped;
int64_t fault_live_mapped(void) { return atomic_load(&live_mapped); }

/* Looks the real function up once, into a static variable of the replacement. */
#define REAL(result, name, ...) \
  static result (*real)(__VA_ARGS__); \
  if (real == NULL) *(void **)&real = fault_real(name)

static int fails(enum fault_kind kind, int code) {
  if (!fault_hit(kind)) return 0;
  errno = code;
  return 1;
}

static int64_t pages(size_t size) { return (int64_t)((size + 4095) / 4096 * 4096); }

#define DEFINE_MMAP(name) \
  void *name(void *address, size_t size, int protection, int flags, int file, off_t offset) { \
    REAL(void *, #name, void *, size_t, int, int, int, off_t); \
    if (fails(FAULT_MMAP, ENOMEM)) return MAP_FAILED; \
    void *data = real(address, size, protection, flags, file, offset); \
    if (data != MAP_FAILED && (flags & MAP_FIXED) == 0) atomic_fetch_add(&live_mapped, pages(size)); \
    return data; \
  }
DEFINE_MMAP(mmap)
DEFINE_MMAP(mmap64)

int munmap(void *address, size_t size) {
  REAL(int, "munmap", void *, size_t);
  const int code = real(address, size);
  if (code == 0) atomic_fetch_sub(&live_mapped, pages(size));
  return code;
}

int madvise(void *address, size_t size, int advice) {
  REAL(int, "madvise", void *, size_t, int);
  return fails(FAULT_MADVISE, EINVAL) ? -1 : real(address, size, advice);
}

#define DEFINE_OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(int, #name, const char *, int, ...); \
    va_list list; \
    va_start(list, flags); \
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0; \
    va_end(list); \
    return fails(FAULT_OPEN, EMFILE) ? -1 : real(path, flags, mode); \
  }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    REAL(int, #name, int, const char *, int, ...); \
    va_list list; \
    va_start(list, flags); \
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0; \
    va_end(list); \
    return fails(FAULT_OPEN, EMFILE) ? -1 : real(folder, path, flags, mode); \
  }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

#define DEFINE_FOPEN(name) \
  FILE *name(const char *path, const char *mode) { \
    REAL(FILE *, #name, const char *, const char *); \
    return fails(FAULT_OPEN, EMFILE) ? NULL : real(path, mode); \
  }
DEFINE_FOPEN(fopen)
DEFINE_FOPEN(fopen64)

/* What a read or write of this size does: -1 fails, else how many bytes it may move. */
static ssize_t transfer(enum fault_kind kind, size_t size) {
  if (!fault_hit(kind)) return (ssize_t)size;
  switch (fault_current_mode()) {
    case FAULT_SHORT:
      return size > 1 ? 1 : (ssize_t)size;
    case FAULT_INTERRUPT:
      errno = EINTR;
      return -1;
    default:
      errno = kind == FAULT_WRITE ? ENOSPC : EIO;
      return -1;
  }
}

ssize_t read(int file, void *data, size_t size) {
  REAL(ssize_t, "read", int, void *, size_t);
  const ssize_t allowed = transfer(FAULT_READ, size);
  return allowed < 0 ? -1 : real(file, data, (size_t)allowed);
}

ssize_t write(int file, const void *data, size_t size) {
  REAL(ssize_t, "write", int, const void *, size_t);
  const ssize_t allowed = transfer(FAULT_WRITE, size);
  return allowed < 0 ? -1 : real(file, data, (size_t)allowed);
}

#define DEFINE_PREAD(name) \
  ssize_t name(int file, void *data, size_t size, off_t offset) { \
    REAL(ssize_t, #name, int, void *, size_t, off_t); \
    const ssize_t allowed = transfer(FAULT_READ, size); \
    return allowed < 0 ? -1 : real(file, data, (size_t)allowed, offset); \
  }
DEFINE_PREAD(pread)
DEFINE_PREAD(pread64)

#define DEFINE_PWRITE(name) \
  ssize_t name(int file, const void *data, size_t size, off_t offset) { \
    REAL(ssize_t, #name, int, const void *, size_t, off_t); \
    const ssize_t allowed = transfer(FAULT_WRITE, size); \
    return allowed < 0 ? -1 : real(file, data, (size_t)allowed, offset); \
  }
DEFINE_PWRITE(pwrite)
DEFINE_PWRITE(pwrite64)

int fsync(int file) {
  REAL(int, "fsync", int);
  return fails(FAULT_FSYNC, EIO) ? -1 : real(file);
}

int fdatasync(int file) {
  REAL(int, "fdatasync", int);
  return fails(FAULT_FSYNC, EIO) ? -1 : real(file);
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  return fails(FAULT_RENAME, EACCES) ? -1 : real(from, to);
}

int fstat(int file, struct stat *status) {
  REAL(int, "fstat", int, struct stat *);
  return fails(FAULT_STAT, EIO) ? -1 : real(file, status);
}

int fstat64(int file, struct stat64 *status) {
  REAL(int, "fstat64", int, struct stat64 *);
  return fails(FAULT_STAT, EIO) ? -1 : real(file, status);
}

#define DEFINE_TRUNCATE(name) \
  int name(int file, off_t size) { \
    REAL(int, #name, int, off_t); \
    return fails(FAULT_TRUNCATE, ENOSPC) ? -1 : real(file, size); \
  }
DEFINE_TRUNCATE(ftruncate)
DEFINE_TRUNCATE(ftruncate64)

/* The descriptor is gone also where close reports an error. */
int close(int file) {
  REAL(int, "close", int);
  const int failing = fault_hit(FAULT_CLOSE), code = real(file);
  if (failing) errno = EIO;
  return failing ? -1 : code;
}

void *dlopen(const char *path, int flags) {
  REAL(void *, "dlopen", const char *, int);
  /* The real function fails for this name, so that dlerror has something to say. */
  return fault_hit(FAULT_DLOPEN) ? real("/nonexistent/injected-fault.so", flags) : real(path, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
  REAL(int, "pthread_create", pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  return fault_hit(FAULT_THREAD) ? EAGAIN : real(thread, attributes, body, argument);
}
