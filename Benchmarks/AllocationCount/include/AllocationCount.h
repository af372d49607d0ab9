// How many blocks of memory this process has asked for, on all threads: a hot loop must leave it as it was.
#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

#include <stdint.h>

// Calls of malloc, calloc, realloc and their aligned kin so far; −1 where they are not counted (other than glibc).
int64_t allocation_count(void);

#endif
