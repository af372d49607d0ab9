// The panel product with bf16 weights and activations, float32 sums: as panel.h, but a step of K is a pair of elements
// and each step is pair_product.h's two fused steps, odd element then even. A block is 128 pairs. The blocks' sums and
// the epilogue are ordinary float32 arithmetic, subnormals and all.
#ifndef PK_PANEL_BF16_H
#define PK_PANEL_BF16_H

#include "pair_product.h"
#include "panel.h"

enum { PK_PAIR_BLOCK = PK_K_BLOCK / 2 };

PK_INLINE uint32_t load_pair(const uint16_t *from) {
    uint32_t pair;
    memcpy(&pair, from, sizeof pair);
    return pair;
}

// sum ← sum + x·w for one pair of K, a tile of rows × vectors.
PK_INLINE void step_pair(
    const uint16_t *panel, const uint16_t *x, int64_t x_stride, const char *ahead, int rows, int vectors,
    lanes sum[PK_TILE_ROWS][PK_PANEL_VECTORS]
) {
    bit_lanes weights[PK_PANEL_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
        const uint16_t *from = panel + v * 2 * PK_LANES;
        __builtin_prefetch(ahead + v * 64, 0, 2);
        weights[v] = load_bits(from);
    }
#if defined(PK_PAIR_PRODUCT)
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        bit_lanes activation = splat_bits(load_pair(x + r * x_stride));
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sum[r][v] = PK_PAIR_PRODUCT(sum[r][v], activation, weights[v]);
    }
#else
    // Odd elements of the whole tile, then the even ones: few registers, and no element's own order changes.
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        lanes activation = odd_element(splat_bits(load_pair(x + r * x_stride)));
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sum[r][v] = fused_flushing(activation, odd_element(weights[v]), sum[r][v]);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        lanes activation = even_element(splat_bits(load_pair(x + r * x_stride)));
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sum[r][v] = fused_flushing(activation, even_element(weights[v]), sum[r][v]);
    }
#endif
}

PK_INLINE void chain_bf16(
    const uint16_t *panel, const uint16_t *x, int64_t x_stride, int64_t pairs, ahead next, int rows, int vectors, float *sums
) {
    lanes sum[PK_TILE_ROWS][PK_PANEL_VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sum[r][v] = splat(0);
    }
    for (int64_t pair = 0; pair < pairs; pair++) {
        step_pair(panel + pair * 2 * PK_PANEL, x + pair * 2, x_stride, next.from + pair * next.stride, rows, vectors, sum);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) store(sums + r * PK_PANEL + v * PK_LANES, sum[r][v]);
    }
}

// Not inlined: the compiler must not move arithmetic in or out of the region in which subnormals are flushed.
static __attribute__((noinline)) void block_bf16(
    const uint16_t *panel, const uint16_t *x, int64_t x_stride, int64_t pairs, ahead next, int64_t rows, float *sums
) {
#define PK_WORK(R)                                                                                                \
    for (int v = 0; v < PK_PANEL_VECTORS; v += PK_TILE_VECTORS(R)) {                                              \
        chain_bf16(panel + v * 2 * PK_LANES, x, x_stride, pairs, next, R, PK_TILE_VECTORS(R), sums + v * PK_LANES);     \
    }
    PK_WITH_CONSTANT_ROWS(rows, PK_WORK)
#undef PK_WORK
}

static void panel_bf16(const pk_panel_call *call) {
    _Alignas(64) float totals[PK_BAND_ROWS * PK_PANEL];
    _Alignas(64) float sums[PK_TILE_ROWS * PK_PANEL];
    const uint16_t *panel = call->panel, *x = call->x;
    int64_t all_pairs = (call->k + 1) / 2;
    for (int64_t band = 0; band < call->rows; band += PK_BAND_ROWS) {
        int64_t band_rows = call->rows - band < PK_BAND_ROWS ? call->rows - band : PK_BAND_ROWS;
        for (int64_t pair = 0; pair < all_pairs; pair += PK_PAIR_BLOCK) {
            int64_t pairs = all_pairs - pair < PK_PAIR_BLOCK ? all_pairs - pair : PK_PAIR_BLOCK;
            for (int64_t r = 0; r < band_rows; r += PK_TILE_ROWS) {
                int64_t rows = band_rows - r < PK_TILE_ROWS ? band_rows - r : PK_TILE_ROWS;
                ahead next = plan_ahead(
                    (const char *)(panel + pair * 2 * PK_PANEL), pairs, r / PK_TILE_ROWS,
                    (band_rows + PK_TILE_ROWS - 1) / PK_TILE_ROWS, band == 0);
                const uint16_t *rows_of_x = x + (band + r) * call->x_stride + pair * 2;
                uint32_t mode = flush_subnormals();
                block_bf16(panel + pair * 2 * PK_PANEL, rows_of_x, call->x_stride, pairs, next, rows, sums);
                restore_subnormals(mode);
                add_block(totals + r * PK_PANEL, sums, rows, pair == 0);
            }
        }
        for (int64_t r = 0; r < band_rows; r++) finish_row(call, band + r, totals + r * PK_PANEL);
    }
}

#endif
