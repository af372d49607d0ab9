// The panel product with bf16 weights and activations, float32 sums: as panel.h, but a step of K is a pair of elements
// and each step is pair_product.h's two fused steps, odd element then even. A block is 128 pairs. The blocks' sums and
// the epilogue are ordinary float32 arithmetic, subnormals and all.
//
// Two ways to take the same steps. With the instruction for a pair, both operands stay bf16. With fused float32 steps,
// a tile's activations become floats once per block, and its weights in registers, once for all of the tile's rows.
// Where both exist it depends on the CPU (dispatch.c): Intel's cores start a vdpbf16ps every second cycle and two fused
// steps every cycle, so that three rows or more, which share the unpacking, are half as fast again without it. With
// PK_PAIR_ALL_ROWS every tile takes the instruction, for CPUs on which it is as fast as a fused step.
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

// sum[r][v] ← the flushing fma of add_products.
PK_INLINE void add_flushing(
    tile_sums sum, const float *scalars, const lanes vector[PK_TILE_MAX_VECTORS], int rows, int vectors
) {
    PK_UNROLLED for (int r = 0; r < rows; r++) {
        lanes scalar = splat(scalars[r * PK_K_BLOCK]);
        PK_UNROLLED for (int v = 0; v < vectors; v++) sum[r][v] = fused_flushing(scalar, vector[v], sum[r][v]);
    }
}

// The chain of one block by fused float32 steps. x: [rows][PK_K_BLOCK] floats. The odd elements of the whole tile come
// before the even ones: few registers, and no element's own order changes.
PK_INLINE void chain_floats(
    const uint16_t *panel, const float *x, int64_t pairs, ahead next, int rows, int vectors, float *sums
) {
    tile_sums sum;
    clear_tile(sum, rows, vectors);
    for (int64_t pair = 0; pair < pairs; pair++) {
        const uint16_t *from = panel + pair * 2 * PK_PANEL;
        lanes weights[PK_TILE_MAX_VECTORS];
        ask(next, pair, vectors);
        PK_UNROLLED for (int v = 0; v < vectors; v++) weights[v] = odd_element(load_bits(from + v * 2 * PK_LANES));
        add_flushing(sum, x + 2 * pair + 1, weights, rows, vectors);
        PK_UNROLLED for (int v = 0; v < vectors; v++) weights[v] = even_element(load_bits(from + v * 2 * PK_LANES));
        add_flushing(sum, x + 2 * pair, weights, rows, vectors);
    }
    store_tile(sum, rows, vectors, sums, PK_PANEL);
}

// Not inlined: the compiler must not move arithmetic into or out of the region in which subnormals are flushed.
static __attribute__((noinline, unused)) void block_of_floats(
    const uint16_t *panel, const float *x, int64_t pairs, reading plan, int64_t rows, float *sums
) {
#define PK_WORK(R)                                                                                        \
    for (int v = 0; v < PK_PANEL_VECTORS; v += PK_TILE_VECTORS(R)) {                                      \
        ahead next = share(plan, v / PK_TILE_VECTORS(R), PK_PANEL_VECTORS / PK_TILE_VECTORS(R));          \
        chain_floats(panel + v * 2 * PK_LANES, x, pairs, next, R, PK_TILE_VECTORS(R), sums + v * PK_LANES); \
    }
    PK_WITH_CONSTANT_ROWS(rows, PK_WORK)
#undef PK_WORK
}

__attribute__((unused)) static void multiply_by_floats(
    const uint16_t *panel, const uint16_t *x, int64_t x_stride, int64_t pairs, reading plan, int64_t rows, float *sums
) {
    _Alignas(64) float floats[PK_TILE_ROWS * PK_K_BLOCK];
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t k = 0; k < 2 * pairs; k++) {
            uint32_t bits = (uint32_t)x[r * x_stride + k] << 16;
            memcpy(&floats[r * PK_K_BLOCK + k], &bits, sizeof bits);
        }
    }
    uint32_t mode = flush_subnormals();
    block_of_floats(panel, floats, pairs, plan, rows, sums);
    restore_subnormals(mode);
}

#if defined(PK_PAIR_PRODUCT)

// The chain of one block by the pair instruction.
PK_INLINE void chain_pairs(
    const uint16_t *panel, const uint16_t *x, int64_t x_stride, int64_t pairs, ahead next, int rows, float *sums
) {
    tile_sums sum;
    clear_tile(sum, rows, PK_PANEL_VECTORS);
    for (int64_t pair = 0; pair < pairs; pair++) {
        bit_lanes weights[PK_PANEL_VECTORS];
        ask(next, pair, PK_PANEL_VECTORS);
        PK_UNROLLED for (int v = 0; v < PK_PANEL_VECTORS; v++) {
            weights[v] = load_bits(panel + pair * 2 * PK_PANEL + v * 2 * PK_LANES);
        }
        PK_UNROLLED for (int r = 0; r < rows; r++) {
            bit_lanes scalar = splat_bits(load_pair(x + r * x_stride + 2 * pair));
            PK_UNROLLED for (int v = 0; v < PK_PANEL_VECTORS; v++) {
                sum[r][v] = PK_PAIR_PRODUCT(sum[r][v], scalar, weights[v]);
            }
        }
    }
    store_tile(sum, rows, PK_PANEL_VECTORS, sums, PK_PANEL);
}

#endif

// The sums of one block for one tile of rows.
static void multiply_block(
    const uint16_t *panel, const uint16_t *x, int64_t x_stride, int64_t pairs, reading plan, int64_t rows, float *sums
) {
#define PK_WORK(R) chain_pairs(panel, x, x_stride, pairs, share(plan, 0, 1), R, sums);
#if defined(PK_PAIR_ALL_ROWS)
    PK_WITH_CONSTANT_ROWS(rows, PK_WORK)
#elif defined(PK_PAIR_PRODUCT)
    if (rows == 1) {
        PK_WORK(1)
    } else if (rows == 2) {
        PK_WORK(2)
    } else {
        multiply_by_floats(panel, x, x_stride, pairs, plan, rows, sums);
    }
#else
    multiply_by_floats(panel, x, x_stride, pairs, plan, rows, sums);
#endif
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
            const uint16_t *block = panel + pair * 2 * PK_PANEL;
            for (int64_t r = 0; r < band_rows; r += PK_TILE_ROWS) {
                int64_t rows = band_rows - r < PK_TILE_ROWS ? band_rows - r : PK_TILE_ROWS;
                reading plan = plan_reading(block, pairs, r, band_rows, band == 0);
                const uint16_t *rows_of_x = x + (band + r) * call->x_stride + pair * 2;
                multiply_block(block, rows_of_x, call->x_stride, pairs, plan, rows, sums);
                add_block(totals + r * PK_PANEL, sums, rows, pair == 0);
            }
        }
        for (int64_t r = 0; r < band_rows; r++) finish_row(call, band + r, totals + r * PK_PANEL);
    }
}

#endif
