// AVX-512 with the BF16 instructions: as avx512.c, but vdpbf16ps does the two fused steps of a bf16 pair at once. The
// instruction flushes subnormals by itself and does not look at MXCSR. Tiles of more rows do without it (panel_bf16.h).
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define PK_NAME "avx512bf16"
#define PK_TABLE pk_kernels_avx512bf16
#define PK_WIDE_TILE
#define PK_MXCSR
#define PK_PAIR_PRODUCT(sum, a, b) ((lanes)_mm512_dpbf16_ps((__m512)(sum), (__m512bh)(a), (__m512bh)(b)))
#include "kernels.h"
#pragma clang attribute pop
#endif
