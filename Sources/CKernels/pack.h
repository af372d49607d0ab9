// Checkpoint rows to panels and back. In every format but int4 a panel is a transpose of 32-bit words: a word is a step
// of one column (a float, two bf16, four int8). 16 × 16 words are turned at a time in registers.
#ifndef PK_PACK_H
#define PK_PACK_H

#include "elements.h"
#include "strip.h"

enum {
    PK_PACK_STEPS = 64,  // steps of a column that are converted at a time
};

// Where step `step` of a panel's strip begins, in bytes: blocks of `block` steps, in each one strip after the other.
PK_INLINE int64_t step_offset(int64_t step, int64_t steps, int64_t block, int64_t strip) {
    int64_t begin = step / block * block, length = steps - begin < block ? steps - begin : block;
    return (begin * PK_STRIPS + strip * length + step - begin) * PK_STEP_BYTES;
}

// 16 columns × 16 steps, words [column][step] at `from`, `stride` bytes apart, to [step][column] of a strip.
PK_INLINE void turn(const char *from, int64_t stride, char *to) {
    bit_lanes a[16], b[16];
    for (int i = 0; i < 16; i++) a[i] = load_bits(from + i * stride);
    for (int i = 0; i < 8; i++) {
        b[2 * i] = __builtin_shufflevector(
            a[2 * i], a[2 * i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        b[2 * i + 1] = __builtin_shufflevector(
            a[2 * i], a[2 * i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
    // a[4q + s] holds, in quarter j, step 4j + s of columns 4q … 4q + 3.
    for (int q = 0; q < 4; q++) {
        for (int h = 0; h < 2; h++) {
            bit_lanes low = b[4 * q + h], high = b[4 * q + 2 + h];
            a[4 * q + 2 * h] = __builtin_shufflevector(
                low, high, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
            a[4 * q + 2 * h + 1] = __builtin_shufflevector(
                low, high, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
    }
    for (int s = 0; s < 4; s++) {
        bit_lanes c0 = a[s], c1 = a[4 + s], c2 = a[8 + s], c3 = a[12 + s];
        bit_lanes even01 = __builtin_shufflevector(
            c0, c1, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
        bit_lanes odd01 = __builtin_shufflevector(
            c0, c1, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
        bit_lanes even23 = __builtin_shufflevector(
            c2, c3, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
        bit_lanes odd23 = __builtin_shufflevector(
            c2, c3, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
        bit_lanes result[4] = {
            __builtin_shufflevector(even01, even23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
            __builtin_shufflevector(odd01, odd23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
            __builtin_shufflevector(even01, even23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
            __builtin_shufflevector(odd01, odd23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31),
        };
        for (int j = 0; j < 4; j++) memcpy(to + (4 * j + s) * PK_STEP_BYTES, &result[j], sizeof result[j]);
    }
}

// Rows of `count` elements of the source's type as floats.
static void convert_to_f32(const void *source, int32_t type, int64_t count, float *out) {
    const unsigned char *from = source;
    switch (type) {
        case PK_F16:
            for (int64_t i = 0; i < count; i++) out[i] = float_of_f16(load_16(from + 2 * i));
            break;
        case PK_BF16:
            for (int64_t i = 0; i < count; i++) out[i] = float_of_bf16(load_16(from + 2 * i));
            break;
        default: memcpy(out, from, (size_t)count * sizeof(float)); break;
    }
}

PK_INLINE void convert_to_bf16(const unsigned char *from, int32_t type, int64_t count, uint16_t *out) {
    switch (type) {
        case PK_F16:
            for (int64_t i = 0; i < count; i++) out[i] = bf16_of_float(float_of_f16(load_16(from + 2 * i)));
            break;
        case PK_BF16: memcpy(out, from, (size_t)count * sizeof(uint16_t)); break;
        default:
            for (int64_t i = 0; i < count; i++) out[i] = bf16_of_float(load_float(from + 4 * i));
            break;
    }
}

// A source's rows, the panel's columns.
typedef struct source_rows {
    const unsigned char *from;
    int32_t type;
    int64_t row_bytes;
    int64_t k;
    int64_t columns;
} source_rows;

PK_INLINE source_rows rows_of(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns) {
    return (source_rows){source, type, row_stride * element_size(type), k, columns};
}

// Asks for the piece of the next panel's rows, which follow this panel's, that lies where the piece of this panel's lies that
// is about to be packed, counted in bytes that come in order: a panel's own order jumps from row to row, which no prefetcher
// of the CPU follows.
PK_INLINE void ask_for_rows(const source_rows *source, int64_t piece, int64_t pieces) {
    int64_t bytes = PK_PANEL * source->row_bytes;
    const char *next = (const char *)source->from + bytes;
    for (int64_t i = bytes * piece / pieces; i < bytes * (piece + 1) / pieces; i += PK_LINE) {
        __builtin_prefetch(next + i, 0, 2);
    }
}

// Writes `count` words (of PK_PACK_STEPS) of column c, from step `step` on; what lies behind K is zero.
typedef void (*word_writer)(
    const source_rows *source, int64_t c, int64_t step, int64_t count, void *words, const void *context);

// `as_they_are`: the source's rows are the words already.
PK_INLINE void pack_words(
    const source_rows *source, int64_t steps, int64_t block, uint32_t missing, int as_they_are,
    word_writer write, const void *context, char *panel
) {
    _Alignas(64) uint32_t words[PK_STRIP_COLUMNS][PK_PACK_STEPS];
    int64_t pieces = (steps + PK_PACK_STEPS - 1) / PK_PACK_STEPS * PK_STRIPS, piece = 0;
    for (int64_t step = 0; step < steps; step += PK_PACK_STEPS) {
        int64_t count = steps - step < PK_PACK_STEPS ? steps - step : PK_PACK_STEPS;
        for (int64_t strip = 0; strip < PK_STRIPS; strip++) {
            ask_for_rows(source, piece++, pieces);
            const char *from = (const char *)words;
            int64_t stride = sizeof words[0], first = strip * PK_STRIP_COLUMNS;
            if (as_they_are && count % 16 == 0 && first + PK_STRIP_COLUMNS <= source->columns) {
                from = (const char *)source->from + first * source->row_bytes + step * 4;
                stride = source->row_bytes;
            } else {
                for (int64_t c = 0; c < PK_STRIP_COLUMNS; c++) {
                    if (first + c < source->columns) {
                        write(source, first + c, step, count, words[c], context);
                    } else {
                        for (int64_t i = 0; i < count; i++) words[c][i] = missing;
                    }
                }
            }
            char *to = panel + step_offset(step, steps, block, strip);
            for (int64_t s = 0; s < count; s += 16) {
                for (int64_t c = 0; c < PK_STRIP_COLUMNS; c += 16) {
                    if (s + 16 <= count) {
                        turn(from + c * stride + s * 4, stride, to + s * PK_STEP_BYTES + c * 4);
                        continue;
                    }
                    for (int64_t i = s; i < count; i++) {
                        for (int64_t j = 0; j < 16; j++) memcpy(to + i * PK_STEP_BYTES + (c + j) * 4, &words[c + j][i], 4);
                    }
                }
            }
        }
    }
}

static void write_f32(
    const source_rows *source, int64_t c, int64_t step, int64_t count, void *words, const void *context
) {
    const unsigned char *from = source->from + c * source->row_bytes + step * element_size(source->type);
    convert_to_f32(from, source->type, count, words);
    (void)context;
}

static void write_bf16(
    const source_rows *source, int64_t c, int64_t step, int64_t count, void *words, const void *context
) {
    int64_t first = 2 * step, elements = source->k - first < 2 * count ? source->k - first : 2 * count;
    uint16_t *out = words;
    convert_to_bf16(
        source->from + c * source->row_bytes + first * element_size(source->type), source->type, elements, out);
    if (elements < 2 * count) out[elements] = 0;
    (void)context;
}

static void pack_f32(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, void *panel) {
    source_rows rows = rows_of(source, type, row_stride, k, columns);
    pack_words(&rows, k, PK_K_BLOCK, 0, type == PK_F32, write_f32, NULL, panel);
}

static void pack_bf16(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, void *panel) {
    source_rows rows = rows_of(source, type, row_stride, k, columns);
    pack_words(&rows, (k + 1) / 2, PK_K_BLOCK / 2, 0, type == PK_BF16 && k % 2 == 0, write_bf16, NULL, panel);
}

PK_INLINE char *word_of_panel(const void *panel, int64_t step, int64_t steps, int64_t block, int64_t column) {
    return (char *)panel + step_offset(step, steps, block, column / PK_STRIP_COLUMNS) + column % PK_STRIP_COLUMNS * 4;
}

static void unpack_row_f32(const void *panel, int64_t k, int64_t column, float *out) {
    for (int64_t i = 0; i < k; i++) memcpy(out + i, word_of_panel(panel, i, k, PK_K_BLOCK, column), 4);
}

static void unpack_row_bf16(const void *panel, int64_t k, int64_t column, float *out) {
    for (int64_t i = 0; i < k; i++) {
        const char *pair = word_of_panel(panel, i / 2, (k + 1) / 2, PK_K_BLOCK / 2, column);
        out[i] = float_of_bf16(load_16(pair + (i & 1) * 2));
    }
}

#endif
