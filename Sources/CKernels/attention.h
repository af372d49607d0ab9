// Attention of one head over paged keys and values, with a streaming softmax.
//
// What one query at position i computes; nothing else enters, not its neighbours, not the blocks' size or places:
//   dot(j)   = one chain of fused multiply-adds from +0 along head_dim, in int8 times the key's scale
//   score(j) = fma(dot(j), scale, slope·j),  j = 0 … i, with slope·j rounded to float32
//   for tile t of positions 256t … 256t + 255, as far as they are ≤ i:
//     m_t = max score;  p(j) = exp(score(j) − m_t)
//     l_t = Σ p(j): lane j mod 16 adds its p along the groups from +0, then the 16 lanes by sum_of_lanes' tree
//     a_t = Σ p(j)·v(j): one chain of fused multiply-adds from +0 along j; in int8 of p(j) times the value's scale
//   over the tiles with m_t ≥ score(i) − 64 alone, the first of them t:
//   M, L, A = m_t, l_t, a_t; then for each that follows
//     M' = max(M, m_t);  f = exp(M − M');  g = exp(m_t − M')
//     L = fma(L, f, l_t·g);  A = fma(A, f, a_t·g);  M = M'
//   out = A / L
// where exp is 0 below −64. That is 2⁻⁹² of what is greatest, which no float32 sum would show; were it kept, a steep slope
// would begin Σ p·v with subnormal numbers, and a CPU may take a hundred times as long for those. The tiles that are left
// out for it need not even be read where the keys' norm says so beforehand (reach.h).
// L ≥ 1 always, since one of f, g is 1 and the greatest score's p is 1. Keys and values of bf16 are widened
// to the floats that they stand for, and no step differs.
//
// Up to twelve queries, of one sequence or of several that have these blocks in common, share the keys and values that are
// loaded. Lanes behind a query's position may hold anything: the scores there are replaced, not multiplied away, and
// Σ p·v ends at i.
#ifndef PK_ATTENTION_H
#define PK_ATTENTION_H

#include "exponential.h"
#include "reach.h"
#include "tile_rows.h"

enum {
    PK_TILE_GROUPS = PK_ATTENTION_TILE / PK_LANES,
    PK_GROUPS_AHEAD = PK_TILE_MAX_VECTORS,  // of float32 at 64 dims 16 or 32 KiB
};

// A register tile of queries at work on one softmax tile of positions.
typedef struct attention_tile {
    const float *q;  // [rows][value_stride]
    int64_t rows;
    int64_t begin;               // first position of the softmax tile
    int64_t seen[PK_TILE_ROWS];  // how many positions of it each query sees: at least one, ascending
    int64_t groups;              // groups of 16 tokens that the last query sees
    // Groups in the order in which they are read: the tile's keys, its values, then what follows the tile.
    const char *reading[2 * PK_TILE_GROUPS + PK_GROUPS_AHEAD];
    int64_t ahead;  // while a group is read, the one so many further is asked for; 0: nothing is
    int64_t head_dim;
    int64_t value_stride;
    float *scores;  // [rows][256]: scores, then p
    float *sums;    // [rows][value_stride]: Σ p·v
} attention_tile;

// Dots of `rows` queries with `groups` groups from group g on; both constants, and the format too.
PK_INLINE void dot_groups(const attention_tile *tile, int64_t g, int rows, int groups, int format) {
    tile_sums dot;
    clear_tile(dot, rows, groups);
    tile_rows q = rows_from((const char *)tile->q, tile->value_stride * 4, rows);
    const char *const *keys = tile->reading + g, *const *next = keys + tile->ahead;
    const int64_t distance = vector_bytes(format);
    if (format == PK_PAGES_INT8) {
        PK_UNROLLED for (int n = 0; n < groups; n++) __builtin_prefetch(next[n], 0, 2);
    }
    for (int64_t pair = 0; pair < tile->head_dim / 2; pair++) {
        lanes key[PK_TILE_MAX_VECTORS];
        int64_t offset = bytes_before(format) + pair * key_pair_bytes(format);
        PK_UNROLLED for (int n = 0; n < groups; n++) ask_for_pair(next[n] + offset, distance, 0, format);
        PK_UNROLLED for (int n = 0; n < groups; n++) key[n] = first_of_pair(keys[n] + offset, format);
        add_row_products(dot, &q, 0, key, rows, groups);
        PK_UNROLLED for (int n = 0; n < groups; n++) key[n] = second_of_pair(keys[n] + offset, distance, format);
        add_row_products(dot, &q, 4, key, rows, groups);
        move_rows(&q, 8, rows);
    }
    if (tile->head_dim % 2 == 1) {
        lanes last[PK_TILE_MAX_VECTORS];
        int64_t offset = bytes_before(format) + tile->head_dim / 2 * key_pair_bytes(format);
        PK_UNROLLED for (int n = 0; n < groups; n++) last[n] = first_of_pair(keys[n] + offset, format);
        add_row_products(dot, &q, 0, last, rows, groups);
    }
    store_tile(dot, rows, groups, tile->scores + g * PK_LANES, PK_ATTENTION_TILE);
}

PK_INLINE void dot_tile(const attention_tile *tile, int format) {
    int64_t g = 0;
#define PK_WORK(R)                                            \
    {                                                         \
        enum { rows = R };                                    \
        PK_WITH_CONSTANT_VECTORS(R, g, tile->groups, PK_PART) \
    }
#define PK_PART(N) dot_groups(tile, g, rows, N, format)
    PK_WITH_CONSTANT_TILE_ROWS(tile->rows, PK_WORK)
#undef PK_PART
#undef PK_WORK
}

// exp of scores less the greatest, of `count` vectors, a constant.
PK_INLINE void shares_of_greatest(lanes *x, int count) { exponentials_above(-PK_REACH, x, count); }

PK_INLINE float share_of_greatest(float x) {
    lanes share = splat(x);
    shares_of_greatest(&share, 1);
    return share[0];
}

// A softmax's greatest score and its sum, of one tile or of the tiles so far.
typedef struct running {
    float max, sum;
} running;

// Scores of query r from its dots with the 16 tokens from `at` on.
PK_INLINE lanes scores_at(
    const attention_tile *tile, const float *dots, int64_t at, float scale, float slope, int format
) {
    int_lanes position = lane_numbers() + (int32_t)(tile->begin + at);  // exact as floats up to 2²⁴
    lanes dot = load(dots + at);
    if (format == PK_PAGES_INT8) dot = dot * load((const float *)tile->reading[at / PK_LANES]);
    return fused(dot, splat(scale), splat(slope) * __builtin_convertvector(position, lanes));
}

// Dots of query r become scores; yields the greatest.
PK_INLINE float score_row(const attention_tile *tile, int64_t r, float scale, float slope, int format) {
    float *scores = tile->scores + r * PK_ATTENTION_TILE;
    int64_t seen = tile->seen[r], at = 0;
    lanes greatest = splat(-__builtin_inff());
    for (; at + PK_LANES <= seen; at += PK_LANES) {
        lanes score = scores_at(tile, scores, at, scale, slope, format);
        greatest = greater(score, greatest);
        store(scores + at, score);
    }
    if (at < seen) {
        lanes score = scores_at(tile, scores, at, scale, slope, format);
        score = choose(lane_numbers() < (int32_t)(seen - at), score, splat(-__builtin_inff()));
        greatest = greater(score, greatest);
        store(scores + at, score);
    }
    return max_of_lanes(greatest);
}

// `count` vectors of query r's scores from `at` on, a constant: they become what weighs the values, and their p is added
// to `total` in turn.
PK_INLINE lanes soften_at(
    const attention_tile *tile, float *scores, int64_t at, float m, lanes total, int count, int format
) {
    lanes p[PK_SIDE_BY_SIDE];
    PK_UNROLLED for (int v = 0; v < count; v++) p[v] = load(scores + at + v * PK_LANES) - splat(m);
    shares_of_greatest(p, count);
    PK_UNROLLED for (int v = 0; v < count; v++) {
        total = total + p[v];
        if (format == PK_PAGES_INT8) {
            p[v] = p[v] * load((const float *)tile->reading[tile->groups + at / PK_LANES + v]);
        }
        store(scores + at + v * PK_LANES, p[v]);
    }
    return total;
}

// Scores of query r become what weighs the values; yields the tile's m and l.
PK_INLINE running soften(const attention_tile *tile, int64_t r, float m, int format) {
    float *scores = tile->scores + r * PK_ATTENTION_TILE;
    int64_t groups = (tile->seen[r] + PK_LANES - 1) / PK_LANES, g = 0;
    lanes total = splat(0);
    for (; g + PK_SIDE_BY_SIDE <= groups; g += PK_SIDE_BY_SIDE) {
        total = soften_at(tile, scores, g * PK_LANES, m, total, PK_SIDE_BY_SIDE, format);
    }
    for (; g < groups; g++) total = soften_at(tile, scores, g * PK_LANES, m, total, 1, format);
    return (running){m, sum_of_lanes(total)};
}

// Σ p·v of `rows` queries for `vectors` vectors of head dims from vector v on; both constants, and the format too.
PK_INLINE void weigh_vectors(const attention_tile *tile, int64_t v, int rows, int vectors, int format) {
    tile_sums sum;
    clear_tile(sum, rows, vectors);
    int64_t row_bytes = value_row_bytes(tile->value_stride, format), vector = vector_bytes(format);
    int64_t pair_bytes = value_pair_bytes(tile->value_stride, format), first = bytes_before(format) + v * vector;
    int64_t pairs = tile->seen[0] / 2;  // pairs that all queries see
    const float *p = tile->scores;
    const char *const *values = tile->reading + tile->groups;
    for (int64_t pair = 0; pair < pairs; pair++) {
        int64_t offset = first + pair % 8 * pair_bytes;
        const char *at = values[pair / 8] + offset, *next = values[pair / 8 + tile->ahead] + offset;
        lanes value[PK_TILE_MAX_VECTORS];
        PK_UNROLLED for (int n = 0; n < vectors; n++) ask_for_pair(next + n * vector, row_bytes, n, format);
        PK_UNROLLED for (int n = 0; n < vectors; n++) value[n] = first_of_pair(at + n * vector, format);
        add_products(sum, p, PK_ATTENTION_TILE, value, rows, vectors);
        PK_UNROLLED for (int n = 0; n < vectors; n++) value[n] = second_of_pair(at + n * vector, row_bytes, format);
        add_products(sum, p + 1, PK_ATTENTION_TILE, value, rows, vectors);
        p += 2;
    }
    for (int64_t j = 2 * pairs; j < tile->seen[rows - 1]; j++) {
        const char *at = values[j / 16] + first + j % 16 / 2 * pair_bytes;
        lanes value[PK_TILE_MAX_VECTORS];
        PK_UNROLLED for (int n = 0; n < vectors; n++) {
            const char *vector_at = at + n * vector;
            value[n] = j % 2 == 0 ? first_of_pair(vector_at, format) : second_of_pair(vector_at, row_bytes, format);
        }
        PK_UNROLLED for (int r = 0; r < rows; r++) {
            if (j < tile->seen[r]) add_products(sum + r, tile->scores + r * PK_ATTENTION_TILE + j, 0, value, 1, vectors);
        }
    }
    store_tile(sum, rows, vectors, tile->sums + v * PK_LANES, tile->value_stride);
}

PK_INLINE void weigh_tile(const attention_tile *tile, int format) {
    int64_t v = 0, vectors = tile->value_stride / PK_LANES;
#define PK_WORK(R)                                       \
    {                                                    \
        enum { rows = R };                               \
        PK_WITH_CONSTANT_VECTORS(R, v, vectors, PK_PART) \
    }
#define PK_PART(N) weigh_vectors(tile, v, rows, N, format)
    PK_WITH_CONSTANT_TILE_ROWS(tile->rows, PK_WORK)
#undef PK_PART
#undef PK_WORK
}

static void dot_tile_f32(const attention_tile *tile) { dot_tile(tile, PK_PAGES_F32); }
static void dot_tile_bf16(const attention_tile *tile) { dot_tile(tile, PK_PAGES_BF16); }
static void dot_tile_int8(const attention_tile *tile) { dot_tile(tile, PK_PAGES_INT8); }
static void weigh_tile_f32(const attention_tile *tile) { weigh_tile(tile, PK_PAGES_F32); }
static void weigh_tile_bf16(const attention_tile *tile) { weigh_tile(tile, PK_PAGES_BF16); }
static void weigh_tile_int8(const attention_tile *tile) { weigh_tile(tile, PK_PAGES_INT8); }

// By pk_page_format.
typedef void (*tile_pass)(const attention_tile *tile);
static const tile_pass dot_passes[] = {dot_tile_f32, dot_tile_bf16, dot_tile_int8};
static const tile_pass weigh_passes[] = {weigh_tile_f32, weigh_tile_bf16, weigh_tile_int8};

PK_INLINE void merge(running *state, float *total, running tile, const float *tile_sums, int64_t count) {
    float max = tile.max > state->max ? tile.max : state->max;
    float f = share_of_greatest(state->max - max), g = share_of_greatest(tile.max - max);
    for (int64_t d = 0; d < count; d += PK_LANES) {
        store(total + d, fused(load(total + d), splat(f), load(tile_sums + d) * splat(g)));
    }
    *state = (running){max, __builtin_fmaf(state->sum, f, tile.sum * g)};
}

// Queries on their way through the softmax tiles together, so that a tile's keys and values are in the cache for all but
// the first of its register tiles.
typedef struct attention_band {
    const pk_attention_call *call;
    const pk_query *queries;
    int64_t rows;
    float *q;       // [rows][value_stride]
    float *totals;  // [rows][value_stride]: A
    running state[PK_ATTENTION_BAND];  // a sum of 0: no tile yet
    reach reaches[PK_ATTENTION_BAND];
} attention_band;

// Where reading goes on after a tile: a sequence's keys from `position` on, before `end`.
typedef struct following {
    const char *keys;
    const int32_t *table;
    int64_t position, end;
} following;

// The keys that `query` sees, from a tile on.
static following keys_of(const pk_attention_call *call, const pk_query *query, int64_t tile) {
    return (following){
        call->pages.keys, call->pages.block_table + query->table, tile * PK_ATTENTION_TILE, query->position + 1};
}

// What is read after the band: the keys of `after`, or without one those of the call's first query in the head that is
// next; from as many tiles back as the band's last query needs, a likely guess.
static following keys_after(const attention_band *band, const pk_query *after) {
    const pk_attention_call *call = band->call;
    const pk_query *query = after ? after : call->queries + call->groups[0].first;
    int64_t last = band->rows - 1;
    int64_t back = band->queries[last].position / PK_ATTENTION_TILE - band->reaches[last].first_tile;
    int64_t own = query->position / PK_ATTENTION_TILE;
    following keys = keys_of(call, query, own > back ? own - back : 0);
    if (after == NULL && call->next_keys != NULL) keys.keys = call->next_keys;
    return keys;
}

// Lists what the tile reads, and what is read after it.
static void find_reading(const pk_pages *pages, const int32_t *table, attention_tile *tile, const following *next) {
    int64_t key_bytes = pk_key_group_bytes(pages->format, pages->head_dim);
    int64_t value_bytes = pk_value_group_bytes(pages->format, pages->head_dim);
    const char **found = tile->reading;
    find_groups(pages, pages->keys, key_bytes, table, tile->begin, tile->groups, found);
    find_groups(pages, pages->values, value_bytes, table, tile->begin, tile->groups, found += tile->groups);
    tile->ahead = 0;
    if (next == NULL) return;
    tile->ahead = PK_GROUPS_AHEAD;
    int64_t groups = (next->end - next->position + PK_LANES - 1) / PK_LANES;
    int64_t keys = groups < PK_GROUPS_AHEAD ? groups : PK_GROUPS_AHEAD;
    find_groups(pages, next->keys, key_bytes, next->table, next->position, keys, found += tile->groups);
    // Behind few keys their values are near enough to be asked for too: nobody else would.
    int64_t values = groups < PK_GROUPS_AHEAD - keys ? groups : PK_GROUPS_AHEAD - keys;
    const char *values_of = next->keys + (pages->values - pages->keys);
    find_groups(pages, values_of, value_bytes, next->table, next->position, values, found + keys);
    for (int64_t g = keys + values; g < PK_GROUPS_AHEAD; g++) found[g] = found[g - 1];
}

// One softmax tile of positions, from `begin` on, for the band's queries [row, row + rows), up to a register tile of them.
// Queries that stand before the tile have nothing to do. `next` is NULL where the tile has been read just before.
static void attend_tile(
    attention_band *band, int64_t begin, int64_t row, int64_t rows, const following *next
) {
    const pk_attention_call *call = band->call;
    while (rows > 0 && band->queries[row].position < begin) row++, rows--;
    if (rows == 0) return;
    int64_t head_dim = call->pages.head_dim, stride = pk_value_stride(head_dim);
    int is_first = 1;
    for (int64_t r = 0; r < rows; r++) is_first &= band->state[row + r].sum == 0;
    attention_tile tile = {
        .q = band->q + row * stride,
        .rows = rows,
        .begin = begin,
        .head_dim = head_dim,
        .value_stride = stride,
        .scores = call->scratch,
        .sums = is_first ? band->totals + row * stride : call->scratch + PK_ATTENTION_ROWS * PK_ATTENTION_TILE,
    };
    for (int64_t r = 0; r < rows; r++) {
        int64_t seen = band->queries[row + r].position - begin + 1;
        tile.seen[r] = seen < PK_ATTENTION_TILE ? seen : PK_ATTENTION_TILE;
    }
    tile.groups = (tile.seen[rows - 1] + PK_LANES - 1) / PK_LANES;
    find_reading(&call->pages, call->pages.block_table + band->queries[row].table, &tile, next);
    int format = call->pages.format;
    dot_passes[format](&tile);
    float greatest[PK_TILE_ROWS];
    int is_needed = 0;
    for (int64_t r = 0; r < rows; r++) {
        greatest[r] = score_row(&tile, r, call->scale, call->slope, format);
        is_needed |= !(greatest[r] < band->reaches[row + r].floor);
    }
    if (!is_needed) return;
    running found[PK_TILE_ROWS];
    for (int64_t r = 0; r < rows; r++) found[r] = soften(&tile, r, greatest[r], format);
    weigh_passes[format](&tile);
    for (int64_t r = 0; r < rows; r++) {
        if (greatest[r] < band->reaches[row + r].floor) continue;
        running *state = &band->state[row + r];
        float *total = band->totals + (row + r) * stride;
        if (state->sum != 0) {
            merge(state, total, found[r], tile.sums + r * stride, stride);
            continue;
        }
        *state = found[r];
        if (!is_first) memcpy(total, tile.sums + r * stride, (size_t)stride * sizeof(float));
    }
}

// Softmax tiles from `first` on, before `end`, for the band's queries [row, row + rows); then `after` is read.
static void attend_tiles(
    attention_band *band, int64_t first, int64_t end, int64_t row, int64_t rows, following after
) {
    int64_t register_tiles = (rows + PK_TILE_ROWS - 1) / PK_TILE_ROWS;
    const pk_query *last = band->queries + row + rows - 1;
    for (int64_t t = first; t < end; t++) {
        following next = t + 1 < end ? keys_of(band->call, last, t + 1) : after;
        for (int64_t i = 0; i < register_tiles; i++) {
            int64_t from = rows * i / register_tiles, to = rows * (i + 1) / register_tiles;
            attend_tile(band, t * PK_ATTENTION_TILE, row + from, to - from, i == 0 ? &next : NULL);
        }
    }
}

// The first tile from `from` on that one of the queries [row, row + rows) may need.
static int64_t first_tile(const attention_band *band, int64_t row, int64_t rows, int64_t from) {
    int64_t first = band->reaches[row].first_tile;
    for (int64_t r = row + 1; r < row + rows; r++) {
        if (band->reaches[r].first_tile < first) first = band->reaches[r].first_tile;
    }
    return first > from ? first : from;
}

static void attend_band(
    const pk_attention_call *call, const pk_query *queries, int64_t rows, int64_t shared_tiles, const pk_query *after
) {
    int64_t head_dim = call->pages.head_dim, stride = pk_value_stride(head_dim);
    attention_band band = {.call = call, .queries = queries, .rows = rows};
    band.totals = call->scratch + PK_ATTENTION_ROWS * (PK_ATTENTION_TILE + stride);
    band.q = band.totals + PK_ATTENTION_BAND * stride;
    for (int64_t r = 0; r < rows; r++) {
        memcpy(band.q + r * stride, call->q + queries[r].row * call->q_stride, (size_t)head_dim * sizeof(float));
        band.reaches[r] = reach_of(call, queries + r);
    }
    if (shared_tiles > 0) {
        following next = keys_of(call, queries, first_tile(&band, 0, 1, shared_tiles));
        attend_tiles(&band, first_tile(&band, 0, rows, 0), shared_tiles, 0, rows, next);
    }
    for (int64_t row = 0, end; row < rows; row = end) {
        for (end = row + 1; end < rows && queries[end].table == queries[row].table;) end++;
        int64_t tiles = queries[end - 1].position / PK_ATTENTION_TILE + 1;
        following next = end < rows ? keys_of(call, queries + end, first_tile(&band, end, 1, shared_tiles))
                                    : keys_after(&band, after);
        attend_tiles(&band, first_tile(&band, row, end - row, shared_tiles), tiles, row, end - row, next);
    }
    for (int64_t r = 0; r < rows; r++) {
        float *out = call->out + queries[r].row * call->out_stride;
        for (int64_t d = 0; d < head_dim; d += PK_LANES) {
            store_first(out + d, head_dim - d, load(band.totals + r * stride + d) / splat(band.state[r].sum));
        }
    }
}

static void attention(const pk_attention_call *call) {
    for (int64_t g = 0; g < call->group_count; g++) {
        const pk_query_group *group = call->groups + g;
        for (int64_t row = 0; row < group->count; row += PK_ATTENTION_BAND) {
            int64_t rows = group->count - row < PK_ATTENTION_BAND ? group->count - row : PK_ATTENTION_BAND;
            const pk_query *queries = call->queries + group->first + row, *after = NULL;
            if (row + rows < group->count) {
                after = queries + rows;
            } else if (g + 1 < call->group_count) {
                after = call->queries + group[1].first;
            }
            attend_band(call, queries, rows, group->shared_tiles, after);
        }
    }
}

#endif
