// AVX-512 with the BF16 instructions: as avx512.c, but vdpbf16ps does the two fused steps of a bf16 pair at once. The
// instruction flushes subnormals by itself and does not look at MXCSR. Every tile uses it: for CPUs that start one as often as
// a fused float step (AMD's). The bits are avx512bf16.c's.
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define PK_NAME "avx512bf16"
#define PK_TABLE pk_kernels_avx512bf16_pairs
#define PK_WIDE_TILE
#define PK_MXCSR
#define PK_PAIR_ALL_ROWS
#define PK_PAIR_PRODUCT(sum, a, b) ((lanes)_mm512_dpbf16_ps((__m512)(sum), (__m512bh)(a), (__m512bh)(b)))
#include "kernels.h"
#pragma clang attribute pop
#endif
