// AVX-512 with VNNI and the BF16 instructions: vdpbf16ps does the two fused steps of a bf16 pair at once. It flushes
// subnormals by itself and does not look at MXCSR. For CPUs that start one as often as a fused float step (AMD's).
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("avx512bf16,avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define PK_NAME "avx512bf16"
#define PK_TABLE pk_kernels_avx512bf16
#define PK_MXCSR
#define PK_WIDE_TILE
#define PK_AHEAD_NEAR
#define PK_AHEAD_INTO_L1
#define PK_HINTED_INT4_ROWS 2
#define PK_PAIR_PRODUCT(sum, a, b) ((lanes)_mm512_dpbf16_ps((__m512)(sum), (__m512bh)(a), (__m512bh)(b)))
#define PK_QUAD_PRODUCT(sum, w, x) ((bit_lanes)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(w), (__m512i)(x)))
#include "kernels.h"
#pragma clang attribute pop
#endif
