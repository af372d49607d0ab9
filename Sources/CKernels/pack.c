// Checkpoint rows to panels and back. A panel is the transpose of 64 rows, done in squares of 64 steps of K so that
// both sides stay in the first-level cache.
#include "elements.h"

enum { PK_SQUARE = 64 };

// Rows of `count` elements of the source's type, converted to floats.
static void convert(const unsigned char *from, int32_t type, int64_t count, float *out) {
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

void pk_convert_to_f32(const void *source, int32_t type, int64_t count, float *out) {
    convert(source, type, count, out);
}

static void convert_to_bf16(const unsigned char *from, int32_t type, int64_t count, uint16_t *out) {
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

void pk_pack_f32(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, float *panel) {
    float square[PK_PANEL][PK_SQUARE];
    int64_t size = element_size(type);
    memset(square, 0, sizeof square);
    for (int64_t from = 0; from < k; from += PK_SQUARE) {
        int64_t steps = k - from < PK_SQUARE ? k - from : PK_SQUARE;
        for (int64_t c = 0; c < columns; c++) {
            convert((const unsigned char *)source + (c * row_stride + from) * size, type, steps, square[c]);
        }
        float *to = panel + from * PK_PANEL;
        for (int64_t s = 0; s < steps; s++) {
            for (int64_t c = 0; c < PK_PANEL; c++) to[s * PK_PANEL + c] = square[c][s];
        }
    }
}

void pk_pack_bf16(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, uint16_t *panel) {
    uint16_t square[PK_PANEL][PK_SQUARE];
    int64_t size = element_size(type);
    memset(square, 0, sizeof square);
    for (int64_t from = 0; from < k; from += PK_SQUARE) {
        int64_t steps = k - from < PK_SQUARE ? k - from : PK_SQUARE;
        for (int64_t c = 0; c < columns; c++) {
            convert_to_bf16((const unsigned char *)source + (c * row_stride + from) * size, type, steps, square[c]);
            if (steps & 1) square[c][steps] = 0;  // steps < 64 here
        }
        uint16_t *to = panel + from * PK_PANEL;
        for (int64_t s = 0; s < steps; s += 2) {
            for (int64_t c = 0; c < PK_PANEL; c++) memcpy(to + (s / 2 * PK_PANEL + c) * 2, &square[c][s], 4);
        }
    }
}

void pk_unpack_row_f32(const float *panel, int64_t k, int64_t column, float *out) {
    for (int64_t i = 0; i < k; i++) out[i] = panel[i * PK_PANEL + column];
}

void pk_unpack_row_bf16(const uint16_t *panel, int64_t k, int64_t column, float *out) {
    for (int64_t i = 0; i < k; i++) out[i] = float_of_bf16(panel[(i / 2 * PK_PANEL + column) * 2 + (i & 1)]);
}
