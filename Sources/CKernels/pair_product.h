// The bf16 product of the panels: one 32-bit lane holds two bf16 elements of K, the even one in its low half.
//
// One step is what Intel documents for vdpbf16ps: acc ← fma(odd, odd, acc), then acc ← fma(even, even, acc), each
// rounded to nearest even, with subnormal operands taken as zero and subnormal results flushed to zero whatever MXCSR
// says (Intel SDM, volume 2, VDPBF16PS; checked bit by bit on Emerald Rapids). Here it is done without that instruction.
//
// On x86 MXCSR does the flushing for these two fused steps exactly as the instruction does: `flush_subnormals` around
// a noinline function. Elsewhere it is done on the bits.
#ifndef PK_PAIR_PRODUCT_H
#define PK_PAIR_PRODUCT_H

#include "lanes.h"

PK_INLINE lanes even_element(bit_lanes pair) { return (lanes)(pair << 16); }

PK_INLINE lanes odd_element(bit_lanes pair) { return (lanes)(pair & splat_bits(0xFFFF0000u)); }

#if defined(PK_MXCSR)

#include <xmmintrin.h>

enum { PK_FLUSH_TO_ZERO = 0x8000, PK_DENORMALS_ARE_ZERO = 0x0040 };

PK_INLINE uint32_t flush_subnormals(void) {
    uint32_t before = _mm_getcsr();
    _mm_setcsr(before | PK_FLUSH_TO_ZERO | PK_DENORMALS_ARE_ZERO);
    __asm__ volatile("" ::: "memory");
    return before;
}

PK_INLINE void restore_subnormals(uint32_t before) {
    __asm__ volatile("" ::: "memory");
    _mm_setcsr(before);
}

PK_INLINE lanes fused_flushing(lanes a, lanes b, lanes c) { return fused(a, b, c); }

#else

PK_INLINE uint32_t flush_subnormals(void) { return 0; }

PK_INLINE void restore_subnormals(uint32_t before) { (void)before; }

PK_INLINE lanes flushed(lanes v) {
    int_lanes subnormal = (bits_of(v) & splat_bits(0x7F800000u)) == splat_bits(0);
    return (lanes)(bits_of(v) & ~((bit_lanes)subnormal & splat_bits(0x7FFFFFFFu)));
}

// Whether a·b + c, rounded to 24 bits with no bound below, is still smaller than 2⁻¹²⁶, although IEEE's gradual
// underflow rounds it up to that: x86 decides on the former ("tiny after rounding") and flushes. Asked only where the
// rounded sum is ±2⁻¹²⁶; there the product (16 bits) and the sum are exact in double, or far above the border.
PK_INLINE int is_tiny(float a, float b, float c) {
    const double border = 0x1p-126 - 0x1p-151;  // halfway from the last 24-bit number below 2⁻¹²⁶; the tie goes up
    return __builtin_fabs((double)a * (double)b + (double)c) < border;
}

PK_INLINE lanes fused_flushing(lanes a, lanes b, lanes c) {
    a = flushed(a);
    b = flushed(b);
    lanes result = fused(a, b, c);  // c is +0 or an earlier result
    int_lanes at_border = (bits_of(result) & splat_bits(0x7FFFFFFFu)) == splat_bits(0x00800000u);
    if (__builtin_reduce_or(at_border) != 0) {
        for (int i = 0; i < PK_LANES; i++) {
            if (at_border[i] && is_tiny(a[i], b[i], c[i])) result[i] = __builtin_copysignf(0, result[i]);
        }
    }
    return flushed(result);
}

#endif

#endif
