// One panel of a product: y[r, c] = Σₖ x[r, k]·w[k, c] for the panel's 64 columns, with its epilogue. The walk is the
// same for every format: a band of rows passes over one block of one strip, then over the other strip, then over the
// next block. The totals of a band wait on the stack, not in y, because y may be the residual's memory too.
//
// The order of one element's additions, and all that it depends on (f32 and bf16):
//   block b:   s_b = one chain of fused steps from +0 along k
//   total:     t = s_0;  t = t + s_1;  t = t + s_2; …
//   epilogue:  t + bias, then gelu or + residual, then maybe rounded to bf16
// Nothing here looks at how many rows there are.
#ifndef PK_PANEL_H
#define PK_PANEL_H

#include "finish.h"
#include "strip.h"

// The sums of one block of one strip for a band of rows.
typedef void (*strip_pass)(const band *work);

// totals ← totals + sums, for a pass that must not add them itself: it runs while subnormals are flushed, or may have to be
// done again (pair_product.h).
PK_INLINE void add_strips(float *totals, const float *sums, int64_t rows, int64_t strips) {
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = r * PK_PANEL; c < r * PK_PANEL + strips * PK_STRIP_COLUMNS; c += PK_LANES) {
            store(totals + c, load(totals + c) + load(sums + c));
        }
    }
}

// Strips of a block that a pass takes.
PK_INLINE int64_t strips_at_once(int64_t rows) {
#if defined(PK_TWO_STREAMS)
    if (rows == 1) return PK_STRIPS;
#else
    (void)rows;
#endif
    return 1;
}

PK_INLINE void ask_for_result(const pk_panel_call *call, int64_t row, int64_t strip, band *work) {
    if (call->rounded) {
        work->result_stride = call->rounded_stride;
        work->result = (char *)call->rounded + row * call->rounded_stride + strip * PK_STRIP_COLUMNS * PK_BF16_ROW_BYTES;
    } else {
        work->result_stride = call->y_stride * 4;
        work->result = (char *)(call->y + row * call->y_stride + strip * PK_STRIP_COLUMNS);
    }
}

typedef struct panel_form {
    int64_t steps;        // of the whole K
    int64_t block_steps;
    int64_t x_step;       // bytes of x per step
    int apart;            // a pass may not add its sums to the totals
} panel_form;

// `floats` are a row's totals as floats.
PK_INLINE void multiply_panel(
    const pk_panel_call *call, panel_form form, strip_pass pass, float_totals floats
) {
    _Alignas(64) float totals[PK_BAND_ROWS * PK_PANEL];
    _Alignas(64) float sums[PK_BAND_ROWS * PK_PANEL];
    const char *panel = call->panel, *x = call->x;
    for (int64_t row = 0; row < call->rows; row += PK_BAND_ROWS) {
        band work = {.x_stride = call->x_stride, .rows = smaller(call->rows - row, PK_BAND_ROWS)};
        const int64_t strips = strips_at_once(work.rows);
        for (int64_t step = 0; step < form.steps; step += form.block_steps) {
            work.steps = smaller(form.steps - step, form.block_steps);
            work.x = x + row * call->x_stride + step * form.x_step;
            for (int64_t s = 0; s < PK_STRIPS; s += strips) {
                float *to = totals + s * PK_STRIP_COLUMNS;
                work.strip = panel + (step * PK_STRIPS + s * work.steps) * PK_STEP_BYTES;
                work.beside = strips > 1 ? work.strip + work.steps * PK_STEP_BYTES : NULL;
                work.memory = work.strip;
                work.memory_bytes = row == 0 ? work.steps * PK_STEP_BYTES : 0;  // the next bands find it in the cache
                int is_last = s == PK_STRIPS - 1 && step + work.steps == form.steps;
                work.following = is_last && call->next ? call->next : work.strip + work.steps * PK_STEP_BYTES;
                work.sums = step > 0 && form.apart ? sums : to;
                work.adds = step > 0 && !form.apart;
                if (step + work.steps == form.steps) ask_for_result(call, row, s, &work);
                pass(&work);
                if (step > 0 && form.apart) add_strips(to, sums, work.rows, strips);
            }
        }
        finish_rows(call, row, work.rows, totals, floats);
    }
}

#endif
