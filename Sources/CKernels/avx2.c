// x86-64 with AVX2 and FMA: 16 lanes are two ymm registers.
#if defined(__x86_64__)
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xmmintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define PK_NAME "avx2"
#define PK_TABLE pk_kernels_avx2
#define PK_MXCSR
#include "kernels.h"
#pragma clang attribute pop
#endif
