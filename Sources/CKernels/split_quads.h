// The quads form (row_forms.h) for pmaddubsw, which adds two products of a weight, unsigned, with an element in 16 bits and
// saturates: 255·|a + b| fits for |a + b| ≤ 128, and elements of unlike sign always do. A quad with a greater pair, of
// gaussian rows one in thirty, is split into two halves that fit: the first stands in its place, the second in a list beside
// it. The sums are whole numbers, so that it does not matter when the list's products are added.
//
// A row is blocks of PK_K_BLOCK quads, or less at its end, one after the other. A block of n quads takes 12·n bytes:
//
//   [n quads][second halves, of n at most][a byte for each: which quad's][how many there are: 32 bits]
#ifndef PK_SPLIT_QUADS_H
#define PK_SPLIT_QUADS_H

#include "lanes.h"

enum { PK_SPLIT_QUAD_BYTES = 12 };

typedef struct second_halves {
    char *quads;
    unsigned char *places;
    uint32_t *count;
} second_halves;

PK_INLINE second_halves second_halves_of(char *block, int64_t quads) {
    return (second_halves){block + 4 * quads, (unsigned char *)block + 8 * quads, (uint32_t *)(block + 9 * quads)};
}

// The `index`-th of four bytes as a whole number.
PK_INLINE int_lanes element_of_quad(bit_lanes quad, int index) { return (int_lanes)(quad << (24 - 8 * index)) >> 24; }

PK_INLINE int_lanes is_too_great(bit_lanes quad) {
    int_lanes first = element_of_quad(quad, 0) + element_of_quad(quad, 1);
    int_lanes second = element_of_quad(quad, 2) + element_of_quad(quad, 3);
    int_lanes most = __builtin_elementwise_max(__builtin_elementwise_abs(first), __builtin_elementwise_abs(second));
    return most > 128;
}

// One block from `quads` of plain elements, a multiple of 8. `plain` may lie in the last third of what the row's blocks
// take, its end at their end: what is written never reaches what is still to be read.
PK_INLINE void split_block(const int8_t *plain, int64_t quads, char *block) {
    typedef int8_t bytes __attribute__((vector_size(64)));
    second_halves list = second_halves_of(block, quads);
    uint32_t count = 0;
    for (int64_t at = 0; at < quads; at += PK_LANES) {
        bit_lanes quad = (bit_lanes)load_first((const float *)(plain + 4 * at), quads - at, 0);
        int_lanes great = is_too_great(quad);
        bytes half = (bytes)quad >> 1;
        bit_lanes second = (bit_lanes)((bytes)quad - half);
        store_first((float *)(block + 4 * at), quads - at, choose(great, (lanes)half, (lanes)quad));
        if (__builtin_reduce_or(great) == 0) continue;
        for (int i = 0; i < PK_LANES; i++) {
            if (!great[i]) continue;
            uint32_t word = second[i];
            memcpy(list.quads + 4 * count, &word, sizeof word);
            list.places[count++] = (unsigned char)(at + i);
        }
    }
    *list.count = count;
}

#endif
