// What the products of all formats share: a panel of 64 output columns is two strips of 32; a strip is cut along K into
// blocks, and lies in memory block by block, one strip after the other:
//
//   panel = [block][strip][step][32 columns][4 bytes]
//
// One step of K is 4 bytes of a column in every format: one float, a pair of bf16, four int8. So a step is 128 bytes of a
// strip, two vectors, and what the formats differ in is one inlined function, the step.
//
// The register tile is up to 12 rows × 2 vectors of sums (6 rows where registers are half as wide and half as many): two
// loads of weights serve 24 fused steps. A block of a strip is at most 32 KiB and stays in the first-level cache, or not
// far from it, while the tiles of a band of rows pass over it.
//
// The order of one element's additions is its format's (panel_f32.h, …) and never depends on what lies beside it.
#ifndef PK_STRIP_H
#define PK_STRIP_H

#include "ahead.h"
#include "tile_rows.h"

enum {
    PK_STRIP_COLUMNS = 32,
    PK_STRIP_VECTORS = PK_STRIP_COLUMNS / PK_LANES,
    PK_STRIPS = PK_PANEL / PK_STRIP_COLUMNS,
};

// The most rows of a tile of both vectors where the largest tile has `most`: half as many rows leave registers for two.
#if defined(PK_WIDE_TILE)
#define PK_BROAD_ROWS(most) (most)
#elif defined(PK_QUARTERED)
#define PK_BROAD_ROWS(most) 2
#else
#define PK_BROAD_ROWS(most) ((most) / 2)
#endif

// sum[r][v] ← the format's step with the 64 bytes at weights + 64·v and the x at `at` bytes of row r.
typedef void (*strip_step)(
    tile_sums sum, const char *weights, const tile_rows *x, int64_t at, int rows, int vectors);

// A band of rows on its way over one block of one strip.
typedef struct band {
    const char *strip;
    const char *beside;  // the other strip's same block, if one pass takes both (PK_TWO_STREAMS); or NULL
    int64_t steps;
    const char *x;       // the band's first row, at the block's first step
    int64_t x_stride;    // bytes
    int64_t rows;
    const char *memory;  // where the strip lies in memory, for what is asked ahead
    int64_t memory_bytes;  // 0: what follows has been asked for by the bands before
    const char *following;  // what is read after it
    float *sums;         // [rows][PK_PANEL]: the strip's 32 columns of each row; int32 sums of int8
    int adds;            // the block's sums are added to what is there, or else written
    char *result;        // where the last block's rows will be written, to be asked for; else NULL
    int64_t result_stride;
} band;

PK_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// What a format's steps are: constants.
typedef struct strip_form {
    strip_step step;
    int64_t x_step;     // bytes of x that a step takes
    int whole_numbers;  // the sums are int32
    int broad_rows;     // the most rows of a tile of both vectors, where it is not PK_BROAD_ROWS
    int is_large;       // a block fills the first level of the cache, so that other tiles than the first find it in the second
} strip_form;

// totals ← totals + sums
PK_INLINE void add_tile(tile_sums sum, int rows, int vectors, float *totals, int whole_numbers) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        PK_UNROLLED for (int v = 0; v < vectors; v++) {
            float *to = totals + r * PK_PANEL + v * PK_LANES;
            lanes total = load(to);
            store(to, whole_numbers ? (lanes)((int_lanes)total + (int_lanes)sum[r][v]) : total + sum[r][v]);
        }
    }
}

// The sums of one tile over the block; `rows`, `vectors` and `asks` (PK_ASKS_…) are constants.
PK_INLINE void chain(
    const band *work, int64_t row, int64_t first_vector, ahead next, int rows, int vectors, strip_form form, int asks
) {
    const int alone = asks == PK_ASKS_ALONE;
    tile_sums sum;
    clear_tile(sum, rows, vectors);
    if (work->result) {
        PK_UNROLLED for (int r = 0; r < rows; r++) ask_to_write(work->result + (row + r) * work->result_stride);
    }
    const char *strip = work->strip + first_vector * 64;
    tile_rows x = rows_from(work->x + row * work->x_stride, work->x_stride, rows);
    for (int64_t group = 0; group < work->steps / PK_UNROLLED_STEPS; group++) {
        const char *lines = alone ? lines_ahead(next, group) : next.from;
        PK_UNROLLED for (int i = 0; i < PK_UNROLLED_STEPS; i++) {
            if (alone && rows >= PK_HINTED_ROWS) ask(lines, i);
            if (!alone && i < asks) __builtin_prefetch(lines + i * PK_LINE, 0, PK_SHARED_LOCALITY);
            if (!alone && form.is_large) ask_again(strip + i * PK_STEP_BYTES);
            form.step(sum, strip + i * PK_STEP_BYTES, &x, i * form.x_step, rows, vectors);
        }
        next.from += next.rate;
        strip += PK_UNROLLED_STEPS * PK_STEP_BYTES;
        move_rows(&x, PK_UNROLLED_STEPS * form.x_step, rows);
    }
    for (int64_t k = work->steps % PK_UNROLLED_STEPS; k > 0; k--) {
        form.step(sum, strip, &x, 0, rows, vectors);
        strip += PK_STEP_BYTES;
        move_rows(&x, form.x_step, rows);
    }
    float *to = work->sums + row * PK_PANEL + first_vector * PK_LANES;
    if (work->adds) {
        add_tile(sum, rows, vectors, to, form.whole_numbers);
    } else {
        store_tile(sum, rows, vectors, to, PK_PANEL);
    }
}

#if defined(PK_TWO_STREAMS)

// One row with both strips at once.
PK_INLINE void chain_of_both(const band *work, strip_form form) {
    tile_sums sum[PK_STRIPS];
    const char *strip[PK_STRIPS] = {work->strip, work->beside};
    tile_rows x = rows_from(work->x, work->x_stride, 1);
    PK_UNROLLED for (int s = 0; s < PK_STRIPS; s++) {
        clear_tile(sum[s], 1, PK_STRIP_VECTORS);
        if (work->result) ask_to_write(work->result + s * 2 * PK_LINE);
    }
    for (int64_t group = 0; group < work->steps / PK_UNROLLED_STEPS; group++) {
        PK_UNROLLED for (int i = 0; i < PK_UNROLLED_STEPS; i++) {
            PK_UNROLLED for (int s = 0; s < PK_STRIPS; s++) {
                form.step(sum[s], strip[s] + i * PK_STEP_BYTES, &x, i * form.x_step, 1, PK_STRIP_VECTORS);
            }
        }
        PK_UNROLLED for (int s = 0; s < PK_STRIPS; s++) strip[s] += PK_UNROLLED_STEPS * PK_STEP_BYTES;
        move_rows(&x, PK_UNROLLED_STEPS * form.x_step, 1);
    }
    for (int64_t k = 0; k < work->steps % PK_UNROLLED_STEPS; k++) {
        PK_UNROLLED for (int s = 0; s < PK_STRIPS; s++) {
            form.step(sum[s], strip[s] + k * PK_STEP_BYTES, &x, 0, 1, PK_STRIP_VECTORS);
        }
        move_rows(&x, form.x_step, 1);
    }
    PK_UNROLLED for (int s = 0; s < PK_STRIPS; s++) {
        float *to = work->sums + s * PK_STRIP_COLUMNS;
        if (work->adds) {
            add_tile(sum[s], 1, PK_STRIP_VECTORS, to, form.whole_numbers);
        } else {
            store_tile(sum[s], 1, PK_STRIP_VECTORS, to, PK_PANEL);
        }
    }
}

#endif

// All tiles of the band, of up to `most` rows and as equal as can be: 32 rows are 11 + 11 + 10.
PK_INLINE void pass_over_strip(const band *work, strip_form form, int64_t most) {
#if defined(PK_TWO_STREAMS)
    if (work->beside) {
        chain_of_both(work, form);
        return;
    }
#endif
    int64_t tiles = (work->rows + most - 1) / most;
    int64_t groups = (work->steps + PK_UNROLLED_STEPS - 1) / PK_UNROLLED_STEPS;
    const int64_t broad = form.broad_rows > 0 ? form.broad_rows : PK_BROAD_ROWS(most);
    for (int64_t t = 0; t < tiles; t++) {
        int64_t row = work->rows * t / tiles, rows = work->rows * (t + 1) / tiles - row;
#define PK_WORK(R)                                                                                       \
    for (int v = 0, vectors = (R) <= broad ? 2 : 1; v < PK_STRIP_VECTORS && (R) <= most; v += vectors) { \
        const int passes = PK_STRIP_VECTORS / vectors;                                                   \
        if (tiles == 1 && passes == 1) {                                                                 \
            ahead next = ahead_of_itself(work->memory, work->steps * PK_STEP_BYTES, work->following);    \
            chain(work, row, v, next, R, vectors, form, PK_ASKS_ALONE);                                  \
            break;                                                                                       \
        }                                                                                                \
        int64_t pass = t * passes + v / vectors;                                                         \
        ahead next = share(work->following, work->memory_bytes, groups, pass, tiles * passes);           \
        if ((R) > most / 2 && next.rate <= PK_LINE) {                                                    \
            chain(work, row, v, next, R, vectors, form, PK_ASKS_ONCE);                                   \
        } else {                                                                                         \
            chain(work, row, v, next, R, vectors, form, PK_ASKS_OFTEN);                                  \
        }                                                                                                \
    }
        PK_WITH_CONSTANT_TILE_ROWS(rows, PK_WORK)
#undef PK_WORK
    }
}

#endif
