// Four products of int8 per 32-bit lane: acc + Σ₄ w·x with w unsigned (its value + 128) and x signed. Whole numbers add up
// exactly: no order, no rounding, the same sums on every instruction set.
//
// The including file may define PK_QUAD_PRODUCT(acc, w, x) over 16 lanes as its instruction (vpdpbusd, usdot); PK_SIGNED_QUADS
// where that takes w as signed (sdot): then the 128 goes as the weights are loaded; PK_SPLIT_QUADS where it adds two products in
// 16 bits (split_quads.h). int4's weights lie in 0 … 15 and mean the same to all.
#ifndef PK_QUAD_PRODUCT_H
#define PK_QUAD_PRODUCT_H

#include "row_forms.h"

// What the products' sum has too much of, per unit of the row's sum.
#if defined(PK_SIGNED_QUADS)
enum { PK_QUAD_OFFSET = 0 };
PK_INLINE bit_lanes quad_weights(bit_lanes stored) { return stored ^ splat_bits(0x80808080u); }
#else
enum { PK_QUAD_OFFSET = 128 };
PK_INLINE bit_lanes quad_weights(bit_lanes stored) { return stored; }
#endif

#if !defined(PK_QUAD_PRODUCT)

PK_INLINE bit_lanes quad_product(bit_lanes acc, bit_lanes w, scalar_word scalar) {
    bit_lanes x = spread(scalar);
    PK_UNROLLED for (int byte = 0; byte < 4; byte++) {
        int_lanes signed_x = (int_lanes)(x << (24 - 8 * byte)) >> 24;
        acc = acc + ((w >> (8 * byte)) & splat_bits(0xFF)) * (bit_lanes)signed_x;
    }
    return acc;
}

#define PK_QUAD_PRODUCT quad_product

#endif

#endif
