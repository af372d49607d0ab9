// How keys and values are written into pages. Only the bytes that are asked for: what lies beside them may be another lane's
// to write at the same time, in bf16 the other half of a word too.
#ifndef PK_PAGE_WRITES_H
#define PK_PAGE_WRITES_H

#include "row_forms.h"
#include "scratch.h"

// Where the group of `position` begins; `group_bytes` in all.
PK_INLINE char *group_of(const pk_pages *pages, char *base, int64_t position, int64_t group_bytes) {
    int64_t group = position / PK_LANES;
    int64_t block = pages->block_table[group / pages->groups_per_block];
    return base + block * pages->block_stride + group % pages->groups_per_block * group_bytes;
}

// 16 elements rounded to bf16: two of them are a word of memory.
PK_INLINE void round_16(const float *from, uint16_t out[PK_LANES]) {
    half_lanes rounded = __builtin_convertvector(rounded_to_bf16(load(from)) >> 16, half_lanes);
    memcpy(out, &rounded, sizeof rounded);
}

PK_INLINE void put_half(char *to, float value) {
    uint16_t half = bf16_of_float(value);
    memcpy(to, &half, sizeof half);
}

static void store_key_f32(char *group, int64_t slot, int64_t first, int64_t dims, const float *from) {
    float *to = (float *)group + first * PK_LANES + slot;
#pragma clang loop vectorize(disable)  // AVX-512's scatter takes longer
    for (int64_t d = 0; d < dims; d++) to[d * PK_LANES] = from[d];
}

// The word of dims 2i and 2i + 1, as far as `slot` has it.
PK_INLINE char *key_word_bf16(char *group, int64_t slot, int64_t dim) { return group + (dim / 2 * PK_LANES + slot) * 4; }

// At an odd border the other half of a word is another's.
static void store_key_bf16(char *group, int64_t slot, int64_t first, int64_t dims, const float *from) {
    int64_t d = 0;
    if (first % 2 == 1 && dims > 0) put_half(key_word_bf16(group, slot, first) + 2, from[d++]);
    for (; d + PK_LANES <= dims; d += PK_LANES) {
        uint16_t halves[PK_LANES];
        round_16(from + d, halves);
        char *to = key_word_bf16(group, slot, first + d);
        PK_UNROLLED for (int i = 0; i < PK_LANES / 2; i++) memcpy(to + i * PK_LANES * 4, halves + 2 * i, 4);
    }
    for (; d < dims; d++) put_half(key_word_bf16(group, slot, first + d) + (first + d) % 2 * 2, from[d]);
}

PK_INLINE float sum_of_squares(const float *x, int64_t n) {
    lanes sum = splat(0);
    for (int64_t at = 0; at < n; at += PK_LANES) {
        lanes value = load_first(x + at, n - at, 0);
        sum = fused(value, value, sum);
    }
    return sum_of_lanes(sum);
}

static float store_keys(const pk_store_call *call) {
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
        if (!(square <= greatest)) greatest = square == square ? square : __builtin_inff();
    }
    return greatest;
}

static void store_value_f32(char *to, int64_t dims, const float *from) { memcpy(to, from, (size_t)dims * sizeof(float)); }

// One token's halves of the words at `to`.
static void store_value_bf16(char *to, int64_t dims, const float *from) {
    int64_t d = 0;
    for (; d + PK_LANES <= dims; d += PK_LANES) {
        uint16_t halves[PK_LANES];
        round_16(from + d, halves);
        PK_UNROLLED for (int i = 0; i < PK_LANES; i++) memcpy(to + (d + i) * 4, halves + i, 2);
    }
    for (; d < dims; d++) put_half(to + d * 4, from[d]);
}

// Both tokens' halves.
static void store_values_bf16(char *to, int64_t dims, const float *even, const float *odd) {
    for (int64_t d = 0; d < dims; d += PK_LANES) {
        bit_lanes low = rounded_to_bf16(load_first(even + d, dims - d, 0));
        bit_lanes high = rounded_to_bf16(load_first(odd + d, dims - d, 0));
        store_first((float *)to + d, dims - d, (lanes)(high | low >> 16));
    }
}

static void store_values(const pk_store_call *call) {
    const pk_pages *pages = &call->pages;
    int64_t bytes = pk_value_group_bytes(pages->format, pages->head_dim), stride = pk_value_stride(pages->head_dim);
    for (int64_t row = 0; row < call->rows; row++) {
        int64_t position = call->first_position + row, slot = position % PK_LANES;
        char *group = group_of(pages, pages->values, position, bytes);
        const float *from = call->from + row * call->stride;
        if (pages->format == PK_PAGES_F32) {
            store_value_f32(group + (slot * stride + call->first_dim) * 4, call->dims, from);
            continue;
        }
        char *words = group + (slot / 2 * stride + call->first_dim) * 4;
        if (slot % 2 == 0 && row + 1 < call->rows) {
            store_values_bf16(words, call->dims, from, from + call->stride);
            row++;
        } else {
            store_value_bf16(words + slot % 2 * 2, call->dims, from);
        }
    }
}

// Writes the scale into its group; yields where the group's numbers begin.
PK_INLINE char *store_scale(const pk_store_form_call *call, char *base, int64_t group_bytes) {
    char *group = group_of(&call->pages, base, call->position, group_bytes);
    memcpy(group + call->position % PK_LANES * 4, &call->scale, sizeof call->scale);
    return group + PK_PAGE_SCALES;
}

static float store_key_form(const pk_store_form_call *call) {
    int64_t dims = call->pages.head_dim, slot = call->position % PK_LANES;
    char *to = store_scale(call, call->pages.keys, pk_key_group_bytes(PK_PAGES_INT8, dims)) + slot;
    for (int64_t d = 0; d < dims; d++) to[d * PK_LANES] = call->form[d];
    int32_t sum = 0;  // at most 127² a dim
    for (int64_t d = 0; d < dims; d++) sum += (int32_t)call->form[d] * call->form[d];
    float square = (float)sum * call->scale * call->scale;
    return square == square ? square : __builtin_inff();
}

static void store_value_form(const pk_store_form_call *call) {
    int64_t dims = call->pages.head_dim, slot = call->position % PK_LANES;
    char *to = store_scale(call, call->pages.values, pk_value_group_bytes(PK_PAGES_INT8, dims));
    memcpy(to + slot * pk_value_stride(dims), call->form, (size_t)dims);
}

#endif
