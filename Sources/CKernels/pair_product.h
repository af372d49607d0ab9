// The bf16 product of the panels: one 32-bit lane holds two bf16 elements of K, the even one in its low half.
//
// One step is what Intel documents for vdpbf16ps: acc ← fma(odd, odd, acc), then acc ← fma(even, even, acc), each
// rounded to nearest even, with subnormal operands taken as zero and subnormal results flushed to zero whatever MXCSR
// says (Intel SDM, volume 2, VDPBF16PS; checked bit by bit on Emerald Rapids). Here it is done without that instruction.
//
// On x86 MXCSR does the flushing for these two fused steps exactly as the instruction does: `flush_subnormals` around
// a noinline function. Arm's FPCR.FZ flushes what is subnormal before it is rounded, x86 what still is after that: the
// results between 2⁻¹²⁶ − 2⁻¹⁵¹ and 2⁻¹²⁶ differ. But FPSR then tells whether any result was flushed since it was cleared,
// and none is in ordinary work: so Arm takes the steps with FZ, and where it did flush, takes them once more on the bits.
// Elsewhere it is all done on the bits.
#ifndef PK_PAIR_PRODUCT_H
#define PK_PAIR_PRODUCT_H

#include "lanes.h"

PK_INLINE lanes even_element(bit_lanes pair) { return (lanes)(pair << 16); }

PK_INLINE lanes odd_element(bit_lanes pair) { return (lanes)(pair & splat_bits(0xFFFF0000u)); }

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

PK_INLINE lanes fused_on_bits(lanes a, lanes b, lanes c) {
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

// `flush_subnormals` begins the region of the fused steps, `restore_subnormals` ends it and tells whether one of the steps
// may differ from fused_on_bits.
#if defined(PK_MXCSR)

#include <xmmintrin.h>

enum { PK_FLUSH_TO_ZERO = 0x8000, PK_DENORMALS_ARE_ZERO = 0x0040 };

typedef uint32_t float_mode;

PK_INLINE float_mode flush_subnormals(void) {
    float_mode before = _mm_getcsr();
    _mm_setcsr(before | PK_FLUSH_TO_ZERO | PK_DENORMALS_ARE_ZERO);
    __asm__ volatile("" ::: "memory");
    return before;
}

PK_INLINE int restore_subnormals(float_mode before) {
    __asm__ volatile("" ::: "memory");
    _mm_setcsr(before);
    return 0;
}

PK_INLINE lanes fused_flushing(lanes a, lanes b, lanes c) { return fused(a, b, c); }

#elif defined(PK_FPCR)

enum { PK_FLUSH_TO_ZERO = 1 << 24, PK_UNDERFLOW = 1 << 3 };

typedef struct float_mode {
    uint64_t control, status;
} float_mode;

PK_INLINE float_mode flush_subnormals(void) {
    float_mode before;
    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(before.control), "=r"(before.status)::"memory");
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, xzr" ::"r"(before.control | PK_FLUSH_TO_ZERO) : "memory");
    return before;
}

PK_INLINE int restore_subnormals(float_mode before) {
    uint64_t status;
    __asm__ volatile("mrs %0, fpsr" : "=r"(status)::"memory");
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" ::"r"(before.control), "r"(before.status) : "memory");
    return (status & PK_UNDERFLOW) != 0;
}

PK_INLINE lanes fused_flushing(lanes a, lanes b, lanes c) { return fused(a, b, c); }

#else

typedef char float_mode;

PK_INLINE float_mode flush_subnormals(void) { return 0; }

PK_INLINE int restore_subnormals(float_mode before) {
    (void)before;
    return 0;
}

PK_INLINE lanes fused_flushing(lanes a, lanes b, lanes c) { return fused_on_bits(a, b, c); }

#endif

#endif
