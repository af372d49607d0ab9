// Checkpoint rows to panels and back, and the forms of activations.
#include "check.h"

#include <stdlib.h>

static int64_t size_of(int32_t type) { return type == PK_F32 ? 4 : 2; }

static double value_of_f16(uint16_t half) {
    int exponent = half >> 10 & 31, mantissa = half & 1023;
    double sign = half & 0x8000 ? -1 : 1;
    if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
    return sign * (exponent == 0 ? ldexp(mantissa, -24) : ldexp(1024 + mantissa, exponent - 25));
}

// `count` elements of the type at any address, and what they stand for.
static void make_source(generator *from, int32_t type, int64_t count, char *to, float *values) {
    for (int64_t i = 0; i < count; i++) {
        float value = draw_float(from) * (float)(1 + draw_below(from, 3));
        uint16_t half = (uint16_t)draw(from);
        switch (type) {
            case PK_F32: memcpy(to + 4 * i, &value, 4); break;
            case PK_BF16:
                half = nearest_bf16(value);
                value = widened(half);
                memcpy(to + 2 * i, &half, 2);
                break;
            default:
                half &= 0xBFFF;  // finite and below 2
                value = (float)value_of_f16(half);
                memcpy(to + 2 * i, &half, 2);
                break;
        }
        values[i] = value;
    }
}

static void check_whole_numbers(
    const float *w, const float *back, int64_t k, int64_t c, int bits
) {
    // int8: one scale per column. int4: one per 32; the error of the best of many scales is below that of max / 7.
    for (int64_t g = 0; g * 32 < k; g++) {
        int64_t begin = bits == 8 ? 0 : g * 32, end = bits == 8 ? k : (g + 1) * 32 < k ? (g + 1) * 32 : k;
        double most = 0, error = 0, plain = 0;
        for (int64_t i = begin; i < end; i++) most = fmax(most, fabs((double)w[i]));
        double scale = bits == 8 ? most / 127 : most / 7;
        for (int64_t i = begin; i < end; i++) {
            error += pow((double)back[i] - (double)w[i], 2);
            plain += pow(scale / 2, 2);
            if (bits == 8) {
                expect(fabs((double)back[i] - (double)w[i]) <= scale * (0.5 + 1e-4), "int8 weight %lld of column %lld",
                       (long long)i, (long long)c);
            }
        }
        expect(error <= plain * 1.0001, "int%d group %lld of column %lld", bits, (long long)g, (long long)c);
        if (bits == 8) break;
    }
}

static void check_matrix(generator *from, int32_t type, int64_t k, int64_t columns) {
    int64_t stride = k + draw_below(from, 5), count = stride * columns;
    char *memory = room(count * size_of(type) + 1), *source = memory + 1;
    float *values = room(count * 4), *back = room(k * 4);
    char *panel = room(k * 256 + 4096);
    make_source(from, type, count, source, values);
    checksum sum = {0};

    kernels->pack_f32(source, type, stride, k, columns, panel);
    add_bytes(&sum, panel, k * 256);
    for (int64_t c = 0; c < columns; c++) {
        kernels->unpack_row_f32(panel, k, c, back);
        expect(same_bits(back, values + c * stride, k), "f32 column %lld of k %lld", (long long)c, (long long)k);
    }

    kernels->pack_bf16(source, type, stride, k, columns, panel);
    add_bytes(&sum, panel, (k + 1) / 2 * 256);
    for (int64_t c = 0; c < columns; c++) {
        kernels->unpack_row_bf16(panel, k, c, back);
        bool equal = true;
        for (int64_t i = 0; i < k; i++) equal &= back[i] == widened(nearest_bf16(values[c * stride + i]));
        expect(equal, "bf16 column %lld of k %lld", (long long)c, (long long)k);
    }

    kernels->pack_int8(source, type, stride, k, columns, panel);
    add_bytes(&sum, panel, (k + 3) / 4 * 256 + 256);
    for (int64_t c = 0; c < columns; c++) {
        kernels->unpack_row_int8(panel, k, c, back);
        check_whole_numbers(values + c * stride, back, k, c, 8);
    }

    kernels->pack_int4(source, type, stride, k, columns, panel);
    add_bytes(&sum, panel, (k + 31) / 32 * 1152);
    for (int64_t c = 0; c < columns; c++) {
        kernels->unpack_row_int4(panel, k, c, back);
        check_whole_numbers(values + c * stride, back, k, c, 4);
    }
    report(sum, "pack.%d.k%lld.n%lld", (int)type, (long long)k, (long long)columns);
    free(memory);
    free(values);
    free(back);
    free(panel);
}

static void check_forms(generator *from, int64_t n) {
    float *x = room(n * 4);
    char *form = room((n + 32) * 4);
    int8_t *bytes = room(n + 32);
    int32_t *sums = room((n / 32 + 2) * 4);
    checksum sum = {0};
    fill(from, x, n, 3);

    kernels->form_bf16(x, n, form);
    for (int64_t i = 0; i < (n + 1) / 2 * 2; i++) {
        uint16_t word, wanted = i < n ? nearest_bf16(x[i]) : 0;
        if (kernels->bf16_row_bytes == 2) {
            memcpy(&word, form + 2 * i, 2);
        } else {  // floats, odd before even
            memcpy(&word, form + 4 * (i ^ 1) + 2, 2);
        }
        expect(word == wanted, "bf16 form %lld of %lld", (long long)i, (long long)n);
        add_bytes(&sum, &word, 2);
    }

    float most = 0;
    for (int64_t i = 0; i < n; i++) most = fmaxf(most, fabsf(x[i]));
    float scale = kernels->form_int8(x, n, bytes, sums);
    int64_t groups = (n + 31) / 32, total = 0;
    expect(near((double)scale, (double)most / 127, (double)most * UNIT), "scale of %lld", (long long)n);
    for (int64_t g = 0; g < groups; g++) {
        int64_t pairs[2] = {0, 0};
        for (int64_t i = g * 32; i < (g + 1) * 32; i++) {
            double wanted = i < n && most > 0 ? (double)x[i] * 127 / (double)most : 0;
            expect(fabs(bytes[i] - wanted) <= 0.5 + 1e-4, "int8 form %lld of %lld", (long long)i, (long long)n);
            pairs[i / 2 % 2] += bytes[i];
        }
        // pmaddubsw's kernels want two numbers of 16 bits, all others one.
        int64_t group = pairs[0] + pairs[1];
        int64_t whole = kernels->quads_row_bytes == 3 ? (-8 * pairs[0] & 0xFFFF) + -8 * pairs[1] * 0x10000 : -8 * group;
        expect(sums[g] == (int32_t)whole, "offset of group %lld of %lld", (long long)g, (long long)n);
        total += group;
    }
    expect(sums[groups] == total, "sum of row of %lld", (long long)n);
    add_floats(&sum, &scale, 1);
    add_bytes(&sum, bytes, groups * 32);
    add_bytes(&sum, sums + groups, 4);
    report(sum, "forms.n%lld", (long long)n);
    free(x);
    free(form);
    free(bytes);
    free(sums);
}

static void check_halves(void) {
    uint16_t *halves = room(65536 * 2);
    float *out = room(65536 * 4);
    checksum sum = {0};
    for (int i = 0; i < 65536; i++) halves[i] = (uint16_t)i;
    kernels->convert_to_f32(halves, PK_F16, 65536, out);
    add_floats(&sum, out, 65536);
    for (int i = 0; i < 65536; i++) expect(near((double)out[i], value_of_f16((uint16_t)i), 0), "f16 %04x", i);
    kernels->convert_to_f32(halves, PK_BF16, 65536, out);
    add_floats(&sum, out, 65536);
    for (int i = 0; i < 65536; i++) expect(near((double)out[i], (double)widened((uint16_t)i), 0), "bf16 %04x", i);
    report(sum, "convert");
    free(halves);
    free(out);
}

void check_packing(void) {
    static const int64_t lengths[] = {1, 2, 5, 31, 33, 64, 255, 257, 530};
    static const int64_t columns[] = {1, 16, 31, 33, 64};
    generator from = {3};
    int64_t at = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int32_t type = PK_F32; type <= PK_BF16; type++) check_matrix(&from, type, lengths[i], columns[at++ % 5]);
        check_forms(&from, lengths[i]);
    }
    check_halves();
}
