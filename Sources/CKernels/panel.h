// One panel of a matrix product: y[r, c] = Σₖ x[r, k]·w[k, c] for the panel's 64 columns, with its epilogue.
//
// The order of one element's additions, and all that it depends on:
//   block b of 256 steps:  s_b = one chain of fused multiply-adds from +0 along k
//   total:                 t = s_0;  t = t + s_1;  t = t + s_2; …
//   epilogue:              t + bias, then gelu or + residual
// Nothing here looks at how many rows there are. Rows only decide which chains run side by side: a register tile holds
// up to 6 rows × 64 columns (6 × 16 where registers are half as wide and half as many), the last rows a smaller one.
//
// The order of the work: a band of rows passes over one block of the panel (64 KiB, it stays in the second-level cache)
// tile by tile, then over the next block. The totals of a band wait on the stack, not in y, because y may be the
// residual's memory too.
#ifndef PK_PANEL_H
#define PK_PANEL_H

#include "ahead.h"
#include "exponential.h"
#include "tile.h"

enum {
    PK_BAND_ROWS = 48,  // 8 tiles, 12 KiB of totals
    PK_PANEL_VECTORS = PK_PANEL / PK_LANES,
};

// totals ← sums, or totals + sums after the first block.
PK_INLINE void add_block(float *totals, const float *sums, int64_t rows, int first) {
    for (int64_t i = 0; i < rows * PK_PANEL; i += PK_LANES) {
        lanes block = load(sums + i);
        store(totals + i, first ? block : load(totals + i) + block);
    }
}

PK_INLINE void finish_row(const pk_panel_call *call, int64_t row, const float *totals) {
    float *y = call->y + row * call->y_stride;
    const float *residual = call->epilogue == PK_RESIDUAL ? call->residual + row * call->residual_stride : NULL;
    for (int64_t at = 0; at < call->columns; at += PK_LANES) {
        int64_t count = call->columns - at;
        lanes value = load(totals + at);
        if (call->bias) value = value + load_first(call->bias + at, count, 0);
        if (call->epilogue == PK_GELU) value = gelu_lanes(value);
        if (residual) value = value + load_first(residual + at, count, 0);
        store_first(y + at, count, value);
    }
}

// The chain of one block for `rows` rows and `vectors` vectors of columns, both constants.
PK_INLINE void chain_f32(
    const float *panel, const float *x, int64_t x_stride, int64_t steps, ahead next, int rows, int vectors, float *sums
) {
    tile_sums sum;
    clear_tile(sum, rows, vectors);
    for (int64_t k = 0; k < steps; k++) {
        lanes weights[PK_TILE_MAX_VECTORS];
        ask(next, k, vectors);
        PK_UNROLLED for (int v = 0; v < vectors; v++) weights[v] = load(panel + k * PK_PANEL + v * PK_LANES);
        add_products(sum, x + k, x_stride, weights, rows, vectors);
    }
    store_tile(sum, rows, vectors, sums, PK_PANEL);
}

static void block_f32(
    const float *panel, const float *x, int64_t x_stride, int64_t steps, reading plan, int64_t rows, float *sums
) {
#define PK_WORK(R)                                                                                   \
    for (int v = 0; v < PK_PANEL_VECTORS; v += PK_TILE_VECTORS(R)) {                                 \
        ahead next = share(plan, v / PK_TILE_VECTORS(R), PK_PANEL_VECTORS / PK_TILE_VECTORS(R));     \
        chain_f32(                                                                                   \
            panel + v * PK_LANES, x, x_stride, steps, next, R, PK_TILE_VECTORS(R), sums + v * PK_LANES); \
    }
    PK_WITH_CONSTANT_ROWS(rows, PK_WORK)
#undef PK_WORK
}

static void panel_f32(const pk_panel_call *call) {
    _Alignas(64) float totals[PK_BAND_ROWS * PK_PANEL];
    _Alignas(64) float sums[PK_TILE_ROWS * PK_PANEL];
    const float *panel = call->panel, *x = call->x;
    for (int64_t band = 0; band < call->rows; band += PK_BAND_ROWS) {
        int64_t band_rows = call->rows - band < PK_BAND_ROWS ? call->rows - band : PK_BAND_ROWS;
        for (int64_t k = 0; k < call->k; k += PK_K_BLOCK) {
            int64_t steps = call->k - k < PK_K_BLOCK ? call->k - k : PK_K_BLOCK;
            for (int64_t r = 0; r < band_rows; r += PK_TILE_ROWS) {
                int64_t rows = band_rows - r < PK_TILE_ROWS ? band_rows - r : PK_TILE_ROWS;
                reading plan = plan_reading(panel + k * PK_PANEL, steps, r, band_rows, band == 0);
                const float *rows_of_x = x + (band + r) * call->x_stride + k;
                block_f32(panel + k * PK_PANEL, rows_of_x, call->x_stride, steps, plan, rows, sums);
                add_block(totals + r * PK_PANEL, sums, rows, k == 0);
            }
        }
        for (int64_t r = 0; r < band_rows; r++) finish_row(call, band + r, totals + r * PK_PANEL);
    }
}

#endif
