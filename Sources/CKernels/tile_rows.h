// The rows of x that a register tile multiplies, as addresses that cost no instruction of their own. x86 has few registers
// but adds a stride, or two, as it loads: a base for every four rows, and three times the stride for the fourth. Arm has a
// register for each row. Bases are opaque, or the compiler would compute every address from the first one.
#ifndef PK_TILE_ROWS_H
#define PK_TILE_ROWS_H

#include "tile.h"

#if defined(__x86_64__)

typedef struct tile_rows {
    const char *base[(PK_TILE_ROWS + 3) / 4];
    int64_t stride, three_strides;
} tile_rows;

PK_INLINE tile_rows rows_from(const char *x, int64_t stride, int rows) {
    tile_rows tile = {.stride = stride, .three_strides = 3 * stride};
    PK_OPAQUE(tile.stride);
    PK_OPAQUE(tile.three_strides);
    PK_UNROLLED for (int r = 0; r < rows; r += 4) {
        tile.base[r / 4] = x + r * stride;
        PK_OPAQUE(tile.base[r / 4]);
    }
    return tile;
}

PK_INLINE const char *tile_row(const tile_rows *tile, int row) {
    const char *base = tile->base[row / 4];
    return row % 4 == 3 ? base + tile->three_strides : base + row % 4 * tile->stride;
}

PK_INLINE void move_rows(tile_rows *tile, int64_t bytes, int rows) {
    PK_UNROLLED for (int r = 0; r < rows; r += 4) {
        tile->base[r / 4] += bytes;
        PK_OPAQUE(tile->base[r / 4]);
    }
}

#else

typedef struct tile_rows {
    const char *row[PK_TILE_ROWS];
} tile_rows;

PK_INLINE tile_rows rows_from(const char *x, int64_t stride, int rows) {
    tile_rows tile;
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        tile.row[r] = x + r * stride;
        PK_OPAQUE(tile.row[r]);
    }
    return tile;
}

PK_INLINE const char *tile_row(const tile_rows *tile, int row) { return tile->row[row]; }

PK_INLINE void move_rows(tile_rows *tile, int64_t bytes, int rows) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        tile->row[r] += bytes;
        PK_OPAQUE(tile->row[r]);
    }
}

#endif

// sum[r][v] ← fma(the float at `at` bytes of row r, vector[v], sum[r][v])
PK_INLINE void add_row_products(
    tile_sums sum, const tile_rows *x, int64_t at, const lanes *vector, int rows, int vectors
) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        lanes scalar = splat_from(tile_row(x, r) + at);
        PK_UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = fused(scalar, vector[v], sum[r][v]);
    }
}

#endif
