// Which softmax tiles a query has to look at.
//
// ALiBi lets a score sink by the slope with every position that a key lies further back: in a steep head what is far weighs
// nothing. A tile whose greatest score lies more than 64 below score(i), the query's with its own key, is left out; that
// is a matter of the sequence's own numbers. By the Cauchy–Schwarz inequality |q·k| ≤ |q|·|k|; so with a bound of all keys' norms
// most such tiles are known before they are read. That they are not read then is not to be seen in any bit, so the bound may
// come from anywhere.
#ifndef PK_REACH_H
#define PK_REACH_H

#include "page_vectors.h"
#include "scratch.h"

#define PK_REACH 64

typedef struct reach {
    float floor;         // score(i) − 64, or −∞ for a query that has but one tile
    int64_t first_tile;  // none before it has a score that reaches the floor
} reach;

// Where `count` groups of a sequence begin, from the one of `position` on; `bytes` each, of keys or of values.
static void find_groups(
    const pk_pages *pages, const char *base, int64_t bytes, const int32_t *table, int64_t position, int64_t count,
    const char **found
) {
    int64_t group = position / PK_LANES;
    int64_t logical = group / pages->groups_per_block, inside = group % pages->groups_per_block;
    for (int64_t g = 0; g < count; g++) {
        found[g] = base + table[logical] * pages->block_stride + inside * bytes;
        if (++inside == pages->groups_per_block) {
            inside = 0;
            logical++;
        }
    }
}

static reach reach_of(const pk_attention_call *call, const pk_query *query) {
    const pk_pages *pages = &call->pages;
    int64_t head_dim = pages->head_dim, tiles = query->position / PK_ATTENTION_TILE;
    if (tiles == 0) return (reach){-__builtin_inff(), 0};
    const float *q = call->q + query->row * call->q_stride;
    const char *group;
    find_groups(
        pages, pages->keys, pk_key_group_bytes(pages->format, head_dim), pages->block_table + query->table,
        query->position, 1, &group);
    float dot = 0, square = 0;
    for (int64_t d = 0; d < head_dim; d++) {
        dot = __builtin_fmaf(q[d], key_element(group, query->position % PK_LANES, d, pages->format), dot);
        square = __builtin_fmaf(q[d], q[d], square);
    }
    dot = dot * scale_of(group, query->position % PK_LANES, pages->format);
    float floor = __builtin_fmaf(dot, call->scale, call->slope * (float)query->position) - PK_REACH;
    if (call->key_norm <= 0) return (reach){floor, 0};
    // No score up to position j is above slope·j + limit. 1 covers what rounding adds to either side.
    float limit = __builtin_sqrtf(square) * call->key_norm * call->scale;
    float in_vain = (floor - 1 - limit) / call->slope;  // positions before it
    float tiles_in_vain = __builtin_ceilf((in_vain - (PK_ATTENTION_TILE - 1)) / PK_ATTENTION_TILE);
    if (!(tiles_in_vain > 0)) return (reach){floor, 0};
    return (reach){floor, tiles_in_vain < (float)tiles ? (int64_t)tiles_in_vain : tiles};
}

#endif
