// Attention of consecutive queries of one head over paged keys and values, with a streaming softmax.
//
// What one query at position i computes; nothing else enters, not its neighbours, not the blocks' size or places:
//   dot(j)   = one chain of fused multiply-adds from +0 along head_dim
//   score(j) = fma(dot(j), scale, slope·j),  j = 0 … i, with slope·j rounded to float32
//   for tile t of positions 256t … 256t + 255, as far as they are ≤ i:
//     m_t = max score;  p(j) = exp(score(j) − m_t)
//     l_t = Σ p(j): lane j mod 16 adds its p along the groups from +0, then the 16 lanes by sum_of_lanes' tree
//     a_t = Σ p(j)·v(j): one chain of fused multiply-adds from +0 along j
//   M, L, A = m_0, l_0, a_0; then for t = 1, 2, …
//     M' = max(M, m_t);  f = exp(M − M');  g = exp(m_t − M')
//     L = fma(L, f, l_t·g);  A = fma(A, f, a_t·g);  M = M'
//   out = A / L
// L ≥ 1 always, since one of f, g is 1 and the greatest score's p is 1.
//
// Up to six queries share the keys and values that are loaded. Lanes behind a query's position may hold anything: the
// scores there are replaced, not multiplied away, and Σ p·v ends at i.
#ifndef PK_ATTENTION_H
#define PK_ATTENTION_H

#include "exponential.h"
#include "tile.h"

enum { PK_TILE_GROUPS = PK_ATTENTION_TILE / PK_LANES };

// A register tile of queries at work on one softmax tile of positions.
typedef struct attention_tile {
    const float *q;  // first query
    int64_t q_stride;
    int64_t rows;
    int64_t begin;   // first position of the softmax tile
    int64_t first;   // position of the first query, ≥ begin
    int64_t groups;  // groups of 16 tokens that the last query sees
    const float *keys[PK_TILE_GROUPS];
    const float *values[PK_TILE_GROUPS];
    int64_t head_dim;
    int64_t value_stride;
    float *scores;  // [rows][256]: scores, then p
    float *sums;    // [rows][value_stride]: Σ p·v
} attention_tile;

// How many positions of the tile query r sees.
PK_INLINE int64_t seen_by(const attention_tile *tile, int64_t r) {
    int64_t count = tile->first + r - tile->begin + 1;
    return count < PK_ATTENTION_TILE ? count : PK_ATTENTION_TILE;
}

static void find_groups(const pk_pages *pages, attention_tile *tile) {
    int64_t group = tile->begin / PK_LANES;
    int64_t logical = group / pages->groups_per_block, inside = group % pages->groups_per_block;
    for (int64_t g = 0; g < tile->groups; g++) {
        int64_t block = pages->block_table[logical] * pages->block_stride;
        tile->keys[g] = pages->keys + block + inside * tile->head_dim * PK_LANES;
        tile->values[g] = pages->values + block + inside * tile->value_stride * PK_LANES;
        if (++inside == pages->groups_per_block) {
            inside = 0;
            logical++;
        }
    }
}

// Dots of `rows` queries with `groups` groups from group g on; both constants.
PK_INLINE void dot_groups(const attention_tile *tile, int64_t g, int rows, int groups) {
    tile_sums dot;
    clear_tile(dot, rows, groups);
    for (int64_t d = 0; d < tile->head_dim; d++) {
        lanes key[PK_TILE_MAX_VECTORS];
        PK_UNROLLED for (int n = 0; n < groups; n++) key[n] = load(tile->keys[g + n] + d * PK_LANES);
        add_products(dot, tile->q + d, tile->q_stride, key, rows, groups);
    }
    store_tile(dot, rows, groups, tile->scores + g * PK_LANES, PK_ATTENTION_TILE);
}

static void dot_tile(const attention_tile *tile) {
#define PK_WORK(R)                                                                             \
    {                                                                                          \
        int64_t g = 0;                                                                         \
        for (; g + PK_TILE_VECTORS(R) <= tile->groups; g += PK_TILE_VECTORS(R)) {              \
            dot_groups(tile, g, R, PK_TILE_VECTORS(R));                                        \
        }                                                                                      \
        for (; g < tile->groups; g++) dot_groups(tile, g, R, 1);                               \
    }
    PK_WITH_CONSTANT_ROWS(tile->rows, PK_WORK)
#undef PK_WORK
}

// A softmax's greatest score and its sum, of one tile or of the tiles so far.
typedef struct running {
    float max, sum;
} running;

// Dots of query r become p; yields the tile's m and l.
static running soften(const attention_tile *tile, int64_t r, float scale, float slope) {
    float *scores = tile->scores + r * PK_ATTENTION_TILE;
    int64_t seen = seen_by(tile, r);
    int32_t begin = (int32_t)tile->begin;  // positions are exact as floats up to 2²⁴
    lanes greatest = splat(-__builtin_inff());
    for (int64_t at = 0; at < seen; at += PK_LANES) {
        int_lanes lane = lane_numbers() + (int32_t)at;
        lanes bias = splat(slope) * __builtin_convertvector(lane + begin, lanes);
        lanes score = fused(load(scores + at), splat(scale), bias);
        score = choose(lane < (int32_t)seen, score, splat(-__builtin_inff()));
        greatest = greater(score, greatest);
        store(scores + at, score);
    }
    float m = max_of_lanes(greatest);
    lanes total = splat(0);
    for (int64_t at = 0; at < seen; at += PK_LANES) {
        lanes p = exponential(load(scores + at) - splat(m));
        total = total + p;
        store(scores + at, p);
    }
    return (running){m, sum_of_lanes(total)};
}

// Σ p·v of `rows` queries for `vectors` vectors of head dims from vector v on; both constants.
PK_INLINE void weigh_vectors(const attention_tile *tile, int64_t v, int rows, int vectors) {
    tile_sums sum;
    clear_tile(sum, rows, vectors);
    int64_t seen_by_all = seen_by(tile, 0), seen_by_last = seen_by(tile, rows - 1);
    for (int64_t j = 0; j < seen_by_last; j++) {
        const float *token = tile->values[j / PK_LANES] + j % PK_LANES * tile->value_stride + v * PK_LANES;
        lanes value[PK_TILE_MAX_VECTORS];
        PK_UNROLLED for (int n = 0; n < vectors; n++) value[n] = load(token + n * PK_LANES);
        const float *p = tile->scores + j;
        if (j < seen_by_all) {
            add_products(sum, p, PK_ATTENTION_TILE, value, rows, vectors);
            continue;
        }
        PK_UNROLLED for (int r = 1; r < rows; r++) {
            if (j < seen_by_all + r) add_products(sum + r, p + r * PK_ATTENTION_TILE, 0, value, 1, vectors);
        }
    }
    store_tile(sum, rows, vectors, tile->sums + v * PK_LANES, tile->value_stride);
}

static void weigh_tile(const attention_tile *tile) {
    int64_t vectors = tile->value_stride / PK_LANES;
#define PK_WORK(R)                                                                          \
    {                                                                                       \
        int64_t v = 0;                                                                      \
        for (; v + PK_TILE_VECTORS(R) <= vectors; v += PK_TILE_VECTORS(R)) {                \
            weigh_vectors(tile, v, R, PK_TILE_VECTORS(R));                                  \
        }                                                                                   \
        for (; v < vectors; v++) weigh_vectors(tile, v, R, 1);                              \
    }
    PK_WITH_CONSTANT_ROWS(tile->rows, PK_WORK)
#undef PK_WORK
}

PK_INLINE void merge(running *state, float *total, running tile, const float *tile_sums, int64_t count) {
    float max = tile.max > state->max ? tile.max : state->max;
    float f = exponential_of(state->max - max), g = exponential_of(tile.max - max);
    for (int64_t d = 0; d < count; d += PK_LANES) {
        store(total + d, fused(load(total + d), splat(f), load(tile_sums + d) * splat(g)));
    }
    *state = (running){max, __builtin_fmaf(state->sum, f, tile.sum * g)};
}

// One softmax tile of positions, from `begin` on, for queries [row, row + rows) of the call, up to a register tile of
// them. Queries that stand before the tile have nothing to do.
static void attend_tile(
    const pk_attention_call *call, int64_t begin, int64_t row, int64_t rows, running *state, float *totals
) {
    int64_t first = call->first_position + row, stride = pk_value_stride(call->pages.head_dim);
    int64_t skipped = first < begin ? begin - first : 0;
    if (skipped >= rows) return;
    attention_tile tile = {
        .q = call->q + (row + skipped) * call->q_stride,
        .q_stride = call->q_stride,
        .rows = rows - skipped,
        .begin = begin,
        .first = first + skipped,
        .head_dim = call->pages.head_dim,
        .value_stride = stride,
        .scores = call->scratch,
        .sums = begin == 0 ? totals : call->scratch + PK_TILE_ROWS * PK_ATTENTION_TILE,
    };
    tile.groups = (seen_by(&tile, tile.rows - 1) + PK_LANES - 1) / PK_LANES;
    find_groups(&call->pages, &tile);
    dot_tile(&tile);
    running found[PK_TILE_ROWS];
    for (int64_t r = 0; r < tile.rows; r++) found[r] = soften(&tile, r, call->scale, call->slope);
    weigh_tile(&tile);
    for (int64_t r = 0; r < tile.rows; r++) {
        if (begin == 0) {
            state[r] = found[r];
        } else {
            merge(&state[skipped + r], totals + (skipped + r) * stride, found[r], tile.sums + r * stride, stride);
        }
    }
}

// A band of queries goes through the softmax tiles together, so that a tile's keys and values are in the cache for all
// but the first of its register tiles.
static void attend_band(const pk_attention_call *call, int64_t row, int64_t rows) {
    int64_t head_dim = call->pages.head_dim, stride = pk_value_stride(head_dim);
    float *totals = call->scratch + PK_TILE_ROWS * (PK_ATTENTION_TILE + stride);
    running state[PK_ATTENTION_BAND];
    int64_t last = call->first_position + row + rows - 1;
    for (int64_t begin = 0; begin <= last; begin += PK_ATTENTION_TILE) {
        for (int64_t r = 0; r < rows; r += PK_TILE_ROWS) {
            int64_t count = rows - r < PK_TILE_ROWS ? rows - r : PK_TILE_ROWS;
            attend_tile(call, begin, row + r, count, state + r, totals + r * stride);
        }
    }
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t d = 0; d < head_dim; d += PK_LANES) {
            lanes out = load(totals + r * stride + d) / splat(state[r].sum);
            store_first(call->out + (row + r) * call->out_stride + d, head_dim - d, out);
        }
    }
}

static void attention(const pk_attention_call *call) {
    for (int64_t row = 0; row < call->rows; row += PK_ATTENTION_BAND) {
        int64_t rows = call->rows - row < PK_ATTENTION_BAND ? call->rows - row : PK_ATTENTION_BAND;
        attend_band(call, row, rows);
    }
}

#endif
