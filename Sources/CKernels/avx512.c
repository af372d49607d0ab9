// x86-64 with AVX-512 F, BW, DQ and VL: 16 lanes are one zmm register.
#if defined(__x86_64__)
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <xmmintrin.h>

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define PK_NAME "avx512"
#define PK_TABLE pk_kernels_avx512
#define PK_WIDE_TILE
#define PK_MXCSR
#include "kernels.h"
#pragma clang attribute pop
#endif
