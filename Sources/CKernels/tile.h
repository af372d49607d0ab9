// The register tile that all products share: up to 6 rows of up to 4 vectors of sums, kept in registers because `rows`
// and `vectors` are constants wherever these functions are inlined. A sum is a chain of its own: which others lie beside
// it never shows in it.
#ifndef PK_TILE_H
#define PK_TILE_H

#include "lanes.h"
#include "scratch.h"

enum {
    PK_TILE_ROWS = PK_ATTENTION_ROWS,
    PK_TILE_MAX_VECTORS = 4,
};

typedef lanes tile_sums[PK_TILE_ROWS][PK_TILE_MAX_VECTORS];

#if defined(PK_WIDE_TILE)
// 32 registers of 16 lanes: 6 × 4 sums, 4 vectors, 1 scalar.
#define PK_TILE_VECTORS(rows) 4
#else
// 16 registers of 8 lanes (or 32 of 4).
#define PK_TILE_VECTORS(rows) ((rows) == 1 ? 4 : (rows) == 2 ? 2 : 1)
#endif

// Applies `work(rows)` with `rows` a constant.
#define PK_WITH_CONSTANT_ROWS(rows, work) \
    switch (rows) {                       \
        case 1: work(1); break;           \
        case 2: work(2); break;           \
        case 3: work(3); break;           \
        case 4: work(4); break;           \
        case 5: work(5); break;           \
        default: work(6); break;          \
    }

#define PK_UNROLLED _Pragma("clang loop unroll(full)")

PK_INLINE void clear_tile(tile_sums sum, int rows, int vectors) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        PK_UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = splat(0);
    }
}

// sum[r][v] ← fma(scalars[r·stride], vector[v], sum[r][v])
PK_INLINE void add_products(
    tile_sums sum, const float *scalars, int64_t stride, const lanes vector[PK_TILE_MAX_VECTORS], int rows, int vectors
) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        lanes scalar = splat(scalars[r * stride]);
        PK_UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = fused(scalar, vector[v], sum[r][v]);
    }
}

PK_INLINE void store_tile(tile_sums sum, int rows, int vectors, float *to, int64_t row_stride) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        PK_UNROLLED for (int v = 0; v < vectors; v++) store(to + r * row_stride + v * PK_LANES, sum[r][v]);
    }
}

#endif
