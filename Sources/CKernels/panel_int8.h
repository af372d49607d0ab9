// int8 weights, one scale per output column; activations int8, one scale per row. A step of K is four elements, the sums
// are whole numbers over all of K (exact: |Σ| ≤ 255·127·K < 2³¹ up to K = 66,000), and then
//
//   value = (float(Σ) · weight scale) · row scale
//
// Weights are stored as w + 128, so that vpdpbusd can take them as its unsigned side; the row's own sum takes that away.
// sdot wants them as they are (quad_product.h) and has nothing to take away: the same sums.
#ifndef PK_PANEL_INT8_H
#define PK_PANEL_INT8_H

#include "panel.h"
#include "quad_product.h"
#if defined(PK_MATRIX_TILES)
#include "matrix_tiles.h"
#endif

#if !defined(PK_MATRIX_TILES)

// Rows of the largest tile, and of the largest with all columns of a strip. With pmaddubsw in 16 registers: 8 sums, the
// weights, the ones, what a row gives and what a product is made of.
#if defined(PK_SPLIT_QUADS) && defined(PK_HALVED)
enum { PK_QUAD_ROWS = 4, PK_BROAD_QUAD_ROWS = 2 };
#else
enum { PK_QUAD_ROWS = PK_TILE_ROWS, PK_BROAD_QUAD_ROWS = 0 };
#endif

PK_INLINE void step_int8(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors
) {
    bit_lanes weight[PK_STRIP_VECTORS];
    PK_UNROLLED for (int v = 0; v < vectors; v++) weight[v] = quad_weights(load_bits(weights + v * 64));
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        scalar_word quad = load_scalar(tile_row(x, r) + at);
        PK_UNROLLED for (int v = 0; v < vectors; v++) {
            sum[r][v] = (lanes)PK_QUAD_PRODUCT((bit_lanes)sum[r][v], weight[v], quad);
        }
    }
}

#if defined(PK_SPLIT_QUADS)

// The block's second halves of one row, with one strip. `sums` are the band's there.
PK_INLINE void add_second_halves(const band *work, int64_t row, const char *strip, float *sums) {
    int64_t quads = (work->steps + 7) / 8 * 8;  // the row has whole groups
    second_halves list = second_halves_of((char *)work->x + row * work->x_stride, quads);
    if (*list.count == 0) return;
    float *to = sums + row * PK_PANEL;
    bit_lanes sum[PK_STRIP_VECTORS];
    PK_UNROLLED for (int v = 0; v < PK_STRIP_VECTORS; v++) sum[v] = load_bits(to + v * PK_LANES);
    for (uint32_t i = 0; i < *list.count; i++) {
        const char *weights = strip + (int64_t)list.places[i] * PK_STEP_BYTES;
        scalar_word quad = load_scalar(list.quads + 4 * i);
        PK_UNROLLED for (int v = 0; v < PK_STRIP_VECTORS; v++) {
            sum[v] = PK_QUAD_PRODUCT(sum[v], load_bits(weights + v * 64), quad);
        }
    }
    PK_UNROLLED for (int v = 0; v < PK_STRIP_VECTORS; v++) store(to + v * PK_LANES, (lanes)sum[v]);
}

#endif

static void pass_int8(const band *work) {
    const strip_form form = {
        .step = step_int8, .x_step = 4, .whole_numbers = 1, .broad_rows = PK_BROAD_QUAD_ROWS, .is_large = 1};
    pass_over_strip(work, form, PK_QUAD_ROWS);
#if defined(PK_SPLIT_QUADS)
    for (int64_t r = 0; r < work->rows; r++) {
        add_second_halves(work, r, work->strip, work->sums);
        if (work->beside) add_second_halves(work, r, work->beside, work->sums + PK_STRIP_COLUMNS);
    }
#endif
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
