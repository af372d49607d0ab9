// The forms in which a product reads a row of activations. Each touches one row only and has one order.
//
//   f32    the floats themselves
//   bf16   every value rounded to bf16 (nearest even). Where an instruction multiplies pairs, words in order; elsewhere
//          floats, the two of a pair exchanged (odd, even): the order in which they are added
//   int8   q = round(x / scale) as int8, scale = max|x| / 127 of the row (nearest even); int4's rows are the same
#ifndef PK_ROW_FORMS_H
#define PK_ROW_FORMS_H

#include "elements.h"
#include "lanes.h"

#if defined(PK_PAIR_PRODUCT)
enum { PK_BF16_ROW_BYTES = 2 };
#else
enum { PK_BF16_ROW_BYTES = 4 };
#endif

typedef uint16_t half_lanes __attribute__((vector_size(32)));
typedef int8_t byte_lanes __attribute__((vector_size(16)));

PK_INLINE int64_t groups_of(int64_t k) { return (k + PK_QUANT_GROUP - 1) / PK_QUANT_GROUP; }

// Rounded to bf16, in the upper half of each lane; a NaN stays a NaN, subnormals are rounded like the rest.
PK_INLINE bit_lanes rounded_to_bf16(lanes value) {
    bit_lanes bits = bits_of(value);
    bit_lanes rounded = bits + splat_bits(0x7FFF) + ((bits >> 16) & splat_bits(1));
    bit_lanes quiet = bits | splat_bits(0x400000);
    return (bit_lanes)choose(value != value, (lanes)quiet, (lanes)rounded) & splat_bits(0xFFFF0000u);
}

// Elements [at, at + count) of a row, at even. An odd last element's partner becomes +0 and is written too.
PK_INLINE void store_bf16_form(char *row, int64_t at, int64_t count, lanes value) {
    if (count < PK_LANES) value = choose(lane_numbers() < (int32_t)count, value, splat(0));
    bit_lanes rounded = rounded_to_bf16(value);
    int64_t whole = count < PK_LANES ? (count + 1) / 2 * 2 : PK_LANES;
#if defined(PK_PAIR_PRODUCT)
    half_lanes words = __builtin_convertvector(rounded >> 16, half_lanes);
    memcpy(row + at * 2, &words, (size_t)whole * 2);
#else
    lanes exchanged = __builtin_shufflevector(
        (lanes)rounded, (lanes)rounded, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    store_first((float *)row + at, whole, exchanged);
#endif
}

static void form_bf16(const float *x, int64_t n, void *out) {
    for (int64_t at = 0; at < n; at += PK_LANES) {
        store_bf16_form(out, at, n - at, load_first(x + at, n - at, 0));
    }
}

// The greatest |x|; NaN if there is one (its bits are above all others').
PK_INLINE float greatest_magnitude(const float *x, int64_t n) {
    int_lanes best[2] = {{0}, {0}};
    for (int64_t at = 0; at < n; at += PK_LANES) {
        int_lanes magnitude = (int_lanes)load_first(x + at, n - at, 0) & 0x7FFFFFFF;
        int_lanes *most = &best[at / PK_LANES % 2];
        *most = __builtin_elementwise_max(magnitude, *most);
    }
    int32_t bits = __builtin_reduce_max(__builtin_elementwise_max(best[0], best[1]));
    return float_of_bits((uint32_t)bits);
}

// sums[g] = Σ q over group g of PK_QUANT_GROUP elements, sums[groups] = Σ q of the row. `out` holds whole groups, the
// last one filled up with 0. Returns the scale: a row that holds an infinity or a NaN passes it on there; one that is too
// small for a finite 1/scale counts as zero.
static float form_int8(const float *x, int64_t n, int8_t *out, int32_t *sums) {
    const float smallest = 0x1p-120f;
    float greatest = greatest_magnitude(x, n);
    if (greatest < smallest) greatest = 0;
    float inverse = greatest >= smallest && greatest < __builtin_inff() ? 127 / greatest : 0;
    const lanes shifter = splat(0x1.8p23f);
    int64_t groups = groups_of(n);
    int32_t total = 0;
    for (int64_t g = 0; g < groups; g++) {
        int_lanes sum = {0};
        for (int64_t at = g * PK_QUANT_GROUP; at < (g + 1) * PK_QUANT_GROUP; at += PK_LANES) {
            lanes value = at < n ? load_first(x + at, n - at, 0) : splat(0);
            if (inverse == 0) value = splat(0);
            lanes shifted = fused(value, splat(inverse), shifter);
            int_lanes whole = (int_lanes)shifted - (int_lanes)shifter;
            byte_lanes bytes = __builtin_convertvector(whole, byte_lanes);
            memcpy(out + at, &bytes, sizeof bytes);
            sum = sum + __builtin_convertvector(bytes, int_lanes);
        }
        sums[g] = __builtin_reduce_add(sum);
        total += sums[g];
    }
    sums[groups] = total;
    return greatest / 127;
}

#endif
