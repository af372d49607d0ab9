// Four products of int8 per 32-bit lane: acc + Σ₄ w·x with w unsigned (its value + 128) and x signed. Whole numbers add up
// exactly: no order, no rounding, the same sums on every instruction set.
//
// The including file may define PK_QUAD_PRODUCT(acc, w, x) over 16 lanes as its instruction (vpdpbusd, usdot), x being a
// scalar_word; and PK_SIGNED_QUADS where that takes w as signed (sdot): then the 128 goes as the weights are loaded. int4's
// weights lie in 0 … 15 and mean the same to both.
#ifndef PK_QUAD_PRODUCT_H
#define PK_QUAD_PRODUCT_H

#include "lanes.h"

#if defined(PK_SIGNED_QUADS)
enum { PK_QUAD_OFFSET = 0 };  // what the product sees of a weight, less the weight
PK_INLINE bit_lanes quad_weights(bit_lanes stored) { return stored ^ splat_bits(0x80808080u); }
#else
enum { PK_QUAD_OFFSET = 128 };
PK_INLINE bit_lanes quad_weights(bit_lanes stored) { return stored; }
#endif

#if !defined(PK_QUAD_PRODUCT)

#if defined(PK_MADD_16)

// Even and odd bytes as 16-bit numbers, two products and their sum each by pmaddwd. pmaddubsw would saturate.
typedef int16_t short_lanes __attribute__((vector_size(64)));

PK_INLINE bit_lanes quad_product(bit_lanes acc, bit_lanes w, bit_lanes x) {
    bit_lanes even = w & splat_bits(0x00FF00FFu), odd = (w >> 8) & splat_bits(0x00FF00FFu);
    short_lanes pair = (short_lanes)x;
    bit_lanes x_even = (bit_lanes)((short_lanes)(pair << 8) >> 8), x_odd = (bit_lanes)(pair >> 8);
    return acc + PK_MADD_16(even, x_even) + PK_MADD_16(odd, x_odd);
}

#else

PK_INLINE bit_lanes quad_product(bit_lanes acc, bit_lanes w, scalar_word scalar) {
    bit_lanes x = spread(scalar);
    PK_UNROLLED for (int byte = 0; byte < 4; byte++) {
        int_lanes signed_x = (int_lanes)(x << (24 - 8 * byte)) >> 24;
        acc = acc + ((w >> (8 * byte)) & splat_bits(0xFF)) * (bit_lanes)signed_x;
    }
    return acc;
}

#endif

#define PK_QUAD_PRODUCT quad_product

#endif

#endif
