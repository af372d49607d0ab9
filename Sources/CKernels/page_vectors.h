// Vectors of keys and values as they are read from pages, in every format (CKernels.h, pk_page_format). Two dims of a
// key, or two tokens' values, are a pair. `format` is a constant wherever these functions are inlined.
#ifndef PK_PAGE_VECTORS_H
#define PK_PAGE_VECTORS_H

#include "lanes.h"

// From one pair of dims to the next in a group of keys.
PK_INLINE int64_t key_pair_bytes(int format) { return format == PK_PAGES_F32 ? 128 : 64; }

// From one pair of tokens to the next in a group of values.
PK_INLINE int64_t value_pair_bytes(int64_t stride, int format) { return stride * (format == PK_PAGES_F32 ? 8 : 4); }

PK_INLINE lanes first_of_pair(const char *pair, int format) {
    bit_lanes words = load_bits(pair);
    return (lanes)(format == PK_PAGES_F32 ? words : words << 16);
}

// In float32 it lies `distance` bytes further.
PK_INLINE lanes second_of_pair(const char *pair, int64_t distance, int format) {
    return (lanes)(format == PK_PAGES_F32 ? load_bits(pair + distance) : load_bits(pair) & splat_bits(0xFFFF0000));
}

// One dim of one key of a group.
PK_INLINE float key_element(const char *group, int64_t slot, int64_t dim, int format) {
    uint32_t word;
    int64_t vector = format == PK_PAGES_F32 ? dim : dim / 2;
    memcpy(&word, group + (vector * PK_LANES + slot) * 4, sizeof word);
    if (format == PK_PAGES_BF16) word = dim % 2 == 0 ? word << 16 : word & 0xFFFF0000;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

// A hint that the pair will be read soon.
PK_INLINE void ask_for_pair(const char *pair, int64_t distance, int format) {
    __builtin_prefetch(pair, 0, 2);
    if (format == PK_PAGES_F32) __builtin_prefetch(pair + distance, 0, 2);
}

#endif
