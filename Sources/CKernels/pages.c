// How large groups of keys and values are in pages, and how much scratch a pass over them needs.
#include "scratch.h"

int64_t pk_key_group_bytes(int32_t format, int64_t head_dim) {
    switch (format) {
        case PK_PAGES_F32: return head_dim * 64;
        case PK_PAGES_BF16: return (head_dim + 1) / 2 * 64;
        default: return PK_PAGE_SCALES + (head_dim + 3) / 4 * 64;
    }
}

int64_t pk_value_group_bytes(int32_t format, int64_t head_dim) {
    int64_t elements = pk_value_stride(head_dim) * PK_LANES;
    return format == PK_PAGES_F32 ? elements * 4 : format == PK_PAGES_BF16 ? elements * 2 : PK_PAGE_SCALES + elements;
}

int64_t pk_attention_scratch(int64_t head_dim) {
    // A register tile's scores and Σ p·v of one softmax tile; a band's queries and Σ p·v over all tiles.
    int64_t stride = pk_value_stride(head_dim);
    return PK_ATTENTION_ROWS * (PK_ATTENTION_TILE + stride) + 2 * PK_ATTENTION_BAND * stride;
}
