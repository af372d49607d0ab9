// float32 weights and activations: a step is one fused multiply-add, a block 256 of them.
#ifndef PK_PANEL_F32_H
#define PK_PANEL_F32_H

#include "panel.h"

PK_INLINE void step_f32(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors
) {
    lanes weight[PK_STRIP_VECTORS];
    PK_UNROLLED for (int v = 0; v < vectors; v++) weight[v] = load((const float *)(weights + v * 64));
    add_row_products(sum, x, at, weight, rows, vectors);
}

static void pass_f32(const band *work) {
    pass_over_strip(work, (strip_form){.step = step_f32, .x_step = 4, .is_large = 1}, PK_TILE_ROWS);
}

static void panel_f32(const pk_panel_call *call) {
    panel_form form = {.steps = call->k, .block_steps = PK_K_BLOCK, .x_step = 4};
    multiply_panel(call, form, pass_f32, totals_as_they_are);
}

#endif
