// What becomes of a row's totals in one panel: a float each, + bias, then gelu or + residual, then maybe rounded to bf16.
// The four vectors of a row are taken side by side: gelu is one long chain, and the next one's steps fill its waits.
#ifndef PK_FINISH_H
#define PK_FINISH_H

#include "exponential.h"
#include "row_forms.h"
#include "tile.h"

enum { PK_PANEL_VECTORS = PK_PANEL / PK_LANES };

// Columns [at, at + 16) of a row's totals as floats.
typedef lanes (*float_totals)(const pk_panel_call *call, int64_t row, const float *totals, int64_t at);

PK_INLINE lanes totals_as_they_are(const pk_panel_call *call, int64_t row, const float *totals, int64_t at) {
    (void)call, (void)row;
    return load(totals + at);
}

// `vectors` vectors of columns from `at` on, of which `count` lanes each are columns of the matrix. Both are constants
// where they are many, and so are `floats` and `epilogue`.
PK_INLINE void finish_vectors(
    const pk_panel_call *call, int64_t row, const float *totals, float_totals floats, int64_t at, int vectors,
    int64_t count, int epilogue
) {
    lanes value[PK_PANEL_VECTORS];
    PK_UNROLLED for (int v = 0; v < vectors; v++) value[v] = floats(call, row, totals, at + v * PK_LANES);
    if (call->bias) {
        PK_UNROLLED for (int v = 0; v < vectors; v++) {
            value[v] = value[v] + load_first(call->bias + at + v * PK_LANES, count, 0);
        }
    }
    if (epilogue == PK_GELU) gelu_vectors(value, vectors);
    if (epilogue == PK_RESIDUAL) {
        const float *residual = call->residual + row * call->residual_stride + at;
        PK_UNROLLED for (int v = 0; v < vectors; v++) value[v] = value[v] + load_first(residual + v * PK_LANES, count, 0);
    }
    if (call->rounded) {
        char *rounded = (char *)call->rounded + row * call->rounded_stride;
        PK_UNROLLED for (int v = 0; v < vectors; v++) store_bf16_form(rounded, at + v * PK_LANES, count, value[v]);
    } else {
        float *y = call->y + row * call->y_stride + at;
        PK_UNROLLED for (int v = 0; v < vectors; v++) store_first(y + v * PK_LANES, count, value[v]);
    }
}

// Rows of `totals`, [rows][PK_PANEL], the first of which is row `first` of the result.
PK_INLINE void finish_rows(
    const pk_panel_call *call, int64_t first, int64_t rows, const float *totals, float_totals floats
) {
#define PK_WORK(EPILOGUE)                                                                                    \
    for (int64_t r = 0; r < rows; r++) {                                                                     \
        finish_vectors(                                                                                      \
            call, first + r, totals + r * PK_PANEL, floats, 0, PK_PANEL_VECTORS, PK_LANES, EPILOGUE);        \
    }
    if (call->columns < PK_PANEL) {
        for (int64_t r = 0; r < rows; r++) {
            for (int64_t at = 0; at < call->columns; at += PK_LANES) {
                int64_t count = call->columns - at < PK_LANES ? call->columns - at : PK_LANES;
                finish_vectors(call, first + r, totals + r * PK_PANEL, floats, at, 1, count, call->epilogue);
            }
        }
    } else if (call->epilogue == PK_GELU) {
        PK_WORK(PK_GELU)
    } else if (call->epilogue == PK_RESIDUAL) {
        PK_WORK(PK_RESIDUAL)
    } else {
        PK_WORK(PK_STORE)
    }
#undef PK_WORK
}

#endif
