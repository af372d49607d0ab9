// The register tile of attention and of the products: rows × vectors of sums, kept in registers because `rows` and
// `vectors` are constants wherever these functions are inlined. A sum is a chain of its own: which others lie beside it never shows in it.
#ifndef PK_TILE_H
#define PK_TILE_H

#include "lanes.h"
#include "scratch.h"

#if defined(PK_WIDE_TILE)
// 32 registers of 16 lanes: 12 × 2 sums, or attention's 5 × 4 or 2 × 8; as many vectors twice over (a pair), 1 scalar.
// A sum waits four cycles for its next step, and two start in each: fewer than eight leave the arithmetic idle.
enum { PK_TILE_ROWS = 12, PK_TILE_MAX_VECTORS = 8 };
#define PK_TILE_VECTORS(rows) ((rows) <= 2 ? 8 : (rows) <= 5 ? 4 : 2)
#elif defined(PK_QUARTERED)
// 32 registers of 4 lanes: 6 × 1 sums, the vector, the scalars.
enum { PK_TILE_ROWS = 6, PK_TILE_MAX_VECTORS = 4 };
#define PK_TILE_VECTORS(rows) ((rows) <= 2 ? 2 : 1)
#else
// 16 registers of 8 lanes.
enum { PK_TILE_ROWS = 6, PK_TILE_MAX_VECTORS = 4 };
#define PK_TILE_VECTORS(rows) ((rows) == 1 ? 4 : (rows) == 2 ? 2 : 1)
#endif

typedef lanes tile_sums[PK_TILE_ROWS][PK_TILE_MAX_VECTORS];

// Applies `work(vectors)` with a constant to parts of `count` vectors, of the most that a tile of `rows` rows has, then of
// half as many: `at` is where each part begins.
#define PK_WITH_CONSTANT_VECTORS(rows, at, count, work)                                          \
    if (PK_TILE_VECTORS(rows) >= 8) for (; at + 8 <= count; at += 8) work(8);                    \
    if (PK_TILE_VECTORS(rows) >= 4) for (; at + 4 <= count; at += 4) work(4);                    \
    if (PK_TILE_VECTORS(rows) >= 2) for (; at + 2 <= count; at += 2) work(2);                    \
    for (; at < count; at++) work(1);

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

#if defined(PK_WIDE_TILE)
#define PK_WITH_CONSTANT_TILE_ROWS(rows, work)     \
    switch (rows) {                                \
        case 7: work(7); break;                    \
        case 8: work(8); break;                    \
        case 9: work(9); break;                    \
        case 10: work(10); break;                  \
        case 11: work(11); break;                  \
        case 12: work(12); break;                  \
        default: PK_WITH_CONSTANT_ROWS(rows, work) \
    }
#else
#define PK_WITH_CONSTANT_TILE_ROWS PK_WITH_CONSTANT_ROWS
#endif

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
        lanes scalar = splat_from(scalars + r * stride);
        PK_UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = fused(scalar, vector[v], sum[r][v]);
    }
}

PK_INLINE void store_tile(tile_sums sum, int rows, int vectors, float *to, int64_t row_stride) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        PK_UNROLLED for (int v = 0; v < vectors; v++) store(to + r * row_stride + v * PK_LANES, sum[r][v]);
    }
}

#endif
