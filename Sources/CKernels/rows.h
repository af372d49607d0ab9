// Work on one row of floats: LayerNorm, the reductions of sampling.
#ifndef PK_ROWS_H
#define PK_ROWS_H

#include "exponential.h"

enum { PK_CHAINS = 64 / PK_LANES };  // vectors of 64 chains: element i belongs to chain i mod 64

PK_INLINE float sum_of_chains(const lanes chain[PK_CHAINS]) {
    return sum_of_lanes((chain[0] + chain[1]) + (chain[2] + chain[3]));
}

// Σ x: 64 chains of additions from +0.
PK_INLINE float sum_of(const float *x, int64_t n) {
    lanes chain[PK_CHAINS] = {splat(0), splat(0), splat(0), splat(0)};
    int64_t at = 0;
    for (; at + 64 <= n; at += 64) {
        for (int c = 0; c < PK_CHAINS; c++) chain[c] = chain[c] + load(x + at + c * PK_LANES);
    }
    for (int c = 0; at < n; c++, at += PK_LANES) chain[c] = chain[c] + load_first(x + at, n - at, 0);
    return sum_of_chains(chain);
}

// Σ (x − mean)²: 64 chains of fused multiply-adds from +0.
PK_INLINE float sum_of_squared_deviations(const float *x, int64_t n, float mean) {
    lanes chain[PK_CHAINS] = {splat(0), splat(0), splat(0), splat(0)};
    int64_t at = 0;
    for (; at + 64 <= n; at += 64) {
        for (int c = 0; c < PK_CHAINS; c++) {
            lanes deviation = load(x + at + c * PK_LANES) - splat(mean);
            chain[c] = fused(deviation, deviation, chain[c]);
        }
    }
    for (int c = 0; at < n; c++, at += PK_LANES) {
        lanes deviation = load_first(x + at, n - at, mean) - splat(mean);
        chain[c] = fused(deviation, deviation, chain[c]);
    }
    return sum_of_chains(chain);
}

static void layer_norm(
    const float *x, const float *gamma, const float *beta, float eps, int64_t n, float *out
) {
    float mean = sum_of(x, n) / (float)n;
    float variance = sum_of_squared_deviations(x, n, mean) / (float)n;
    float inverse = 1 / __builtin_sqrtf(variance + eps);
    for (int64_t at = 0; at < n; at += PK_LANES) {
        int64_t count = n - at;
        lanes unit = (load_first(x + at, count, 0) - splat(mean)) * splat(inverse);
        lanes result = fused(unit, load_first(gamma + at, count, 0), load_first(beta + at, count, 0));
        store_first(out + at, count, result);
    }
}

// The greatest value, NaN ignored; −∞ if there is none. A maximum has no order to keep.
PK_INLINE float max_of(const float *x, int64_t n) {
    const float least = -__builtin_inff();
    lanes best[PK_CHAINS] = {splat(least), splat(least), splat(least), splat(least)};
    int64_t at = 0;
    for (; at + 64 <= n; at += 64) {
        for (int c = 0; c < PK_CHAINS; c++) best[c] = greater(load(x + at + c * PK_LANES), best[c]);
    }
    for (int c = 0; at < n; c++, at += PK_LANES) best[c] = greater(load_first(x + at, n - at, least), best[c]);
    return max_of_lanes(greater(greater(best[0], best[1]), greater(best[2], best[3])));
}

static int64_t argmax(const float *x, int64_t n) {
    float best = max_of(x, n);
    for (int64_t at = 0; at < n; at += PK_LANES) {
        int_lanes equal = load_first(x + at, n - at, __builtin_nanf("")) == splat(best);
        if (__builtin_reduce_or(equal) == 0) continue;
        for (int64_t i = at; i < n; i++) {
            if (x[i] == best) return i;
        }
    }
    return 0;
}

static void softmax_sums(const float *x, int64_t n, float *max, double *sum) {
    float greatest = max_of(x, n);
    wide_lanes total = {0};
    for (int64_t at = 0; at < n; at += PK_LANES) {
        lanes value = load_first(x + at, n - at, -__builtin_inff()) - splat(greatest);
        lanes e = exponential(value);
        if (n - at < PK_LANES) e = choose(lane_numbers() < (int32_t)(n - at), e, splat(0));
        total = total + __builtin_convertvector(e, wide_lanes);
    }
    *max = greatest;
    *sum = sum_of_wide_lanes(total);
}

static void exp_row(const float *x, int64_t n, float *out) {
    for (int64_t at = 0; at < n; at += PK_LANES) {
        store_first(out + at, n - at, exponential(load_first(x + at, n - at, 0)));
    }
}

static void gelu_row(const float *x, int64_t n, float *out) {
    for (int64_t at = 0; at < n; at += PK_LANES) {
        lanes value = load_first(x + at, n - at, 0);
        gelu_vectors(&value, 1);
        store_first(out + at, n - at, value);
    }
}

#endif
