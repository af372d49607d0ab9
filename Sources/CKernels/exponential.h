// exp and gelu over 16 lanes: the same operations in the same order on every instruction set.
#ifndef PK_EXPONENTIAL_H
#define PK_EXPONENTIAL_H

#include "lanes.h"

enum { PK_SIDE_BY_SIDE = 4 };  // vectors, at most

// exp(x) = 2ⁿ·exp(r), n = round(x / ln 2), r = x − n·ln 2 in two parts (Cody & Waite: the high part has 15 bits, so
// n·high is exact), and exp(r) = 1 + r·(1 + r·q(r)) with q of degree 4, a minimax fit of relative error 2⁻²⁸ on
// [−ln2/2, ln2/2]. At most 1 ulp off over all floats (checked over every 7th of all bit patterns; the tests sample).
//
// +0 below `lowest`, which is at least −87.3 (so no result is subnormal), exp(88.7) above 88.7, NaN stays NaN.
//
// Done for `count` vectors side by side, a constant: a step waits for the one before, and the other vectors' fill the wait.
PK_INLINE void exponentials_above(float lowest, lanes *x, int count) {
    const float highest = 88.7f;
    const lanes shifter = splat(0x1.8p23f);  // adding it rounds to an integer and leaves that in the low bits
    const float high = -0x1.62e4p-1f, low = -0x1.7f7d1cp-20f;
    const float q[] = {0x1.123a2p-7f, 0x1.5558f2p-5f, 0x1.555492p-3f, 0x1.fffffcp-2f, 1, 1};
    lanes shifted[PK_SIDE_BY_SIDE], r[PK_SIDE_BY_SIDE], p[PK_SIDE_BY_SIDE];
    PK_UNROLLED for (int v = 0; v < count; v++) {
        r[v] = choose(x[v] > splat(highest), splat(highest), x[v]);
        shifted[v] = fused(r[v], splat(0x1.715476p+0f), shifter);
        p[v] = splat(0x1.6a23dp-10f);
    }
    PK_UNROLLED for (int v = 0; v < count; v++) r[v] = fused(shifted[v] - shifter, splat(high), r[v]);
    PK_UNROLLED for (int v = 0; v < count; v++) r[v] = fused(shifted[v] - shifter, splat(low), r[v]);
    PK_UNROLLED for (int i = 0; i < 6; i++) {
        PK_UNROLLED for (int v = 0; v < count; v++) p[v] = fused(p[v], r[v], splat(q[i]));
    }
    PK_UNROLLED for (int v = 0; v < count; v++) {
        // Times 2ⁿ by adding n to the exponent: with lowest ≤ x ≤ highest the result is a normal number.
        lanes scaled = (lanes)(bits_of(p[v]) + (bits_of(shifted[v]) << 23));
        scaled = choose(x[v] < splat(lowest), splat(0), scaled);
        x[v] = choose(x[v] != x[v], x[v], scaled);
    }
}

PK_INLINE lanes exponential(lanes x) {
    exponentials_above(-87.3f, &x, 1);
    return x;
}

// gelu(v) = v / (1 + exp(−2·0.79788456·v·(1 + 0.044715·v²))): the tanh form ½·v·(1 + tanh(…)) without a tanh.
// Far below 0 the exponential is taken as infinite, so that the result is −0.
PK_INLINE void gelu_vectors(lanes *v, int count) {
    lanes z[PK_SIDE_BY_SIDE], e[PK_SIDE_BY_SIDE];
    PK_UNROLLED for (int i = 0; i < count; i++) {
        lanes inner = fused(v[i] * v[i], splat(0.044715f), splat(1));
        e[i] = z[i] = (v[i] * splat(-1.59576912f)) * inner;
    }
    exponentials_above(-87.3f, e, count);
    PK_UNROLLED for (int i = 0; i < count; i++) {
        v[i] = v[i] / (splat(1) + choose(z[i] > splat(88.7f), splat(__builtin_inff()), e[i]));
    }
}

#endif
