// x86-64 with AVX2 and FMA: 16 lanes are two ymm registers.
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("avx2,fma"))), apply_to = function)
#define PK_NAME "avx2"
#define PK_TABLE pk_kernels_avx2
#define PK_MXCSR
#define PK_HALVED
#define PK_HINTED_ROWS 2
#define PK_HINTED_INT4_ROWS 2
#define PK_TWO_STREAMS
#define PK_SPLIT_QUADS
#define PK_QUAD_PRODUCT(sum, w, x) quad_product(sum, w, x)
#define PK_NIBBLE_PAIRS(sum, w, x) nibble_pairs(sum, w, x)
#define PK_SUM_OF_PAIR(sum) sum_of_pair(sum)
#include "quad_product.h"

// 16 lanes are two ymm registers.
PK_INLINE bit_lanes quad_product(bit_lanes sum, bit_lanes w, bit_lanes x) {
    __m256i half[3][2];
    memcpy(half[0], &sum, sizeof sum);
    memcpy(half[1], &w, sizeof w);
    memcpy(half[2], &x, sizeof x);
    for (int i = 0; i < 2; i++) {
        __m256i pairs = _mm256_maddubs_epi16(half[1][i], half[2][i]);
        half[0][i] = _mm256_add_epi32(half[0][i], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        __asm__("" : "+x"(half[0][i]));  // or steps would be added to each other first, and the sums kept on the stack
    }
    return load_bits(half[0]);
}

PK_INLINE bit_lanes nibble_pairs(bit_lanes sum, bit_lanes w, bit_lanes x) {
    __m256i half[3][2];
    memcpy(half[0], &sum, sizeof sum);
    memcpy(half[1], &w, sizeof w);
    memcpy(half[2], &x, sizeof x);
    for (int i = 0; i < 2; i++) {
        half[0][i] = _mm256_add_epi16(half[0][i], _mm256_maddubs_epi16(half[1][i], half[2][i]));
        __asm__("" : "+x"(half[0][i]));  // likewise
    }
    return load_bits(half[0]);
}

PK_INLINE bit_lanes sum_of_pair(bit_lanes sum) {
    __m256i half[2];
    memcpy(half, &sum, sizeof sum);
    for (int i = 0; i < 2; i++) half[i] = _mm256_madd_epi16(half[i], _mm256_set1_epi16(1));
    return load_bits(half);
}

#include "kernels.h"
#pragma clang attribute pop
#endif
