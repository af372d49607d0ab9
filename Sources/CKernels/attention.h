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

#include "panel.h"
#include "scratch.h"

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
    lanes dot[PK_ATTENTION_ROWS][PK_PANEL_VECTORS];
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (int n = 0; n < groups; n++) dot[r][n] = splat(0);
    }
    for (int64_t d = 0; d < tile->head_dim; d++) {
        lanes key[PK_PANEL_VECTORS];
#pragma clang loop unroll(full)
        for (int n = 0; n < groups; n++) key[n] = load(tile->keys[g + n] + d * PK_LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            lanes query = splat(tile->q[r * tile->q_stride + d]);
#pragma clang loop unroll(full)
            for (int n = 0; n < groups; n++) dot[r][n] = fused(query, key[n], dot[r][n]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (int n = 0; n < groups; n++) {
            store(tile->scores + r * PK_ATTENTION_TILE + (g + n) * PK_LANES, dot[r][n]);
        }
    }
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

// Dots of query r become p; yields the tile's m and l.
static void soften(const attention_tile *tile, int64_t r, float scale, float slope, float *max, float *sum) {
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
    *max = m;
    *sum = sum_of_lanes(total);
}

// Σ p·v of `rows` queries for `vectors` vectors of head dims from vector v on; both constants.
PK_INLINE void weigh_vectors(const attention_tile *tile, int64_t v, int rows, int vectors) {
    lanes sum[PK_ATTENTION_ROWS][PK_PANEL_VECTORS];
    const float *p = tile->scores;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (int n = 0; n < vectors; n++) sum[r][n] = splat(0);
    }
    int64_t common = seen_by(tile, 0), last = seen_by(tile, rows - 1);
    for (int64_t group = 0; group * PK_LANES < last; group++) {
        const float *value = tile->values[group] + v * PK_LANES;
        int64_t j = group * PK_LANES;
        int64_t end = j + PK_LANES < last ? j + PK_LANES : last;
        for (; j < end; j++, value += tile->value_stride) {
            lanes part[PK_PANEL_VECTORS];
#pragma clang loop unroll(full)
            for (int n = 0; n < vectors; n++) part[n] = load(value + n * PK_LANES);
#pragma clang loop unroll(full)
            for (int r = 0; r < rows; r++) {
                if (j >= common + r) continue;  // query r does not see j
                lanes weight = splat(p[r * PK_ATTENTION_TILE + j]);
#pragma clang loop unroll(full)
                for (int n = 0; n < vectors; n++) sum[r][n] = fused(weight, part[n], sum[r][n]);
            }
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (int n = 0; n < vectors; n++) store(tile->sums + r * tile->value_stride + (v + n) * PK_LANES, sum[r][n]);
    }
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

// One query's running result over the tiles so far.
typedef struct running {
    float max, sum;
} running;

PK_INLINE void merge(running *state, float *total, float max, float sum, const float *tile_sums, int64_t count) {
    float new_max = max > state->max ? max : state->max;
    float f = exponential_of(state->max - new_max), g = exponential_of(max - new_max);
    for (int64_t d = 0; d < count; d += PK_LANES) {
        store(total + d, fused(load(total + d), splat(f), load(tile_sums + d) * splat(g)));
    }
    state->sum = __builtin_fmaf(state->sum, f, sum * g);
    state->max = new_max;
}

// Up to PK_ATTENTION_ROWS queries from row `row` on.
static void attend_rows(const pk_attention_call *call, int64_t row, int64_t rows) {
    int64_t head_dim = call->pages.head_dim, stride = pk_value_stride(head_dim);
    int64_t first = call->first_position + row, last = first + rows - 1;
    float *scores = call->scratch, *sums = scores + PK_ATTENTION_ROWS * PK_ATTENTION_TILE;
    float *totals = sums + PK_ATTENTION_ROWS * stride;
    running state[PK_ATTENTION_ROWS];

    for (int64_t begin = 0; begin <= last; begin += PK_ATTENTION_TILE) {
        int64_t skipped = first < begin ? begin - first : 0;  // queries that stand before this tile
        attention_tile tile = {
            .q = call->q + (row + skipped) * call->q_stride,
            .q_stride = call->q_stride,
            .rows = rows - skipped,
            .begin = begin,
            .first = first + skipped,
            .head_dim = head_dim,
            .value_stride = stride,
            .scores = scores,
            .sums = begin == 0 ? totals : sums,
        };
        tile.groups = (seen_by(&tile, tile.rows - 1) + PK_LANES - 1) / PK_LANES;
        find_groups(&call->pages, &tile);
        dot_tile(&tile);
        float max[PK_ATTENTION_ROWS], sum[PK_ATTENTION_ROWS];
        for (int64_t r = 0; r < tile.rows; r++) soften(&tile, r, call->scale, call->slope, &max[r], &sum[r]);
        weigh_tile(&tile);
        for (int64_t r = 0; r < tile.rows; r++) {
            running *mine = &state[skipped + r];
            if (begin == 0) {
                *mine = (running){max[r], sum[r]};
            } else {
                merge(mine, totals + (skipped + r) * stride, max[r], sum[r], sums + r * stride, stride);
            }
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
    for (int64_t row = 0; row < call->rows; row += PK_ATTENTION_ROWS) {
        int64_t rows = call->rows - row < PK_ATTENTION_ROWS ? call->rows - row : PK_ATTENTION_ROWS;
        attend_rows(call, row, rows);
    }
}

#endif
