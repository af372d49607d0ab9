// Where keys and values lie in pages, how they are written there, and how much scratch a pass over them needs.
#include "elements.h"
#include "scratch.h"

#include <math.h>

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

// Where the group of `position` begins; `group_bytes` in all.
static char *group_of(const pk_pages *pages, char *base, int64_t position, int64_t group_bytes) {
    int64_t group = position / PK_LANES;
    int64_t block = pages->block_table[group / pages->groups_per_block];
    return base + block * pages->block_stride + group % pages->groups_per_block * group_bytes;
}

static void store_key_f32(char *group, int64_t slot, int64_t first, int64_t dims, const float *from) {
    float *to = (float *)group + first * PK_LANES + slot;
    for (int64_t d = 0; d < dims; d++) to[d * PK_LANES] = from[d];
}

// Dims 2i and 2i + 1 are one word. At an odd border the other half is another's to write.
static void store_key_bf16(char *group, int64_t slot, int64_t first, int64_t dims, const float *from) {
    uint16_t *words = (uint16_t *)group + slot * 2;
    int64_t d = 0;
    if (first % 2 == 1) words[first / 2 * 32 + 1] = bf16_of_float(from[d++]);
    for (; d + 2 <= dims; d += 2) {
        uint16_t pair[2] = {bf16_of_float(from[d]), bf16_of_float(from[d + 1])};
        memcpy(words + (first + d) / 2 * 32, pair, sizeof pair);
    }
    if (d < dims) words[(first + d) / 2 * 32] = bf16_of_float(from[d]);
}

static float sum_of_squares(const float *x, int64_t n) {
    float sums[8] = {0};
    int64_t d = 0;
    for (; d + 8 <= n; d += 8) {
        for (int i = 0; i < 8; i++) sums[i] += x[d + i] * x[d + i];
    }
    for (; d < n; d++) sums[0] += x[d] * x[d];
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

float pk_store_keys(const pk_store_call *call) {
    const pk_pages *pages = &call->pages;
    int64_t bytes = pk_key_group_bytes(pages->format, pages->head_dim);
    float greatest = 0;
    for (int64_t row = 0; row < call->rows; row++) {
        int64_t position = call->first_position + row;
        char *group = group_of(pages, pages->keys, position, bytes);
        const float *from = call->from + row * call->stride;
        if (pages->format == PK_PAGES_F32) {
            store_key_f32(group, position % PK_LANES, call->first_dim, call->dims, from);
        } else {
            store_key_bf16(group, position % PK_LANES, call->first_dim, call->dims, from);
        }
        float square = sum_of_squares(from, call->dims);
        if (!(square <= greatest)) greatest = square == square ? square : INFINITY;
    }
    return greatest;
}

void pk_store_values(const pk_store_call *call) {
    const pk_pages *pages = &call->pages;
    int64_t bytes = pk_value_group_bytes(pages->format, pages->head_dim), stride = pk_value_stride(pages->head_dim);
    for (int64_t row = 0; row < call->rows; row++) {
        int64_t position = call->first_position + row, slot = position % PK_LANES;
        char *group = group_of(pages, pages->values, position, bytes);
        const float *from = call->from + row * call->stride;
        if (pages->format == PK_PAGES_F32) {
            memcpy((float *)group + slot * stride + call->first_dim, from, (size_t)call->dims * sizeof(float));
        } else {
            uint16_t *to = (uint16_t *)group + (slot / 2 * stride + call->first_dim) * 2 + slot % 2;
            for (int64_t d = 0; d < call->dims; d++) to[d * 2] = bf16_of_float(from[d]);
        }
    }
}

// Writes the scale into its group; yields where the group's numbers begin.
static char *store_scale(const pk_store_form_call *call, char *base, int64_t group_bytes) {
    char *group = group_of(&call->pages, base, call->position, group_bytes);
    memcpy(group + call->position % PK_LANES * sizeof(float), &call->scale, sizeof(float));
    return group + PK_PAGE_SCALES;
}

float pk_store_key_form(const pk_store_form_call *call) {
    int64_t dims = call->pages.head_dim, slot = call->position % PK_LANES, sum = 0;
    char *to = store_scale(call, call->pages.keys, pk_key_group_bytes(PK_PAGES_INT8, dims)) + slot;
    for (int64_t d = 0; d < dims; d++) {
        to[d * PK_LANES] = call->form[d];
        sum += (int32_t)call->form[d] * call->form[d];
    }
    float square = (float)sum * call->scale * call->scale;
    return square == square ? square : INFINITY;
}

void pk_store_value_form(const pk_store_form_call *call) {
    int64_t dims = call->pages.head_dim, slot = call->position % PK_LANES;
    char *to = store_scale(call, call->pages.values, pk_value_group_bytes(PK_PAGES_INT8, dims));
    memcpy(to + slot * pk_value_stride(dims), call->form, (size_t)dims);
}
