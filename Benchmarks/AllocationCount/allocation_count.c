#include "AllocationCount.h"

#include <stdatomic.h>
#include <stdlib.h>

#ifdef __GLIBC__

// The executable's own symbols come before the C library's, so these are what everybody calls; glibc has the real ones
// under a second name.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_int_fast64_t allocations;

static void count_one(void) { atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed); }

void *malloc(size_t size) {
    count_one();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    count_one();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    count_one();
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count_one();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    count_one();
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return 12;  // ENOMEM
    *block = memory;
    return 0;
}

int64_t allocation_count(void) { return atomic_load_explicit(&allocations, memory_order_relaxed); }

#else

int64_t allocation_count(void) { return -1; }

#endif
