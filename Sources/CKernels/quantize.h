// Weights to int8 and int4. Both round to nearest even; both keep what they are multiplied with in the panel. A column (of
// int4: a group) that holds a NaN or an infinity keeps that as its scale over zeros, so that every output it enters is NaN.
#ifndef PK_QUANTIZE_H
#define PK_QUANTIZE_H

#include "int4_groups.h"
#include "pack.h"
#include "row_forms.h"

enum {
    PK_QUANT_PIECE = 128,  // elements that are looked at at a time, whole groups
    PK_GROUP_VECTORS = PK_QUANT_GROUP / PK_LANES,
};

// Elements [first, first + count) of a column as floats; what lies behind K is +0.
PK_INLINE void read_piece(const source_rows *source, int64_t c, int64_t first, int64_t count, float *out) {
    int64_t there = source->k - first < count ? source->k - first : count;
    convert_to_f32(
        source->from + c * source->row_bytes + first * element_size(source->type), source->type, there, out);
    for (int64_t i = there; i < count; i++) out[i] = 0;
}

// The greatest |w|; NaN if there is one.
PK_INLINE float greatest_of_column(const source_rows *source, int64_t c) {
    float piece[PK_QUANT_PIECE], best = 0;
    for (int64_t first = 0; first < source->k; first += PK_QUANT_PIECE) {
        read_piece(source, c, first, PK_QUANT_PIECE, piece);
        float greatest = greatest_magnitude(piece, PK_QUANT_PIECE);
        if (!(greatest <= best)) best = greatest;
        if (best != best) break;
    }
    return best;
}

// round(x · inverse), to nearest even, |result| < 2²².
PK_INLINE int_lanes rounded(lanes x, lanes inverse) {
    const lanes shifter = splat(0x1.8p23f);
    return (int_lanes)fused(x, inverse, shifter) - (int_lanes)shifter;
}

static void write_int8(
    const source_rows *source, int64_t c, int64_t step, int64_t count, void *words, const void *context
) {
    float piece[4 * PK_PACK_STEPS];
    lanes inverse = splat(((const float *)context)[c]);
    read_piece(source, c, 4 * step, 4 * count, piece);
    if (inverse[0] == 0) memset(piece, 0, (size_t)count * 4 * sizeof *piece);  // not finite, or too small
    for (int64_t i = 0; i < 4 * count; i += PK_LANES) {
        lanes x = load_first(piece + i, 4 * count - i, 0);
        byte_lanes bytes = __builtin_convertvector(rounded(x, inverse) + 128, byte_lanes);
        memcpy((char *)words + i, &bytes, (size_t)(4 * count - i < PK_LANES ? 4 * count - i : PK_LANES));
    }
}

// scale = max|w| / 127 of the column; w ≈ (q − 128)·scale. The 64 scales stand behind the panel's words.
static void pack_int8(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, void *panel) {
    source_rows rows = rows_of(source, type, row_stride, k, columns);
    float inverse[PK_PANEL], scale[PK_PANEL];
    for (int64_t c = 0; c < PK_PANEL; c++) {
        float greatest = c < columns ? greatest_of_column(&rows, c) : 0;
        if (greatest < 0x1p-120f) greatest = 0;
        scale[c] = greatest / 127;
        inverse[c] = greatest > 0 && greatest < __builtin_inff() ? 127 / greatest : 0;
    }
    int64_t steps = (k + 3) / 4;
    pack_words(&rows, steps, PK_K_BLOCK, 0x80808080u, 0, write_int8, inverse, panel);
    memcpy((char *)panel + steps * PK_PANEL * 4, scale, sizeof scale);
}

static void unpack_row_int8(const void *panel, int64_t k, int64_t column, float *out) {
    int64_t steps = (k + 3) / 4;
    float scale = load_float((const char *)panel + steps * PK_PANEL * 4 + column * 4);
    for (int64_t i = 0; i < k; i++) {
        const unsigned char *quad = (const unsigned char *)word_of_panel(panel, i / 4, steps, PK_K_BLOCK, column);
        out[i] = (float)((int32_t)quad[i & 3] - 128) * scale;
    }
}

// A group's 32 values in the scale's grid: q = clamp(round(w / scale), −8 … 7). Returns Σ ((w − q·scale) · unit)².
PK_INLINE float try_scale(const lanes w[PK_GROUP_VECTORS], float scale, float unit, int_lanes q[PK_GROUP_VECTORS]) {
    lanes error = splat(0), inverse = splat(1 / scale);
    for (int v = 0; v < PK_GROUP_VECTORS; v++) {
        q[v] = rounded(w[v], inverse);
        q[v] = __builtin_elementwise_min(__builtin_elementwise_max(q[v], (int_lanes){0} - 8), (int_lanes){0} + 7);
        lanes difference = fused(__builtin_convertvector(q[v], lanes), splat(-scale), w[v]) * splat(unit);
        error = fused(difference, difference, error);
    }
    return sum_of_lanes(error);
}

// The bf16 scale of least squared error among some that put the value of greatest magnitude near −8.
static float quantize_group(const float *values, int_lanes best[PK_GROUP_VECTORS]) {
    lanes w[PK_GROUP_VECTORS], most = splat(0), least = splat(0);
    for (int v = 0; v < PK_GROUP_VECTORS; v++) {
        w[v] = load(values + v * PK_LANES);
        best[v] = (int_lanes){0};
        most = greater(w[v], most);
        least = greater(-w[v], least);
    }
    float top = max_of_lanes(most), bottom = max_of_lanes(least);
    float extreme = top > bottom ? top : -bottom;
    float magnitude = greatest_magnitude(values, PK_QUANT_GROUP);
    if (!(magnitude < __builtin_inff())) return magnitude;
    if (magnitude < 0x1p-100f) return 0;
    float found = 0, error = __builtin_inff();
    for (int i = 0; i < 12; i++) {
        float scale = float_of_bf16(bf16_of_float(extreme / (-8.6f + 0.15f * (float)i)));
        int_lanes q[PK_GROUP_VECTORS];
        float e = try_scale(w, scale, 1 / magnitude, q);  // the squares neither overflow nor vanish
        if (!(e < error)) continue;
        error = e;
        found = scale;
        for (int v = 0; v < PK_GROUP_VECTORS; v++) best[v] = q[v];
    }
    return found;
}

static void pack_int4(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, void *panel) {
    source_rows rows = rows_of(source, type, row_stride, k, columns);
    float values[PK_QUANT_GROUP];
    int32_t q[PK_QUANT_GROUP];
    for (int64_t c = 0; c < PK_PANEL; c++) {
        unsigned char *strip = groups_of_column(panel, k, c);
        int64_t column = c % PK_STRIP_COLUMNS;
        for (int64_t g = 0; g < groups_of(k); g++) {
            int_lanes best[PK_GROUP_VECTORS] = {{0}, {0}};
            float scale = 0;
            if (c < columns) {
                read_piece(&rows, c, g * PK_QUANT_GROUP, PK_QUANT_GROUP, values);
                scale = quantize_group(values, best);
            }
            memcpy(q, best, sizeof q);
            unsigned char *group = strip + g * PK_GROUP_BYTES;
            for (int i = 0; i < PK_QUANT_GROUP / 2; i++) {
                group[i / 4 * PK_STRIP_COLUMNS * 4 + column * 4 + i % 4] =
                    (unsigned char)((q[i] + 8) | (q[i + PK_QUANT_GROUP / 2] + 8) << 4);
            }
            uint16_t word = bf16_of_float(scale);
            memcpy(group + PK_GROUP_NIBBLES + column * 2, &word, sizeof word);
        }
    }
}

static void unpack_row_int4(const void *panel, int64_t k, int64_t column, float *out) {
    const unsigned char *strip = groups_of_column(panel, k, column);
    column %= PK_STRIP_COLUMNS;
    for (int64_t i = 0; i < k; i++) {
        const unsigned char *group = strip + i / PK_QUANT_GROUP * PK_GROUP_BYTES;
        int64_t inside = i % PK_QUANT_GROUP, half = inside % (PK_QUANT_GROUP / 2);
        int32_t pair = group[half / 4 * PK_STRIP_COLUMNS * 4 + column * 4 + half % 4];
        int32_t value = (inside < PK_QUANT_GROUP / 2 ? pair & 15 : pair >> 4) - 8;
        out[i] = (float)value * float_of_bf16(load_16(group + PK_GROUP_NIBBLES + column * 2));
    }
}

#endif
