// Four products of int8 per 32-bit lane: acc + Σ₄ w·x with w unsigned (its value + 128) and x signed. Whole numbers add up
// exactly: no order, no rounding, the same sums on every instruction set.
//
// The including file may define PK_QUAD_PRODUCT(acc, w, x) over 16 lanes as its instruction (vpdpbusd, usdot), x being an
// x_quad; and PK_SIGNED_QUADS where that takes w as signed (sdot): then the 128 goes as the weights are loaded. int4's
// weights lie in 0 … 15 and mean the same to both.
//
// PK_FLIPPED_QUADS: one side must be unsigned, and small enough for sums of 16 bits. Then a row gives |x|, and 0x80 where
// the weight is w, or 0x7F where it is −w − 1: stored ^ flip. The sum has Σ x over negative x too much.
#ifndef PK_QUAD_PRODUCT_H
#define PK_QUAD_PRODUCT_H

#include "row_forms.h"

// What the products' sum has too much of, per unit of the row's last sum.
#if defined(PK_FLIPPED_QUADS)
enum { PK_QUAD_OFFSET = 1 };
#elif defined(PK_SIGNED_QUADS)
enum { PK_QUAD_OFFSET = 0 };
#else
enum { PK_QUAD_OFFSET = 128 };
#endif

#if defined(PK_SIGNED_QUADS)
PK_INLINE bit_lanes quad_weights(bit_lanes stored) { return stored ^ splat_bits(0x80808080u); }
#else
PK_INLINE bit_lanes quad_weights(bit_lanes stored) { return stored; }
#endif

#if defined(PK_FLIPPED_QUADS)
typedef struct x_quad {
    bit_lanes magnitude, flip;
} x_quad;

PK_INLINE x_quad load_quad(const char *from) { return (x_quad){load_scalar(from), load_scalar(from + 4)}; }
#else
typedef scalar_word x_quad;

PK_INLINE x_quad load_quad(const char *from) { return load_scalar(from); }
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
