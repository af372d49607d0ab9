// exp and gelu over 16 lanes: the same operations in the same order on every instruction set.
#ifndef PK_EXPONENTIAL_H
#define PK_EXPONENTIAL_H

#include "lanes.h"

// exp(x) = 2ⁿ·exp(r), n = round(x / ln 2), r = x − n·ln 2 in two parts (Cody & Waite: the high part has 15 bits, so
// n·high is exact), and exp(r) = 1 + r·(1 + r·q(r)) with q of degree 4, a minimax fit of relative error 2⁻²⁸ on
// [−ln2/2, ln2/2]. At most 1 ulp off over all floats (checked over every 7th of all bit patterns; the tests sample).
//
// +0 below `lowest`, which is at least −87.3 (so no result is subnormal), exp(88.7) above 88.7, NaN stays NaN.
PK_INLINE lanes exponential_above(float lowest, lanes x) {
    const float highest = 88.7f;
    const lanes shifter = splat(0x1.8p23f);  // adding it rounds to an integer and leaves that in the low bits
    lanes clamped = choose(x > splat(highest), splat(highest), x);

    lanes shifted = fused(clamped, splat(0x1.715476p+0f), shifter);
    lanes n = shifted - shifter;
    lanes r = fused(n, splat(-0x1.62e4p-1f), clamped);
    r = fused(n, splat(-0x1.7f7d1cp-20f), r);

    lanes p = splat(0x1.6a23dp-10f);
    p = fused(p, r, splat(0x1.123a2p-7f));
    p = fused(p, r, splat(0x1.5558f2p-5f));
    p = fused(p, r, splat(0x1.555492p-3f));
    p = fused(p, r, splat(0x1.fffffcp-2f));
    p = fused(p, r, splat(1));
    p = fused(p, r, splat(1));

    // Times 2ⁿ by adding n to the exponent: with lowest ≤ x ≤ highest the result is a normal number.
    lanes scaled = (lanes)(bits_of(p) + (bits_of(shifted) << 23));
    scaled = choose(x < splat(lowest), splat(0), scaled);
    return choose(x != x, x, scaled);
}

PK_INLINE lanes exponential(lanes x) { return exponential_above(-87.3f, x); }

// gelu(v) = v / (1 + exp(−2·0.79788456·v·(1 + 0.044715·v²))): the tanh form ½·v·(1 + tanh(…)) without a tanh.
// Far below 0 the exponential is taken as infinite, so that the result is −0.
PK_INLINE lanes gelu_lanes(lanes v) {
    lanes inner = fused(v * v, splat(0.044715f), splat(1));
    lanes z = (v * splat(-1.59576912f)) * inner;
    lanes e = choose(z > splat(88.7f), splat(__builtin_inff()), exponential(z));
    return v / (splat(1) + e);
}

#endif
