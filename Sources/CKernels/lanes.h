// The vector of every kernel: 16 float lanes, in clang's vector extension. One zmm on AVX-512, two ymm on AVX2, four
// registers on Arm, sixteen scalars if need be. The arithmetic is written once over this type; a file per instruction
// set (avx2.c, …) gives it a target. Every operation below is lane by lane and rounds once as IEEE 754 says, so which
// registers carry the lanes can not be seen in the result.
//
// Included once per instruction set, inside its target; everything here is static.
#ifndef PK_LANES_H
#define PK_LANES_H

#include "CKernels.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF
// Vectors are passed only to inlined functions of the same file: no calling convention is concerned.
#pragma clang diagnostic ignored "-Wpsabi"

#define PK_UNROLLED _Pragma("clang loop unroll(full)")
#define PK_INLINE static inline __attribute__((always_inline, unused))
// The compiler takes an integer or an address as it is and knows nothing of where it came from.
#define PK_OPAQUE(value) __asm__("" : "+r"(value))

typedef float lanes __attribute__((vector_size(64)));
typedef double wide_lanes __attribute__((vector_size(128)));
typedef int32_t int_lanes __attribute__((vector_size(64)));
typedef uint32_t bit_lanes __attribute__((vector_size(64)));

PK_INLINE lanes splat(float v) { return (lanes){v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v}; }

PK_INLINE bit_lanes splat_bits(uint32_t value) { return (bit_lanes){0} + value; }

PK_INLINE lanes load(const float *from) {
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

PK_INLINE bit_lanes load_bits(const void *from) {
    bit_lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

// What a row gives to one step: 32 bits that every lane is multiplied with. x86 spreads them over the lanes as it loads
// them. On Arm they stay in one lane of a register and the products take them from there ("by element"): ld1r would
// take a turn of the arithmetic pipes on most cores. The empty asm keeps clang from making one.
#if defined(__aarch64__)
typedef uint32_t scalar_word __attribute__((vector_size(16)));

PK_INLINE scalar_word load_scalar(const void *from) {
    scalar_word scalar = {0};
    memcpy(&scalar, from, sizeof(uint32_t));
    __asm__("" : "+w"(scalar));
    return scalar;
}

PK_INLINE bit_lanes spread(scalar_word scalar) {
    return __builtin_shufflevector(scalar, scalar, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

PK_INLINE lanes splat_from(const void *from) {
    float __attribute__((vector_size(16))) scalar = (float __attribute__((vector_size(16))))load_scalar(from);
    return __builtin_shufflevector(scalar, scalar, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}
#else
typedef bit_lanes scalar_word;

PK_INLINE scalar_word load_scalar(const void *from) {
    uint32_t scalar;
    memcpy(&scalar, from, sizeof scalar);
    return splat_bits(scalar);
}

PK_INLINE bit_lanes spread(scalar_word scalar) { return scalar; }

PK_INLINE lanes splat_from(const void *from) {
    float scalar;
    memcpy(&scalar, from, sizeof scalar);
    return splat(scalar);
}
#endif

PK_INLINE void store(float *to, lanes value) { memcpy(to, &value, sizeof value); }

// The first `count` lanes from memory (1 ≤ count ≤ 16), the others `fill`. Never reads past `count`.
PK_INLINE lanes load_first(const float *from, int64_t count, float fill) {
    if (count >= PK_LANES) return load(from);
    lanes value = splat(fill);
    memcpy(&value, from, (size_t)count * sizeof(float));
    return value;
}

PK_INLINE void store_first(float *to, int64_t count, lanes value) {
    if (count >= PK_LANES) {
        store(to, value);
    } else {
        memcpy(to, &value, (size_t)count * sizeof(float));
    }
}

PK_INLINE bit_lanes bits_of(lanes value) { return (bit_lanes)value; }

// Where the mask is all ones `yes`, where it is zero `no`.
PK_INLINE lanes choose(int_lanes mask, lanes yes, lanes no) {
    return (lanes)(((int_lanes)yes & mask) | ((int_lanes)no & ~mask));
}

// a·b + c, rounded once.
PK_INLINE lanes fused(lanes a, lanes b, lanes c) { return __builtin_elementwise_fma(a, b, c); }

// The greater; where `value` is NaN, `than`.
PK_INLINE lanes greater(lanes value, lanes than) { return choose(value > than, value, than); }

PK_INLINE int_lanes lane_numbers(void) {
    return (int_lanes){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

// The one tree in which 16 lanes are added: lane i with lane i + 8, then + 4, + 2, + 1.
PK_INLINE float sum_of_lanes(lanes v) {
    float part[PK_LANES];
    store(part, v);
    for (int half = PK_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) part[i] = part[i] + part[i + half];
    }
    return part[0];
}

PK_INLINE double sum_of_wide_lanes(wide_lanes v) {
    double part[PK_LANES];
    memcpy(part, &v, sizeof part);
    for (int half = PK_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) part[i] = part[i] + part[i + half];
    }
    return part[0];
}

PK_INLINE float max_of_lanes(lanes v) {
    float part[PK_LANES];
    store(part, v);
    for (int half = PK_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) part[i] = part[i + half] > part[i] ? part[i + half] : part[i];
    }
    return part[0];
}

#endif
