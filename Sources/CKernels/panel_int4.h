// int4 weights in groups of 32 along K with a bf16 scale each; activations int8 with one scale per row. Per group the sum
// of 32 products is a whole number; the groups are one chain of fused multiply-adds from +0 along K:
//
//   s = fma(float(Σ_g), scale_g, s);  value = s · row scale
#ifndef PK_PANEL_INT4_H
#define PK_PANEL_INT4_H

#include "int4_groups.h"
#include "panel.h"
#include "quad_product.h"

enum {
    PK_GROUP_BLOCK = 64,   // groups of a strip that stay in the cache for all tiles of a band
    PK_INT4_AHEAD = 8192,  // bytes
    PK_INT4_ASKS_ALONE = PK_GROUP_BYTES / PK_LINE,  // lines with a group
    PK_INT4_ASKS_OFTEN = (PK_INT4_ASKS_ALONE + 1) / 2,  // one of two passes, or more
#if defined(PK_WIDE_TILE)
    PK_INT4_ROWS = 9,  // a few of the totals wait in memory
#elif defined(PK_HALVED)
    PK_INT4_ROWS = 4,  // all of them do
#else
    PK_INT4_ROWS = 2,
#endif
};

// Where one pass takes all columns, memory has no pause while a second one finds the strip in the cache.
#if defined(PK_WIDE_TILE)
#define PK_INT4_VECTORS(rows) 2
#elif defined(PK_HALVED)
#define PK_INT4_VECTORS(rows) ((rows) <= 2 ? 2 : 1)
#else
#define PK_INT4_VECTORS(rows) 1
#endif

typedef struct int4_band {
    const char *strip;
    const char *beside;  // the other strip's same groups, if one pass takes both (PK_TWO_STREAMS); or NULL
    int64_t groups;
    const char *end;   // the panel's; what a single pass asks for beyond it lies
    const char *then;  // here
    const char *following;  // the block that is read after this one
    int64_t memory_bytes;   // this block's; 0: what follows has been asked for by the bands before
    const char *x;         // first row, at the block's first group
    int64_t x_stride;
    const int32_t *offsets;  // first row's, of the block's first group
    int64_t offsets_stride;
    int64_t rows;
    float *totals;         // [rows][PK_PANEL]
    int first;             // the chains begin here
} int4_band;

PK_INLINE lanes load_scales(const char *from) {
    half_lanes words;
    memcpy(&words, from, sizeof words);
    return (lanes)(__builtin_convertvector(words, bit_lanes) << 16);
}

// Of each byte. Arm shifts bytes, x86 has to mask.
PK_INLINE bit_lanes high_halves(bit_lanes pair) {
#if defined(PK_QUARTERED)
    typedef uint8_t bytes __attribute__((vector_size(64)));
    return (bit_lanes)((bytes)pair >> 4);
#else
    return (pair >> 4) & splat_bits(0x0F0F0F0Fu);
#endif
}

// The sums of a group for one row begin at its offset (row_forms.h), take the products of four weights, 0 … 15, with four
// elements of the row, and are Σ (w − 8)·x. Without an instruction for four products a lane is two sums of 16 bits, of 16
// products each: in the end at most 16 · 8 · 127, and what wraps around on the way does no harm.
#if defined(PK_NIBBLE_PAIRS)
PK_INLINE bit_lanes nibble_product(bit_lanes sum, bit_lanes w, scalar_word x) { return PK_NIBBLE_PAIRS(sum, w, x); }

PK_INLINE int_lanes group_sum(bit_lanes sum) { return (int_lanes)PK_SUM_OF_PAIR(sum); }
#else
PK_INLINE bit_lanes nibble_product(bit_lanes sum, bit_lanes w, scalar_word x) { return PK_QUAD_PRODUCT(sum, w, x); }

PK_INLINE int_lanes group_sum(bit_lanes sum) { return (int_lanes)sum; }
#endif

// One group for `rows` rows and `vectors` vectors of columns from vector `first` on, all constants.
PK_INLINE void add_group(
    const int4_band *work, int64_t group, int64_t row, int first, int rows, int vectors, tile_sums total
) {
    const char *strip = work->strip + group * PK_GROUP_BYTES + first * 64;
    const char *x = work->x + row * work->x_stride + group * PK_QUANT_GROUP;
    bit_lanes sum[PK_TILE_ROWS][PK_STRIP_VECTORS];
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        bit_lanes offset = splat_bits((uint32_t)work->offsets[(row + r) * work->offsets_stride + group]);
        PK_UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = offset;
    }
    PK_UNROLLED for (int i = 0; i < PK_GROUP_STEPS; i++) {
        const char *pairs = strip + i / 2 * PK_STEP_BYTES;
        const int is_high = i % 2;
        bit_lanes weight[PK_STRIP_VECTORS];
        PK_UNROLLED for (int v = 0; v < vectors; v++) {
            bit_lanes pair = load_bits(pairs + v * 64);
            weight[v] = is_high ? high_halves(pair) : pair & splat_bits(0x0F0F0F0Fu);
        }
        PK_UNROLLED for (int r = 0; r < rows; r++) {
            scalar_word scalar = load_scalar(x + r * work->x_stride + i / 2 * 4 + is_high * PK_QUANT_GROUP / 2);
            PK_UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = nibble_product(sum[r][v], weight[v], scalar);
        }
    }
    PK_UNROLLED for (int v = 0; v < vectors; v++) {
        lanes scale = load_scales(strip - first * 32 + PK_GROUP_NIBBLES + v * 32);
        PK_UNROLLED for (int r = 0; r < rows; r++) {
            lanes whole = __builtin_convertvector(group_sum(sum[r][v]), lanes);
            total[r][v] = fused(whole, scale, total[r][v]);
        }
    }
}

PK_INLINE void ask_for_group(const int4_band *work, int64_t group) {
    const char *ahead = work->strip + PK_INT4_AHEAD + group * PK_GROUP_BYTES;
    if (ahead >= work->end) ahead = work->then + (ahead - work->end);
    PK_UNROLLED for (int line = 0; line < PK_INT4_ASKS_ALONE; line++) {
        __builtin_prefetch(ahead + line * PK_LINE, 0, PK_LOCALITY);
    }
}

// `rows`, `vectors` and `asks` (PK_INT4_ASKS_…) are constants.
PK_INLINE void chain_int4(
    const int4_band *work, int64_t row, int first, ahead next, int rows, int vectors, int asks
) {
    tile_sums total;
    float *totals = work->totals + row * PK_PANEL + first * PK_LANES;
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        PK_UNROLLED for (int v = 0; v < vectors; v++) {
            total[r][v] = work->first ? splat(0) : load(totals + r * PK_PANEL + v * PK_LANES);
        }
    }
    for (int64_t group = 0; group < work->groups; group++) {
        if (asks == PK_INT4_ASKS_ALONE) {
            if (rows >= PK_HINTED_INT4_ROWS) ask_for_group(work, group);
        } else {
            PK_UNROLLED for (int line = 0; line < asks; line++) {
                __builtin_prefetch(next.from + line * PK_LINE, 0, PK_SHARED_LOCALITY);
            }
            next.from += next.rate;
        }
        add_group(work, group, row, first, rows, vectors, total);
    }
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        PK_UNROLLED for (int v = 0; v < vectors; v++) store(totals + r * PK_PANEL + v * PK_LANES, total[r][v]);
    }
}

#if defined(PK_TWO_STREAMS)

// One row with both strips, a group of the one and a group of the other.
PK_INLINE void chain_int4_of_both(const int4_band *work) {
    int4_band other = *work;
    other.strip = work->beside;
    tile_sums total[PK_STRIPS];
    PK_UNROLLED for (int i = 0; i < PK_STRIPS * PK_STRIP_VECTORS; i++) {
        total[i / PK_STRIP_VECTORS][0][i % PK_STRIP_VECTORS] = work->first ? splat(0) : load(work->totals + i * PK_LANES);
    }
    for (int64_t group = 0; group < work->groups; group++) {
        add_group(work, group, 0, 0, 1, PK_STRIP_VECTORS, total[0]);
        add_group(&other, group, 0, 0, 1, PK_STRIP_VECTORS, total[1]);
    }
    PK_UNROLLED for (int i = 0; i < PK_STRIPS * PK_STRIP_VECTORS; i++) {
        store(work->totals + i * PK_LANES, total[i / PK_STRIP_VECTORS][0][i % PK_STRIP_VECTORS]);
    }
}

#endif

// All tiles of the band, as equal as can be: 8 rows are 4 + 4.
static void pass_int4(const int4_band *work) {
#if defined(PK_TWO_STREAMS)
    if (work->beside) {
        chain_int4_of_both(work);
        return;
    }
#endif
    int64_t tiles = (work->rows + PK_INT4_ROWS - 1) / PK_INT4_ROWS;
    for (int64_t t = 0; t < tiles; t++) {
        int64_t row = work->rows * t / tiles, rows = work->rows * (t + 1) / tiles - row;
#define PK_WORK(R)                                                                                       \
    for (int v = 0; v < PK_STRIP_VECTORS && (R) <= PK_INT4_ROWS; v += PK_INT4_VECTORS(R)) {              \
        const int vectors = PK_INT4_VECTORS(R), passes = PK_STRIP_VECTORS / vectors;                     \
        if (tiles == 1 && passes == 1) {                                                                 \
            chain_int4(work, row, v, (ahead){0}, R, vectors, PK_INT4_ASKS_ALONE);                        \
            break;                                                                                       \
        }                                                                                                \
        int64_t pass = t * passes + v / vectors;                                                         \
        ahead next = share(work->following, work->memory_bytes, work->groups, pass, tiles * passes);     \
        if ((R) > PK_INT4_ROWS / 2 && next.rate <= PK_LINE) {                                            \
            chain_int4(work, row, v, next, R, vectors, PK_ASKS_ONCE);                                    \
        } else {                                                                                         \
            chain_int4(work, row, v, next, R, vectors, PK_INT4_ASKS_OFTEN);                              \
        }                                                                                                \
    }
        PK_WITH_CONSTANT_TILE_ROWS(rows, PK_WORK)
#undef PK_WORK
    }
}

#if defined(PK_MATRIX_TILES)
#include "panel_int4_tiles.h"
#endif

PK_INLINE lanes times_row_scale(const pk_panel_call *call, int64_t row, const float *totals, int64_t at) {
    return load(totals + at) * splat(call->x_scales[row]);
}

static void panel_int4(const pk_panel_call *call) {
    _Alignas(64) float totals[PK_BAND_ROWS * PK_PANEL];
    const char *panel = call->panel;
    int64_t groups = groups_of(call->k);
    for (int64_t row = 0; row < call->rows; row += PK_BAND_ROWS) {
        int4_band work = {
            .x_stride = call->x_stride,
            .offsets_stride = call->x_sums_stride,
            .rows = smaller(call->rows - row, PK_BAND_ROWS),
            .end = panel + PK_STRIPS * groups * PK_GROUP_BYTES,
        };
        work.then = call->next ? call->next : work.end;
        const int64_t strips = strips_at_once(work.rows);
        for (int64_t group = 0; group < groups; group += PK_GROUP_BLOCK) {
            work.groups = smaller(groups - group, PK_GROUP_BLOCK);
            work.first = group == 0;
            work.x = (const char *)call->x + row * call->x_stride + group * PK_QUANT_GROUP;
            work.offsets = call->x_sums + row * call->x_sums_stride + group;
            work.memory_bytes = row == 0 ? work.groups * PK_GROUP_BYTES : 0;
            for (int64_t s = 0; s < PK_STRIPS; s += strips) {
                work.strip = panel + (s * groups + group) * PK_GROUP_BYTES;
                work.beside = strips > 1 ? work.strip + groups * PK_GROUP_BYTES : NULL;
                // The other strip's block, or the first strip's next one.
                int64_t following = s + 1 < PK_STRIPS ? groups + group : group + work.groups;
                int is_last = s + 1 == PK_STRIPS && following == groups;
                work.following = is_last ? work.then : panel + following * PK_GROUP_BYTES;
                work.totals = totals + s * PK_STRIP_COLUMNS;
#if defined(PK_MATRIX_TILES)
                if (work.rows >= PK_INT4_TILE_ROWS) {
                    pass_int4_tiles(&work);
                    continue;
                }
#endif
                pass_int4(&work);
            }
        }
        finish_rows(call, row, work.rows, totals, times_row_scale);
    }
}

#endif
