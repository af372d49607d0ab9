// int4 weights on AMX's tiles, for rows enough that they pay for spreading the weights: 16 groups of a strip become bytes in the
// first-level cache, −8 … 7, and one product of tiles is the whole sums of a group for 16 rows of 16 columns. They leave their
// tile through memory, where each row's go on as in panel_int4.h: the same chain, the same bits.
#ifndef PK_PANEL_INT4_TILES_H
#define PK_PANEL_INT4_TILES_H

#include "int4_groups.h"
#include "matrix_tiles.h"

enum {
    // For fewer rows VNNI is as fast: 96 rows take one core 28 ms instead of 39, 32 rows 11.8 instead of 12.6, and while
    // another thread shares the core 10.4 instead of 8.8.
    PK_INT4_TILE_ROWS = 64,
    PK_SPREAD_GROUPS = 16,
    PK_SPREAD_BYTES = PK_GROUP_STEPS * PK_STEP_BYTES,  // of a group of a strip
};

typedef struct spread_groups {
    _Alignas(64) char weights[PK_SPREAD_GROUPS * PK_SPREAD_BYTES];  // [group][step][32 columns][4]
    _Alignas(64) float scales[PK_SPREAD_GROUPS * PK_STRIP_COLUMNS];
    _Alignas(64) int32_t sums[2][PK_TILE_HEIGHT * PK_LANES];
} spread_groups;

// Tiles 0 and 1 are sums, 4 and 5 a group of x, 6 and 7 of weights.
static void lay_out_group_tiles(int64_t rows) {
    tile_layout wanted = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        wanted.row_bytes[t] = t == 4 || t == 5 ? PK_QUANT_GROUP : PK_LANES * 4;
        wanted.rows[t] = (uint8_t)(t >= 6 ? PK_GROUP_STEPS : rows);
    }
    lay_out(&wanted);
}

PK_INLINE bit_lanes minus_8(bit_lanes nibbles) {
    typedef int8_t bytes __attribute__((vector_size(64)));
    return (bit_lanes)((bytes)nibbles - 8);
}

PK_INLINE void spread_group(const char *from, char *weights, float *scales) {
    PK_UNROLLED for (int i = 0; i < PK_GROUP_STEPS / 2; i++) {
        PK_UNROLLED for (int v = 0; v < PK_STRIP_VECTORS; v++) {
            bit_lanes pair = load_bits(from + i * PK_STEP_BYTES + v * 64);
            bit_lanes low = minus_8(pair & splat_bits(0x0F0F0F0Fu)), high = minus_8(pair >> 4 & splat_bits(0x0F0F0F0Fu));
            memcpy(weights + i * PK_STEP_BYTES + v * 64, &low, sizeof low);
            memcpy(weights + (i + PK_GROUP_STEPS / 2) * PK_STEP_BYTES + v * 64, &high, sizeof high);
        }
    }
    PK_UNROLLED for (int v = 0; v < PK_STRIP_VECTORS; v++) {
        store(scales + v * PK_LANES, load_scales(from + PK_GROUP_NIBBLES + v * 32));
    }
}

// sums[turn] ← a group's whole sums of up to 16 rows in 16 columns. Two turns have registers of their own.
PK_INLINE void multiply_group_tiles(const char *x, int64_t x_stride, const char *weights, spread_groups *spread, int turn) {
    if (turn == 0) {
        _tile_zero(0);
        _tile_loadd(4, x, x_stride);
        _tile_loadd(6, weights, PK_STEP_BYTES);
        _tile_dpbssd(0, 4, 6);
        _tile_stored(0, spread->sums[0], PK_LANES * 4);
    } else {
        _tile_zero(1);
        _tile_loadd(5, x, x_stride);
        _tile_loadd(7, weights, PK_STEP_BYTES);
        _tile_dpbssd(1, 5, 7);
        _tile_stored(1, spread->sums[1], PK_LANES * 4);
    }
}

// The next group is multiplied while one is added. Behind the last of fewer than 16 rows lies room in the band; what is computed
// there is nobody's.
PK_INLINE void add_groups_of_tile(const int4_band *work, spread_groups *spread, int64_t block, int64_t count, int64_t row, int v) {
    float *totals = work->totals + row * PK_PANEL + v * PK_LANES;
    const char *x = work->x + row * work->x_stride + block * PK_QUANT_GROUP;
    const char *weights = spread->weights + v * 64;
    lanes total[PK_TILE_HEIGHT];
    PK_UNROLLED for (int r = 0; r < PK_TILE_HEIGHT; r++) {
        total[r] = work->first && block == 0 ? splat(0) : load(totals + r * PK_PANEL);
    }
    multiply_group_tiles(x, work->x_stride, weights, spread, 0);
    for (int64_t pair = 0; pair < count; pair += 2) {
        PK_UNROLLED for (int turn = 0; turn < 2; turn++) {
            int64_t g = pair + turn;
            if (g >= count) break;
            if (g + 1 < count) {
                multiply_group_tiles(
                    x + (g + 1) * PK_QUANT_GROUP, work->x_stride, weights + (g + 1) * PK_SPREAD_BYTES, spread, 1 - turn);
            }
            lanes scale = load(spread->scales + g * PK_STRIP_COLUMNS + v * PK_LANES);
            PK_UNROLLED for (int r = 0; r < PK_TILE_HEIGHT; r++) {
                int_lanes sum;
                memcpy(&sum, spread->sums[turn] + r * PK_LANES, sizeof sum);
                total[r] = fused(__builtin_convertvector(sum, lanes), scale, total[r]);
            }
        }
    }
    PK_UNROLLED for (int r = 0; r < PK_TILE_HEIGHT; r++) store(totals + r * PK_PANEL, total[r]);
}

static void pass_int4_tiles(const int4_band *work) {
    spread_groups spread;
    memset(spread.sums, 0, sizeof spread.sums);
    for (int64_t block = 0; block < work->groups; block += PK_SPREAD_GROUPS) {
        int64_t count = smaller(work->groups - block, PK_SPREAD_GROUPS);
        for (int64_t g = 0; g < count; g++) {
            ask_for_group(work, block + g);
            spread_group(
                work->strip + (block + g) * PK_GROUP_BYTES, spread.weights + g * PK_SPREAD_BYTES,
                spread.scales + g * PK_STRIP_COLUMNS);
        }
        for (int64_t row = 0; row < work->rows; row += PK_TILE_HEIGHT) {
            lay_out_group_tiles(smaller(work->rows - row, PK_TILE_HEIGHT));
            for (int v = 0; v < PK_STRIP_VECTORS; v++) add_groups_of_tile(work, &spread, block, count, row, v);
        }
    }
}

#endif
