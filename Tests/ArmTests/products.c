// Panel products of all formats: against double, every row alone, and all that an epilogue can do.
#include "check.h"

#include <stdlib.h>

typedef enum format { F32, BF16, INT8, INT4, FORMATS } format;

static const char *const format_names[] = {"f32", "bf16", "int8", "int4"};

// One product: packed weights, rows in their form, and all values as the format sees them.
typedef struct problem {
    format format;
    int64_t k, rows, columns;
    char *panel, *x;
    float *x_scales, *bias, *residual;
    int32_t *sums;
    int64_t x_stride, sums_stride, y_stride;
    double *w_seen, *x_seen;  // [columns][k], [rows][k]
} problem;

static void see_weights(problem *p, const float *source) {
    float *back = room(p->k * 4);
    for (int64_t c = 0; c < p->columns; c++) {
        switch (p->format) {
            case INT8: kernels->unpack_row_int8(p->panel, p->k, c, back); break;
            case INT4: kernels->unpack_row_int4(p->panel, p->k, c, back); break;
            default:
                for (int64_t i = 0; i < p->k; i++) {
                    float value = source[c * p->k + i];
                    back[i] = p->format == BF16 ? widened(nearest_bf16(value)) : value;
                }
        }
        for (int64_t i = 0; i < p->k; i++) p->w_seen[c * p->k + i] = (double)back[i];
    }
    free(back);
}

static void form_row(problem *p, const float *row, int64_t r) {
    char *to = p->x + r * p->x_stride;
    switch (p->format) {
        case F32: memcpy(to, row, (size_t)p->k * 4); break;
        case BF16: kernels->form_bf16(row, p->k, to); break;
        default: p->x_scales[r] = kernels->form_int8(row, p->k, (int8_t *)to, p->sums + r * p->sums_stride);
    }
    for (int64_t i = 0; i < p->k; i++) {
        double seen = (double)row[i];
        if (p->format == BF16) seen = (double)widened(nearest_bf16(row[i]));
        if (p->format >= INT8) seen = ((int8_t *)to)[i] * (double)p->x_scales[r];
        p->x_seen[r * p->k + i] = seen;
    }
    if (p->format == INT8) kernels->form_quads(row, p->k, (int8_t *)to, p->sums + r * p->sums_stride);
}

static problem make_problem(generator *from, format format, int64_t k, int64_t rows, int64_t columns) {
    int64_t groups = (k + 31) / 32;
    problem p = {.format = format, .k = k, .rows = rows, .columns = columns};
    p.x_stride = groups * 32 * 4 + 64;
    p.sums_stride = groups + 1;
    p.y_stride = columns + 3;
    p.panel = room(k * 256 + 4096);
    p.x = room(rows * p.x_stride);
    p.x_scales = room(rows * 4);
    p.bias = room(columns * 4);
    p.residual = room(rows * p.y_stride * 4);
    p.sums = room(rows * p.sums_stride * 4);
    p.w_seen = room(columns * k * 8);
    p.x_seen = room(rows * k * 8);
    float *w = room(columns * k * 4), *row = room(k * 4);
    fill(from, w, columns * k, 1);
    fill(from, p.bias, columns, 2);
    fill(from, p.residual, rows * p.y_stride, 2);
    void (*const pack[])(const void *, int32_t, int64_t, int64_t, int64_t, void *) = {
        kernels->pack_f32, kernels->pack_bf16, kernels->pack_int8, kernels->pack_int4};
    pack[format](w, PK_F32, k, k, columns, p.panel);
    see_weights(&p, w);
    for (int64_t r = 0; r < rows; r++) {
        fill(from, row, k, 2);
        form_row(&p, row, r);
    }
    free(w);
    free(row);
    return p;
}

static void free_problem(problem *p) {
    void *all[] = {p->panel, p->x, p->x_scales, p->bias, p->residual, p->sums, p->w_seen, p->x_seen};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void run(const pk_panel_call *call, format format) {
    void (*const panel[])(const pk_panel_call *) = {
        kernels->panel_f32, kernels->panel_bf16, kernels->panel_int8, kernels->panel_int4};
    panel[format](call);
}

// Rows [first, first + rows) of the problem to y.
static pk_panel_call call_of(const problem *p, int32_t epilogue, int64_t first, int64_t rows, float *y) {
    pk_panel_call call = {
        .panel = p->panel,
        .x = p->x + first * p->x_stride,
        .x_stride = p->x_stride,
        .x_scales = p->x_scales + first,
        .x_sums = p->sums + first * p->sums_stride,
        .x_sums_stride = p->sums_stride,
        .k = p->k,
        .rows = rows,
        .columns = p->columns,
        .y = y,
        .y_stride = p->y_stride,
        .bias = p->bias,
        .epilogue = epilogue,
    };
    if (epilogue == PK_RESIDUAL) {
        call.residual = p->residual + first * p->y_stride;
        call.residual_stride = p->y_stride;
    }
    return call;
}

// The chain's roundings: of a float's blocks and their sums; of int4's groups; of int8 only the scales'.
static double roundings(const problem *p) {
    switch (p->format) {
        case INT8: return 4;
        case INT4: return (double)(p->k + 31) / 32 + 3;
        default: return (double)(p->k < PK_K_BLOCK ? p->k : PK_K_BLOCK) + (double)p->k / PK_K_BLOCK + 1;
    }
}

static void check_near(const problem *p, int32_t epilogue, const float *y) {
    for (int64_t r = 0; r < p->rows; r += p->rows > 16 ? 7 : 1) {
        for (int64_t c = 0; c < p->columns; c += p->rows > 16 ? 3 : 1) {
            double value = 0, size = 0;
            for (int64_t i = 0; i < p->k; i++) {
                double product = p->x_seen[r * p->k + i] * p->w_seen[c * p->k + i];
                value += product;
                size += fabs(product);
            }
            double bound = size * roundings(p) * UNIT * 1.01 + (p->format == BF16 ? (double)p->k * 0x1p-125 : 0);
            value += (double)p->bias[c];
            bound += fabs(value) * 2 * UNIT;
            if (epilogue == PK_GELU) {
                bound = bound * 1.13 + gelu_bound(value);
                value = gelu_of(value);
            }
            if (epilogue == PK_RESIDUAL) {
                value += (double)p->residual[r * p->y_stride + c];
                bound += fabs(value) * 2 * UNIT;
            }
            expect(near((double)y[r * p->y_stride + c], value, bound + 1e-44), "%s k %lld, row %lld of %lld, column %lld: %g, not %g ± %g",
                   format_names[p->format], (long long)p->k, (long long)r, (long long)p->rows, (long long)c,
                   (double)y[r * p->y_stride + c], value, bound);
        }
    }
}

static void check_problem(problem *p, int32_t epilogue) {
    const float untouched = -12345.5f;
    int64_t count = p->rows * p->y_stride;
    float *y = room(count * 4), *alone = room(count * 4);
    char *rounded = room(p->rows * 64 * 4);
    checksum sum = {0};
    for (int64_t i = 0; i < count; i++) y[i] = alone[i] = untouched;

    pk_panel_call call = call_of(p, epilogue, 0, p->rows, y);
    run(&call, p->format);
    check_near(p, epilogue, y);
    bool kept = true;
    for (int64_t i = 0; i < count; i++) kept &= i % p->y_stride < p->columns || y[i] == untouched;
    expect(kept, "%s wrote behind its columns", format_names[p->format]);

    // Rows alone, then in uneven parts: no row's bits may tell.
    for (int64_t part = 1; part < p->rows; part += 4) {
        for (int64_t r = 0; r < p->rows; r += part) {
            call = call_of(p, epilogue, r, p->rows - r < part ? p->rows - r : part, alone + r * p->y_stride);
            run(&call, p->format);
        }
        expect(same_bits(y, alone, count), "%s k %lld: %lld rows by %lld differ from all together", format_names[p->format],
               (long long)p->k, (long long)p->rows, (long long)part);
        if (part > 4) part += 20;
    }

    // The same, rounded, in the bf16 form.
    call = call_of(p, epilogue, 0, p->rows, NULL);
    int64_t row_bytes = (p->columns + 1) / 2 * 2 * kernels->bf16_row_bytes;
    call.rounded = rounded;
    call.rounded_stride = row_bytes;
    run(&call, p->format);
    char wanted[64 * 4] = {0};
    for (int64_t r = 0; r < p->rows; r++) {
        kernels->form_bf16(y + r * p->y_stride, p->columns, wanted);
        expect(memcmp(wanted, rounded + r * row_bytes, (size_t)row_bytes) == 0, "%s rounded row %lld", format_names[p->format],
               (long long)r);
    }

    if (epilogue == PK_RESIDUAL) {  // y may be the residual itself
        memcpy(alone, p->residual, (size_t)count * 4);
        call = call_of(p, epilogue, 0, p->rows, alone);
        call.residual = alone;
        run(&call, p->format);
        for (int64_t r = 0; r < p->rows; r++) {
            expect(same_bits(alone + r * p->y_stride, y + r * p->y_stride, p->columns), "residual in place");
        }
    }
    for (int64_t r = 0; r < p->rows; r++) add_floats(&sum, y + r * p->y_stride, p->columns);
    report(sum, "%sproduct.%s.k%lld.m%lld.n%lld.e%d", p->format == BF16 ? order_of_bf16() : "", format_names[p->format], (long long)p->k, (long long)p->rows,
           (long long)p->columns, epilogue);
    free(y);
    free(alone);
    free(rounded);
}

// A NaN and an infinity in one row stay in that row.
static void check_not_finite(generator *from, format format) {
    problem p = make_problem(from, format, 40, 9, 20);
    float *y = room(9 * p.y_stride * 4), *other = room(9 * p.y_stride * 4);
    pk_panel_call call = call_of(&p, PK_STORE, 0, 9, y);
    run(&call, format);
    float row[40];
    for (int i = 0; i < 40; i++) row[i] = i == 7 ? NAN : i == 9 ? INFINITY : 1;
    form_row(&p, row, 4);
    call = call_of(&p, PK_STORE, 0, 9, other);
    run(&call, format);
    for (int64_t r = 0; r < 9; r++) {
        for (int64_t c = 0; c < 20; c++) {
            bool right = r == 4 ? isnan(other[r * p.y_stride + c]) : same_bits(y + r * p.y_stride + c, other + r * p.y_stride + c, 1);
            expect(right, "%s: NaN in row 4, row %lld", format_names[format], (long long)r);
        }
    }
    free(y);
    free(other);
    free_problem(&p);
}

void check_products(void) {
    static const int64_t lengths[] = {1, 2, 3, 31, 32, 33, 64, 127, 255, 256, 257, 513, 770};
    static const int64_t columns[] = {64, 1, 15, 16, 17, 31, 32, 33, 48, 63};
    static const int64_t rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 24, 25};
    generator from = {1};
    for (format format = F32; format < FORMATS; format++) {
        int64_t at = (int64_t)format;
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            for (int32_t epilogue = PK_STORE; epilogue <= PK_RESIDUAL; epilogue++, at++) {
                problem p = make_problem(&from, format, lengths[i], rows[at * 5 % 13], columns[at % 10]);
                check_problem(&p, epilogue);
                free_problem(&p);
            }
        }
        // Bands of 96 rows, of tiles 128; weights made floats for 49 and more. Few rows of several blocks in each format.
        const int64_t many[][3] = {{49, 300, 64}, {97, 70, 40}, {103, 259, 64}, {145, 610, 64}, {1, 2110, 64}, {3, 2110, 50}};
        for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
            problem p = make_problem(&from, format, many[i][1], many[i][0], many[i][2]);
            check_problem(&p, PK_STORE);
            free_problem(&p);
        }
        check_not_finite(&from, format);
    }
}
