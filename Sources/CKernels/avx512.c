// x86-64 with AVX-512 F, BW, DQ and VL: 16 lanes are one zmm register.
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define PK_NAME "avx512"
#define PK_TABLE pk_kernels_avx512
#define PK_MXCSR
#define PK_WIDE_TILE
#define PK_MADD_16(a, b) ((bit_lanes)_mm512_madd_epi16((__m512i)(a), (__m512i)(b)))
#include "kernels.h"
#pragma clang attribute pop
#endif
