// bf16 weights and activations, float32 sums: a step of K is a pair of elements and takes pair_product.h's two fused
// steps, odd element then even. A block is 128 pairs. The blocks' sums and the epilogue are ordinary float32 arithmetic,
// subnormals and all.
//
// Two ways to take the same steps. With the instruction for a pair (vdpbf16ps) both operands stay bf16. With fused float32
// steps the activations are floats already (row_forms.h), and the weights become floats in registers, or, where many rows
// share them, once in the first-level cache. Which is faster depends on the CPU: a vdpbf16ps of AMD's costs as much as
// one fused step, Intel's costs four (measured on Emerald Rapids), so that the instruction is no gain there.
#ifndef PK_PANEL_BF16_H
#define PK_PANEL_BF16_H

#include "pair_product.h"
#include "panel_f32.h"

enum {
    PK_PAIR_BLOCK = PK_K_BLOCK / 2,
    PK_PAIR_BYTES = 2 * PK_BF16_ROW_BYTES,  // a pair of a row
};

// An element of a row's pair, of words (row_forms.h) or of floats: the odd one's float, then the even one's.
PK_INLINE lanes element_of_row(const char *x, int odd) {
#if defined(PK_PAIR_PRODUCT)
    uint32_t pair = load_word(x);
    return splat(float_of_bits(odd ? pair & 0xFFFF0000u : pair << 16));
#else
    return splat_from(x + (odd ? 0 : 4));
#endif
}

// The odd elements of the whole tile come before the even ones: few registers, and no element's own order changes.
PK_INLINE void step_elements(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors,
    lanes (*fused_step)(lanes a, lanes b, lanes c)
) {
    PK_UNROLLED for (int half = 0; half < 2; half++) {
        const int odd = half == 0;
        lanes weight[PK_STRIP_VECTORS];
        PK_UNROLLED for (int v = 0; v < vectors; v++) {
            bit_lanes pair = load_bits(weights + v * 64);
            weight[v] = odd ? odd_element(pair) : even_element(pair);
        }
        PK_UNROLLED for (int r = 0; r < rows; r++) {
            lanes scalar = element_of_row(tile_row(x, r) + at, odd);
            PK_UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = fused_step(scalar, weight[v], sum[r][v]);
        }
    }
}

#if defined(PK_FPCR)

PK_INLINE void step_on_bits(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors
) {
    step_elements(sum, weights, x, at, rows, vectors, fused_on_bits);
}

// Where a result was flushed: rare, so one row at a time will do.
static __attribute__((noinline)) void pass_on_bits(const band *work) {
    const ahead nothing = {.from = work->strip};
    for (int64_t r = 0; r < work->rows; r++) {
        const strip_form form = {.step = step_on_bits, .x_step = PK_PAIR_BYTES};
        chain(work, r, 0, nothing, 1, PK_STRIP_VECTORS, form, PK_ASKS_ONCE);
    }
}

#else

PK_INLINE void pass_on_bits(const band *work) { (void)work; }

#endif

#if defined(PK_PAIR_PRODUCT)

PK_INLINE void step_pairs(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors
) {
    bit_lanes weight[PK_STRIP_VECTORS];
    PK_UNROLLED for (int v = 0; v < vectors; v++) weight[v] = load_bits(weights + v * 64);
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        scalar_word scalar = load_scalar(tile_row(x, r) + at);
        PK_UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = PK_PAIR_PRODUCT(sum[r][v], scalar, weight[v]);
    }
}

#if defined(PK_FPCR)

static __attribute__((noinline)) void pass_over_pairs(const band *work) {
    pass_over_strip(work, (strip_form){.step = step_pairs, .x_step = PK_PAIR_BYTES}, PK_TILE_ROWS);
}

static void pass_bf16(const band *work) {
    float_mode mode = flush_subnormals();
    pass_over_pairs(work);
    if (restore_subnormals(mode)) pass_on_bits(work);
}

#else

static void pass_bf16(const band *work) {
    pass_over_strip(work, (strip_form){.step = step_pairs, .x_step = PK_PAIR_BYTES}, PK_TILE_ROWS);
}

#endif

#else

PK_INLINE void step_pair_of_floats(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors
) {
    step_elements(sum, weights, x, at, rows, vectors, fused_flushing);
}

PK_INLINE void step_flushing(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors
) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        lanes scalar = splat_from(tile_row(x, r) + at);
        PK_UNROLLED for (int v = 0; v < vectors; v++) {
            sum[r][v] = fused_flushing(scalar, load((const float *)(weights + v * 64)), sum[r][v]);
        }
    }
}

// Fewer rows leave registers for both elements of the pairs.
enum { PK_PAIR_ROWS = PK_TILE_ROWS < 10 ? PK_TILE_ROWS - 1 : 10 };

// Not inlined: the compiler must not move arithmetic into or out of the region in which subnormals are flushed.
static __attribute__((noinline)) void pass_over_pairs(const band *work) {
    pass_over_strip(work, (strip_form){.step = step_pair_of_floats, .x_step = PK_PAIR_BYTES}, PK_PAIR_ROWS);
}

static __attribute__((noinline)) void pass_over_floats(const band *work) {
    pass_over_strip(work, (strip_form){.step = step_flushing, .x_step = 4}, PK_TILE_ROWS);
}

// The strip as floats: of each pair the odd elements, then the even ones.
static void widen_strip(const char *strip, int64_t pairs, float *out) {
    for (int64_t i = 0; i < pairs * PK_STRIP_VECTORS; i++) {
        int64_t pair = i / PK_STRIP_VECTORS, v = i % PK_STRIP_VECTORS;
        bit_lanes bits = load_bits(strip + i * 64);
        store(out + 2 * pair * PK_STRIP_COLUMNS + v * PK_LANES, odd_element(bits));
        store(out + (2 * pair + 1) * PK_STRIP_COLUMNS + v * PK_LANES, even_element(bits));
    }
}

#if !defined(PK_WIDEN_ROWS)
#define PK_WIDEN_ROWS 48  // more rows than that share the widened strip
#endif

static void pass_bf16(const band *work) {
    _Alignas(64) float floats[PK_K_BLOCK * PK_STRIP_COLUMNS];
    const int widens = PK_WIDEN_ROWS < PK_BAND_ROWS && work->rows > PK_WIDEN_ROWS;
    band wide = *work;
    if (widens) {
        widen_strip(work->strip, work->steps, floats);
        wide.strip = (const char *)floats;
        wide.steps = 2 * work->steps;
    }
    float_mode mode = flush_subnormals();
    if (widens) {
        pass_over_floats(&wide);
    } else {
        pass_over_pairs(work);
    }
    if (restore_subnormals(mode)) pass_on_bits(work);
}

#endif

static void panel_bf16(const pk_panel_call *call) {
    panel_form form = {.steps = (call->k + 1) / 2, .block_steps = PK_PAIR_BLOCK, .x_step = PK_PAIR_BYTES};
#if !defined(PK_PAIR_PRODUCT) || defined(PK_FPCR)
    form.apart = 1;
#endif
    multiply_panel(call, form, pass_bf16, totals_as_they_are);
}

#endif
