// x86-64 with AVX-512 F, BW, DQ and VL: 16 lanes are one zmm register. In practice Skylake, whose first-level cache holds 32 KiB.
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
#define PK_AHEAD_NEAR
#define PK_AHEAD_INTO_L1
#define PK_SHARED_INTO_L2
#define PK_AGAIN_BYTES 1024
#define PK_WIDEN_ROWS PK_BAND_ROWS
#define PK_SPLIT_QUADS
#define PK_QUAD_PRODUCT(sum, w, x) quad_product(sum, w, x)
#define PK_NIBBLE_PAIRS(sum, w, x) nibble_pairs(sum, w, x)
#define PK_SUM_OF_PAIR(sum) sum_of_pair(sum)
#include "quad_product.h"

PK_INLINE bit_lanes quad_product(bit_lanes sum, bit_lanes w, bit_lanes x) {
    __m512i pairs = _mm512_maddubs_epi16((__m512i)w, (__m512i)x);
    return sum + (bit_lanes)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}

PK_INLINE bit_lanes nibble_pairs(bit_lanes sum, bit_lanes w, bit_lanes x) {
    return (bit_lanes)_mm512_add_epi16((__m512i)sum, _mm512_maddubs_epi16((__m512i)w, (__m512i)x));
}

PK_INLINE bit_lanes sum_of_pair(bit_lanes sum) {
    return (bit_lanes)_mm512_madd_epi16((__m512i)sum, _mm512_set1_epi16(1));
}

#include "kernels.h"
#pragma clang attribute pop
#endif
