// Vectors of keys and values as they are read from pages, in every format (CKernels.h, pk_page_format). Two dims of a
// key, or two tokens' values, are a pair. `format` is a constant wherever these functions are inlined.
#ifndef PK_PAGE_VECTORS_H
#define PK_PAGE_VECTORS_H

#include "ahead.h"
#include "scratch.h"

// Bytes in front of a group's first vector.
PK_INLINE int64_t bytes_before(int format) { return format == PK_PAGES_INT8 ? PK_PAGE_SCALES : 0; }

// A vector's bytes, of one dim's keys or 16 dims of a token's value; in bf16 those of a pair.
PK_INLINE int64_t vector_bytes(int format) { return format == PK_PAGES_INT8 ? 16 : 64; }

// From one pair of dims to the next in a group of keys.
PK_INLINE int64_t key_pair_bytes(int format) {
    return format == PK_PAGES_BF16 ? vector_bytes(format) : 2 * vector_bytes(format);
}

// From one token to the next in a group of values of such a stride; in bf16 from one pair to the next.
PK_INLINE int64_t value_row_bytes(int64_t stride, int format) { return stride / PK_LANES * vector_bytes(format); }

// From one pair of tokens to the next.
PK_INLINE int64_t value_pair_bytes(int64_t stride, int format) {
    return value_row_bytes(stride, format) * (format == PK_PAGES_BF16 ? 1 : 2);
}

PK_INLINE lanes whole_numbers(const char *from) {
    int8_t __attribute__((vector_size(16))) bytes;
    memcpy(&bytes, from, sizeof bytes);
    return __builtin_convertvector(bytes, lanes);
}

PK_INLINE lanes first_of_pair(const char *pair, int format) {
    if (format == PK_PAGES_INT8) return whole_numbers(pair);
    bit_lanes words = load_bits(pair);
    return (lanes)(format == PK_PAGES_F32 ? words : words << 16);
}

// Except in bf16 it lies `distance` bytes further. With 16 registers a pair of bf16 is loaded twice: kept for its second element it would
// push one of a tile's sums onto the stack.
PK_INLINE lanes second_of_pair(const char *pair, int64_t distance, int format) {
    if (format == PK_PAGES_INT8) return whole_numbers(pair + distance);
    if (format == PK_PAGES_F32) return (lanes)load_bits(pair + distance);
#if !defined(PK_WIDE_TILE) && !defined(PK_QUARTERED)
    PK_OPAQUE(pair);
#endif
    return (lanes)(load_bits(pair) & splat_bits(0xFFFF0000));
}

// The scale of a token in a group: 1 where the format has none.
PK_INLINE float scale_of(const char *group, int64_t slot, int format) {
    float scale = 1;
    if (format == PK_PAGES_INT8) memcpy(&scale, group + slot * (int64_t)sizeof scale, sizeof scale);
    return scale;
}

// One dim of one key of a group, without its scale.
PK_INLINE float key_element(const char *group, int64_t slot, int64_t dim, int format) {
    if (format == PK_PAGES_INT8) return (float)(int8_t)group[PK_PAGE_SCALES + dim * PK_LANES + slot];
    uint32_t word;
    int64_t vector = format == PK_PAGES_F32 ? dim : dim / 2;
    memcpy(&word, group + (vector * PK_LANES + slot) * 4, sizeof word);
    if (format == PK_PAGES_BF16) word = dim % 2 == 0 ? word << 16 : word & 0xFFFF0000;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

// A hint that vector `n` of a pair, and those that follow it, will be read soon: a line of int8 has four of them.
PK_INLINE void ask_for_pair(const char *pair, int64_t distance, int n, int format) {
    if (format == PK_PAGES_INT8 && n % 4 != 0) return;
    __builtin_prefetch(pair, 0, PK_LOCALITY);
    if (format != PK_PAGES_BF16) __builtin_prefetch(pair + distance, 0, PK_LOCALITY);
}

#endif
