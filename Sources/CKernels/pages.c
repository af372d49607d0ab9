// Where a token's key and value lie in a page, and how much scratch a pass over pages needs.
#include "scratch.h"

#include <string.h>

int64_t pk_attention_scratch(int64_t head_dim) {
    // A register tile's scores and Σ p·v of one softmax tile; a band's Σ p·v over all tiles.
    int64_t stride = pk_value_stride(head_dim);
    return PK_ATTENTION_ROWS * (PK_ATTENTION_TILE + stride) + PK_ATTENTION_BAND * stride;
}

void pk_store_key_value(const float *key, const float *value, int64_t head_dim, int64_t value_stride, int64_t slot,
                        float *key_group, float *value_group) {
    for (int64_t d = 0; d < head_dim; d++) key_group[d * PK_LANES + slot] = key[d];
    float *to = value_group + slot * value_stride;
    memcpy(to, value, (size_t)head_dim * sizeof(float));
    for (int64_t d = head_dim; d < value_stride; d++) to[d] = 0;
}
