// Products on AMX's tiles: registers of 16 rows of 64 bytes. A tile of x is up to 16 rows of it, 16 steps of K long; one of
// weights is the same 16 steps of 16 columns, which lie in a panel as the instruction wants them, 128 bytes a step; one of
// sums 16 rows of 16 columns, one word each. Up to 16 rows take 1 × 4 tiles of sums, a whole panel, along all of K; more
// take 2 × 2, a strip, 32 rows at a time.
//
// How tiles are laid out is the thread's state. It is left as it is for the next panel: telling that costs 8 ns, setting
// it 80 to 150 (measured on Sapphire Rapids).
#ifndef PK_MATRIX_TILES_H
#define PK_MATRIX_TILES_H

#include "panel.h"

enum {
    PK_TILE_STEPS = 16,
    PK_TILE_HEIGHT = 16,
    PK_TILE_GROUP = 2 * PK_TILE_HEIGHT,  // rows that take a strip together
    PK_TILE_BAND_ROWS = 128,             // that share a block of weights in the cache's first level
    PK_TILE_LEAD = 128 << 10,            // bytes
    PK_BANDED_BYTES = 512 << 10,         // of x, in the cache's second level while panels stream past
    PK_TILE_SPAN = 256,                  // steps of a strip that stay in the cache for all rows of a band
};

// As LDTILECFG reads it.
typedef struct tile_layout {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_layout;

static void lay_out(const tile_layout *wanted) {
    tile_layout now;
    _tile_storeconfig(&now);
    if (memcmp(&now, wanted, sizeof now) != 0) _tile_loadconfig(wanted);
}

// Tiles 0–3 are sums. Up to 16 rows: 4 is x, 5–7 are weights. More: 0, 1 and 4 have the upper rows, 2, 3 and 5 the lower ones.
static void lay_out_tiles(int64_t upper, int64_t lower) {
    tile_layout wanted = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        int is_lower = t == 2 || t == 3 || t == 5;
        wanted.row_bytes[t] = PK_TILE_STEPS * 4;
        wanted.rows[t] = (uint8_t)(t >= 6 ? PK_TILE_STEPS : is_lower && lower ? lower : upper);
    }
    if (lower == 0) wanted.rows[5] = PK_TILE_STEPS;
    lay_out(&wanted);
}

// sums ← sums + x · weights: of whole numbers, or of pairs of bf16. Tile numbers are constants of the instruction.
#define PK_MULTIPLY_TILES(whole, sums, x, weights) \
    ((whole) ? _tile_dpbsud(sums, x, weights) : _tile_dpbf16ps(sums, x, weights))

// The last steps of K, where they are not 16: two tiles of x and two of weights, filled up with zeros.
typedef struct last_steps {
    _Alignas(64) char weights[PK_STRIPS][PK_TILE_STEPS * PK_STEP_BYTES];
    _Alignas(64) char x[PK_TILE_GROUP * PK_TILE_STEPS * 4];
} last_steps;

PK_INLINE void take_last_weights(char *to, const char *from, int64_t steps) {
    memcpy(to, from, (size_t)(steps * PK_STEP_BYTES));
    memset(to + steps * PK_STEP_BYTES, 0, (size_t)((PK_TILE_STEPS - steps) * PK_STEP_BYTES));
}

PK_INLINE void take_last_x(char *to, const char *from, int64_t stride, int64_t rows, int64_t steps) {
    memset(to, 0, (size_t)(rows * PK_TILE_STEPS * 4));
    for (int64_t r = 0; r < rows; r++) memcpy(to + r * PK_TILE_STEPS * 4, from + r * stride, (size_t)(steps * 4));
}

// The requests of 16 steps of a pass that is alone.
PK_INLINE void ask_for_tiles(ahead next, int64_t step) {
    PK_UNROLLED for (int group = 0; group < PK_TILE_STEPS / PK_UNROLLED_STEPS; group++) {
        const char *lines = lines_ahead(next, step / PK_UNROLLED_STEPS + group);
        PK_UNROLLED for (int i = 0; i < PK_UNROLLED_STEPS; i++) ask(lines, i);
    }
}

// One tile of x and two of each strip's weights.
PK_INLINE void multiply_few(const char *x, int64_t x_stride, const char *first, const char *second, int whole) {
    _tile_loadd(4, x, x_stride);
    _tile_loadd(5, first, PK_STEP_BYTES);
    PK_MULTIPLY_TILES(whole, 0, 4, 5);
    _tile_loadd(6, first + 64, PK_STEP_BYTES);
    PK_MULTIPLY_TILES(whole, 1, 4, 6);
    _tile_loadd(7, second, PK_STEP_BYTES);
    PK_MULTIPLY_TILES(whole, 2, 4, 7);
    _tile_loadd(5, second + 64, PK_STEP_BYTES);
    PK_MULTIPLY_TILES(whole, 3, 4, 5);
}

// Up to 16 rows through a whole panel, both strips side by side: memory reads two streams faster than one, 2.1 ms instead of
// 2.3 for one row of int8, 5.9 instead of 6.9 for 16 of bf16 (and 6 % slower while it is slow).
PK_INLINE void few_rows_of_tiles(const pk_panel_call *call, panel_form form, float *totals, int whole) {
    const int64_t length = smaller(form.steps, form.block_steps) * PK_STEP_BYTES;  // of the first blocks
    lay_out_tiles(call->rows, 0);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t step = 0; step < form.steps; step += form.block_steps) {
        int64_t steps = smaller(form.steps - step, form.block_steps), bytes = steps * PK_STEP_BYTES;
        int64_t rest = form.steps - step - steps;
        const char *first = (const char *)call->panel + step * PK_STRIPS * PK_STEP_BYTES, *second = first + bytes;
        const char *following = rest > 0 || call->next == NULL ? second + bytes : call->next;
        ahead near_first = ahead_of_itself(first, bytes, following);
        ahead near_second = ahead_of_itself(
            second, bytes, following + (rest > 0 ? smaller(rest, form.block_steps) * PK_STEP_BYTES : length));
        const char *x = (const char *)call->x + step * 4;
        int64_t i = 0;
        for (; i + PK_TILE_STEPS <= steps; i += PK_TILE_STEPS) {
            ask_for_tiles(near_first, i);
            ask_for_tiles(near_second, i);
            multiply_few(x + i * 4, call->x_stride, first + i * PK_STEP_BYTES, second + i * PK_STEP_BYTES, whole);
        }
        if (i < steps) {
            last_steps last;
            take_last_x(last.x, x + i * 4, call->x_stride, call->rows, steps - i);
            take_last_weights(last.weights[0], first + i * PK_STEP_BYTES, steps - i);
            take_last_weights(last.weights[1], second + i * PK_STEP_BYTES, steps - i);
            multiply_few(last.x, PK_TILE_STEPS * 4, last.weights[0], last.weights[1], whole);
        }
    }
    _tile_stored(0, totals, PK_PANEL * 4);
    _tile_stored(1, totals + 16, PK_PANEL * 4);
    _tile_stored(2, totals + 32, PK_PANEL * 4);
    _tile_stored(3, totals + 48, PK_PANEL * 4);
}

// Two tiles of x, of which the lower one may be missing, and two of weights.
PK_INLINE void load_group(const char *x, int64_t x_stride, int64_t upper, const char *weights, int has_lower) {
    _tile_stream_loadd(4, x, x_stride);
    _tile_loadd(6, weights, PK_STEP_BYTES);
    if (has_lower) _tile_stream_loadd(5, x + upper * x_stride, x_stride);
    _tile_loadd(7, weights + 64, PK_STEP_BYTES);
}

// Multiplies what was loaded and loads what comes next, each tile behind its last use: where another thread shares the core there
// are no registers to rename tiles to, and this order takes 22 to 24 ns a product, loads before their products 25 to 28.
PK_INLINE void multiply_group(
    const char *x, int64_t x_stride, int64_t upper, const char *weights, int whole, int has_lower
) {
    PK_MULTIPLY_TILES(whole, 0, 4, 6);
    PK_MULTIPLY_TILES(whole, 1, 4, 7);
    _tile_stream_loadd(4, x, x_stride);
    if (has_lower) PK_MULTIPLY_TILES(whole, 2, 5, 6);
    _tile_loadd(6, weights, PK_STEP_BYTES);
    if (has_lower) PK_MULTIPLY_TILES(whole, 3, 5, 7);
    if (has_lower) _tile_stream_loadd(5, x + upper * x_stride, x_stride);
    _tile_loadd(7, weights + 64, PK_STEP_BYTES);
}

// The lines that are read PK_TILE_LEAD bytes later, or a panel later where that is less: `rate` / 256 for every 16 steps of a
// strip that a group of rows takes.
typedef struct tile_ahead {
    const char *at, *end;
    const char *then;  // where it goes on after `end`, for `lead` bytes; or NULL
    int64_t lead, rate, carried;
} tile_ahead;

PK_INLINE tile_ahead ahead_of_tiles(const pk_panel_call *call, panel_form form) {
    const char *panel = call->panel;
    int64_t bytes = form.steps * PK_STRIPS * PK_STEP_BYTES, lead = smaller(bytes, PK_TILE_LEAD);
    // A long panel has to be there when the first band has passed.
    int64_t rows = lead < bytes ? smaller(call->rows, PK_TILE_BAND_ROWS) : call->rows;
    int64_t groups = (rows + PK_TILE_GROUP - 1) / PK_TILE_GROUP;
    int64_t turns = PK_STRIPS * ((form.steps + PK_TILE_STEPS - 1) / PK_TILE_STEPS) * groups;
    return (tile_ahead){
        .at = panel + lead, .end = panel + bytes, .then = call->next, .lead = lead, .rate = (bytes / PK_LINE * 256 + turns - 1) / turns};
}

PK_INLINE void ask_for_panel(tile_ahead *ahead) {
    ahead->carried += ahead->rate;
    for (; ahead->carried >= 256; ahead->carried -= 256, ahead->at += PK_LINE) {
        if (ahead->at == ahead->end) {
            ahead->at = ahead->then;
            ahead->end = ahead->at + ahead->lead;
            ahead->then = NULL;
        }
        if (ahead->at == NULL) {
            ahead->rate = 0;
            return;
        }
        __builtin_prefetch(ahead->at, 0, PK_INTO_L2);
    }
}

// A band of more rows goes over `PK_TILE_SPAN` steps of one strip, then of the other, 32 rows at a time.
typedef struct tile_span {
    const char *panel;
    int64_t step, steps;  // where the span begins, and how long it is
    int64_t strip;
    const char *x;        // the group's first row at step 0
    int64_t x_stride;
    int64_t upper, lower; // rows
    float *totals;
    char *result;         // where the last span's rows will be written; else NULL
    int64_t result_stride;
} tile_span;

// The rows' lines of a strip, two rows every 16 steps.
PK_INLINE void ask_for_result_rows(const tile_span *span, int64_t first) {
    for (int64_t r = first; r < first + 2 && r < span->upper + span->lower; r++) {
        ask_to_write(span->result + r * span->result_stride);
    }
}

PK_INLINE const char *strip_at(const tile_span *span, panel_form form, int64_t step) {
    int64_t bytes = smaller(form.steps - step, form.block_steps) * PK_STEP_BYTES;
    return span->panel + step * PK_STRIPS * PK_STEP_BYTES + span->strip * bytes;
}

PK_INLINE void pass_over_span(
    const tile_span *span, panel_form form, const char *next, tile_ahead *later, int whole, int has_lower
) {
    float *lower = span->totals + span->upper * PK_PANEL;
    if (span->step == 0) {
        _tile_zero(0);
        _tile_zero(1);
        if (has_lower) _tile_zero(2);
        if (has_lower) _tile_zero(3);
    } else {
        _tile_loadd(0, span->totals, PK_PANEL * 4);
        _tile_loadd(1, span->totals + 16, PK_PANEL * 4);
        if (has_lower) _tile_loadd(2, lower, PK_PANEL * 4);
        if (has_lower) _tile_loadd(3, lower + 16, PK_PANEL * 4);
    }
    const int64_t end = span->step + span->steps;
    const char *strip = strip_at(span, form, span->step);
    if (form.steps - span->step >= PK_TILE_STEPS) {
        load_group(span->x + span->step * 4, span->x_stride, span->upper, strip, has_lower);
    }
    for (int64_t step = span->step; step < end; step += form.block_steps) {
        int64_t steps = smaller(form.steps - step, form.block_steps), bytes = steps * PK_STEP_BYTES;
        int is_last = step + steps == form.steps && span->strip == PK_STRIPS - 1;
        ahead near = ahead_of_itself(strip, bytes, is_last && next ? next : strip + bytes);
        // Behind the last whole tile the same are loaded that nobody multiplies.
        int64_t whole_end = smaller(end, form.steps - PK_TILE_STEPS + 1);
        int goes_on = step + steps < whole_end;
        const char *following = goes_on ? strip_at(span, form, step + steps) : strip;
        const char *x = span->x + step * 4, *x_following = goes_on ? x + steps * 4 : x;
        int64_t i = 0;
        for (; i + PK_TILE_STEPS <= steps; i += PK_TILE_STEPS) {
            int64_t then = i + PK_TILE_STEPS;
            int is_inside = then + PK_TILE_STEPS <= steps;
            if (later) {
                ask_for_panel(later);
            } else {
                ask_for_tiles(near, i);
            }
            if (span->result) ask_for_result_rows(span, (step - span->step + i) / PK_TILE_STEPS * 2);
            multiply_group(
                is_inside ? x + then * 4 : x_following, span->x_stride, span->upper,
                is_inside ? strip + then * PK_STEP_BYTES : following, whole, has_lower);
        }
        if (i < steps) {
            last_steps last;
            take_last_x(last.x, x + i * 4, span->x_stride, span->upper + span->lower, steps - i);
            take_last_weights(last.weights[0], strip + i * PK_STEP_BYTES, steps - i);
            load_group(last.x, PK_TILE_STEPS * 4, span->upper, last.weights[0], has_lower);
            multiply_group(last.x, PK_TILE_STEPS * 4, span->upper, last.weights[0], whole, has_lower);
        }
        strip = strip_at(span, form, smaller(step + steps, form.steps - 1));
    }
    _tile_stored(0, span->totals, PK_PANEL * 4);
    _tile_stored(1, span->totals + 16, PK_PANEL * 4);
    if (has_lower) _tile_stored(2, lower, PK_PANEL * 4);
    if (has_lower) _tile_stored(3, lower + 16, PK_PANEL * 4);
}

// Whole groups of 32 rows as long as there are any, so that a band has one layout.
PK_INLINE int64_t rows_of_band(int64_t rows) {
    return rows < PK_TILE_GROUP ? rows : smaller(rows / PK_TILE_GROUP * PK_TILE_GROUP, PK_TILE_BAND_ROWS);
}

PK_INLINE void multiply_tiles(const pk_panel_call *call, panel_form form, float_totals floats, int whole) {
    _Alignas(64) float totals[PK_TILE_BAND_ROWS * PK_PANEL];
    if (call->rows <= PK_TILE_HEIGHT) {
        few_rows_of_tiles(call, form, totals, whole);
        finish_rows(call, 0, call->rows, totals, floats);
        return;
    }
    tile_ahead later = ahead_of_tiles(call, form);
    for (int64_t row = 0, rows; row < call->rows; row += rows) {
        rows = rows_of_band(call->rows - row);
        int64_t members = smaller(rows, PK_TILE_GROUP), upper = members <= PK_TILE_HEIGHT ? members : (members + 1) / 2;
        lay_out_tiles(upper, members - upper);
        for (int64_t step = 0; step < form.steps; step += PK_TILE_SPAN) {
            for (int64_t strip = 0; strip < PK_STRIPS; strip++) {
                tile_span span = {
                    .panel = call->panel, .step = step, .steps = smaller(form.steps - step, PK_TILE_SPAN),
                    .strip = strip, .x_stride = call->x_stride, .upper = upper, .lower = members - upper,
                };
                for (int64_t group = 0; group < rows; group += PK_TILE_GROUP) {
                    span.x = (const char *)call->x + (row + group) * call->x_stride;
                    if (step + span.steps == form.steps) {
                        band to;
                        ask_for_result(call, row + group, strip, &to);
                        span.result = to.result;
                        span.result_stride = to.result_stride;
                    }
                    span.totals = totals + group * PK_PANEL + strip * PK_STRIP_COLUMNS;
                    if (call->rows <= PK_TILE_GROUP) {
                        pass_over_span(&span, form, call->next, NULL, whole, 1);
                    } else if (span.lower) {
                        pass_over_span(&span, form, NULL, &later, whole, 1);
                    } else {
                        pass_over_span(&span, form, NULL, &later, whole, 0);
                    }
                }
            }
        }
        finish_rows(call, row, rows, totals, floats);
    }
}

#endif
