// The forms in which a product reads a row of activations. Each touches one row only and has one order.
//
//   f32    the floats themselves
//   bf16   every value rounded to bf16 (nearest even). Where an instruction multiplies pairs, words in order; elsewhere
//          floats, the two of a pair exchanged (odd, even): the order in which they are added
//   int8   q = round(x / scale) as int8, scale = max|x| / 127 of the row (nearest even)
//   quads  the same for int8 weights, or as pmaddubsw wants it (split_quads.h)
#ifndef PK_ROW_FORMS_H
#define PK_ROW_FORMS_H

#include "elements.h"
#include "lanes.h"
#if defined(PK_SPLIT_QUADS)
#include "split_quads.h"
#endif

#if defined(PK_PAIR_PRODUCT) || defined(PK_MATRIX_TILES)
#define PK_BF16_WORDS
enum { PK_BF16_ROW_BYTES = 2 };
#else
enum { PK_BF16_ROW_BYTES = 4 };
#endif

#if defined(PK_SPLIT_QUADS)
enum { PK_QUAD_ROW_BYTES = PK_SPLIT_QUAD_BYTES };
#else
enum { PK_QUAD_ROW_BYTES = 4 };
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
#if defined(PK_BF16_WORDS)
    half_lanes words = __builtin_convertvector(rounded >> 16, half_lanes);
    if (whole == PK_LANES) {  // of a length that is known: no call
        memcpy(row + at * 2, &words, sizeof words);
    } else {
        memcpy(row + at * 2, &words, (size_t)whole * 2);
    }
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

PK_INLINE int_lanes magnitude_bits(lanes value) { return (int_lanes)value & 0x7FFFFFFF; }

// The greatest |x|; NaN if there is one (its bits are above all others').
PK_INLINE float greatest_magnitude(const float *x, int64_t n) {
    int_lanes best[4] = {{0}, {0}, {0}, {0}};
    int64_t at = 0;
    for (; at + 4 * PK_LANES <= n; at += 4 * PK_LANES) {
        PK_UNROLLED for (int v = 0; v < 4; v++) {
            best[v] = __builtin_elementwise_max(magnitude_bits(load(x + at + v * PK_LANES)), best[v]);
        }
    }
    for (; at < n; at += PK_LANES) {
        best[0] = __builtin_elementwise_max(magnitude_bits(load_first(x + at, n - at, 0)), best[0]);
    }
    best[0] = __builtin_elementwise_max(best[0], best[1]);
    best[2] = __builtin_elementwise_max(best[2], best[3]);
    int32_t bits = __builtin_reduce_max(__builtin_elementwise_max(best[0], best[2]));
    return float_of_bits((uint32_t)bits);
}

// value·factor as the nearest whole number, where that is below 2²².
PK_INLINE int_lanes rounded_times(lanes value, float factor) {
    const lanes shifter = splat(0x1.8p23f);  // adding it rounds to an integer and leaves that in the low bits
    return (int_lanes)fused(value, splat(factor), shifter) - (int_lanes)shifter;
}

// 16 elements in the form; yields them as whole numbers.
PK_INLINE int_lanes put_in_form(lanes value, float inverse, int8_t *out) {
    int_lanes whole = rounded_times(value, inverse);
    byte_lanes bytes = __builtin_convertvector(whole, byte_lanes);
    memcpy(out, &bytes, sizeof bytes);
    return whole;
}

// What takes the 8 away that int4's weights are stored too great by: −8 · Σ q of a group, of which q[i] is the sum of elements
// i and i + 16. Where its products are added in 16 bits that is two numbers, the even pairs' (in the low half) and the odd pairs'.
PK_INLINE int32_t group_offset(int_lanes q) {
#if defined(PK_NIBBLE_PAIRS)
    typedef int32_t eight __attribute__((vector_size(32)));
    typedef int32_t four __attribute__((vector_size(16)));
    eight halves = __builtin_shufflevector(q, q, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(q, q, 8, 9, 10, 11, 12, 13, 14, 15);
    four place = __builtin_shufflevector(halves, halves, 0, 1, 2, 3) + __builtin_shufflevector(halves, halves, 4, 5, 6, 7);
    uint32_t even = (uint32_t)(place[0] + place[1]), odd = (uint32_t)(place[2] + place[3]);
    return (int32_t)((-8 * even & 0xFFFF) | -8 * odd << 16);
#else
    return -8 * __builtin_reduce_add(q);
#endif
}

// sums[g] = group_offset of group g of PK_QUANT_GROUP elements, sums[groups] = Σ q of the row. `out` holds whole groups, the
// last one filled up with 0. Returns the scale: a row that holds an infinity or a NaN passes it on there; one that is too
// small for a finite 1/scale counts as zero.
static float form_int8(const float *x, int64_t n, int8_t *out, int32_t *sums) {
    const float smallest = 0x1p-120f;
    float greatest = greatest_magnitude(x, n);
    int64_t groups = groups_of(n), whole_groups = n / PK_QUANT_GROUP;
    if (!(greatest >= smallest && greatest < __builtin_inff())) {
        memset(out, 0, (size_t)(groups * PK_QUANT_GROUP));
        memset(sums, 0, (size_t)(groups + 1) * sizeof *sums);
        return greatest < smallest ? 0 : greatest;
    }
    float inverse = 127 / greatest;
    int_lanes total = {0};
    for (int64_t g = 0; g < groups; g++) {
        const float *from = x + g * PK_QUANT_GROUP;
        int8_t *to = out + g * PK_QUANT_GROUP;
        lanes first, second = splat(0);
        if (g < whole_groups) {
            first = load(from);
            second = load(from + PK_LANES);
        } else {
            int64_t count = n - g * PK_QUANT_GROUP;
            first = load_first(from, count, 0);
            if (count > PK_LANES) second = load_first(from + PK_LANES, count - PK_LANES, 0);
        }
        int_lanes whole = put_in_form(first, inverse, to) + put_in_form(second, inverse, to + PK_LANES);
        sums[g] = group_offset(whole);
        total += whole;
    }
    sums[groups] = __builtin_reduce_add(total);
    return greatest / 127;
}

#if defined(PK_SPLIT_QUADS)
static float form_quads(const float *x, int64_t n, int8_t *out, int32_t *sums) {
    int64_t quads = groups_of(n) * PK_QUANT_GROUP / 4;
    int8_t *plain = out + quads * (PK_QUAD_ROW_BYTES - 4);
    float scale = form_int8(x, n, plain, sums);
    for (int64_t at = 0; at < quads; at += PK_K_BLOCK) {
        int64_t count = quads - at < PK_K_BLOCK ? quads - at : PK_K_BLOCK;
        split_block(plain + 4 * at, count, (char *)out + at * PK_QUAD_ROW_BYTES);
    }
    return scale;
}
#else
static float form_quads(const float *x, int64_t n, int8_t *out, int32_t *sums) { return form_int8(x, n, out, sums); }
#endif

#endif
