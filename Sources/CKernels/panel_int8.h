// int8 weights, one scale per output column; activations int8, one scale per row. A step of K is four elements, the sums
// are whole numbers over all of K (exact: |Σ| ≤ 255·127·K < 2³¹ up to K = 66,000), and then
//
//   value = (float(Σ) · weight scale) · row scale
//
// Weights are stored as w + 128, so that vpdpbusd can take them as its unsigned side; the row's own sum takes that away.
// Other instructions want them otherwise (quad_product.h) and have something else to take away, or nothing: the same sums.
#ifndef PK_PANEL_INT8_H
#define PK_PANEL_INT8_H

#include "panel.h"
#include "quad_product.h"
#if defined(PK_MATRIX_TILES)
#include "matrix_tiles.h"
#endif

#if !defined(PK_MATRIX_TILES)

#if defined(PK_FLIPPED_QUADS) && defined(PK_HALVED)

// Two rows with all columns of a strip: 8 sums, the ones, what a row gives and what a product is made of are 12 of 16 registers,
// and a row's two words are spread for four products instead of two. An exclusive or takes the weights from memory; the barrier
// keeps them from being loaded once for both rows, into the last registers: that costs instructions.
enum { PK_QUAD_ROWS = 2, PK_BROAD_QUAD_ROWS = 2 };

PK_INLINE void step_int8(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors
) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        x_quad quad = load_quad(tile_row(x, r) + at);
        PK_UNROLLED for (int v = 0; v < vectors; v++) {
            sum[r][v] = (lanes)PK_QUAD_PRODUCT((bit_lanes)sum[r][v], load_bits(weights + v * 64), quad);
        }
        __asm__ volatile("" ::: "memory");
    }
}

#else

// Rows of the largest tile. With flips, 4 · 2 sums, 2 vectors of weights, the ones and what a product is made of.
#if defined(PK_FLIPPED_QUADS)
enum { PK_QUAD_ROWS = 4, PK_BROAD_QUAD_ROWS = 0 };
#else
enum { PK_QUAD_ROWS = PK_TILE_ROWS, PK_BROAD_QUAD_ROWS = 0 };
#endif

PK_INLINE void step_int8(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors
) {
    bit_lanes weight[PK_STRIP_VECTORS];
    PK_UNROLLED for (int v = 0; v < vectors; v++) weight[v] = quad_weights(load_bits(weights + v * 64));
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        x_quad quad = load_quad(tile_row(x, r) + at);
        PK_UNROLLED for (int v = 0; v < vectors; v++) {
            sum[r][v] = (lanes)PK_QUAD_PRODUCT((bit_lanes)sum[r][v], weight[v], quad);
        }
    }
}

#endif

static void pass_int8(const band *work) {
    const strip_form form = {
        .step = step_int8,
        .x_step = PK_QUAD_ROW_BYTES,
        .whole_numbers = 1,
        .broad_rows = PK_BROAD_QUAD_ROWS,
        .is_large = 1,
    };
    pass_over_strip(work, form, PK_QUAD_ROWS);
}

#endif

PK_INLINE lanes scaled_totals(const pk_panel_call *call, int64_t row, const float *totals, int64_t at) {
    const float *scales = (const float *)((const char *)call->panel + (call->k + 3) / 4 * PK_PANEL * 4);
    int32_t row_sum = call->x_sums[row * call->x_sums_stride + groups_of(call->k)];
    int_lanes offset = (int_lanes){0} + row_sum * PK_QUAD_OFFSET;
    lanes sum = __builtin_convertvector((int_lanes)load(totals + at) - offset, lanes);
    return (sum * load(scales + at)) * splat(call->x_scales[row]);
}

static void panel_int8(const pk_panel_call *call) {
    panel_form form = {.steps = (call->k + 3) / 4, .block_steps = PK_K_BLOCK, .x_step = PK_QUAD_ROW_BYTES};
    const char *scales = (const char *)call->panel + form.steps * PK_PANEL * 4;
    for (int64_t line = 0; line < PK_PANEL * 4; line += PK_LINE) __builtin_prefetch(scales + line, 0, 3);
#if defined(PK_MATRIX_TILES)
    multiply_tiles(call, form, scaled_totals, 1);
#else
    multiply_panel(call, form, pass_int8, scaled_totals);
#endif
}

#endif
