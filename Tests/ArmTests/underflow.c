// bf16 products around 2⁻¹²⁶, the least normal float. The definition is x86's (pair_product.h in Sources/CKernels):
// operands that are subnormal count as zero; a result that is still below 2⁻¹²⁶ after rounding to 24 bits without a bound
// below becomes zero. Arm's own flush-to-zero looks before rounding; the cases here lie where that differs.
#include "check.h"

#include <stdlib.h>

static double without_subnormal(double v) { return fabs(v) < 0x1p-126 ? copysign(0, v) : v; }

// fma(a, b, c) of that definition. The product is exact in double; where the sum is not, it is far above the border.
static float step(float a, float b, float c) {
    a = (float)without_subnormal((double)a);
    b = (float)without_subnormal((double)b);
    double exact = (double)a * (double)b + (double)c;
    // From 2⁻¹²⁶ − 2⁻¹⁵¹ on, 24 bits round up to 2⁻¹²⁶.
    if (fabs(exact) < 0x1p-126 - 0x1p-151) return copysignf(0, fmaf(a, b, c));
    return fabs(exact) < 0x1p-126 ? copysignf(0x1p-126f, (float)exact) : fmaf(a, b, c);
}

// A chain's element in the order of x and w's pairs, then in that of AMX's tiles (pk_bf16_order).
static float in_turn(const float *x, const float *w, int64_t k) {
    float s = 0;
    for (int64_t i = 0; i < k; i += 2) {
        bool whole = i + 1 < k;  // else the odd element is +0 in both
        s = step(whole ? x[i + 1] : 0, whole ? w[i + 1] : 0, s);
        s = step(x[i], w[i], s);
    }
    return s;
}

static float in_tiles(const float *x, const float *w, int64_t k) {
    float s = 0;
    for (int64_t begin = 0; begin < k; begin += 32) {
        float chains[2] = {0, 0};
        for (int64_t i = begin; i < begin + 32; i++) chains[i % 2] = step(i < k ? x[i] : 0, i < k ? w[i] : 0, chains[i % 2]);
        s = step(step(chains[0], 1, chains[1]), 1, s);
    }
    return s;
}

enum { ROWS = 50, COLUMNS = 64, MOST = 70 };

// Elements with exponents about half of −126: products and their sums fall around the border, one in eight is subnormal.
static float tiny(generator *from, int64_t reach) {
    float mantissa = (float)(128 + draw_below(from, 128)) * 0x1p-7f * (draw(from) & 1 ? 1 : -1);
    if (draw_below(from, 8) == 0) return mantissa * 0x1p-128f;
    return ldexpf(mantissa, -63 - (int)draw_below(from, reach));
}

// Rounds both sides to bf16 first, so that the model sees what the kernels see.
static void check_case(const char *name, int64_t k, float *w, float *rows) {
    for (int64_t i = 0; i < COLUMNS * k; i++) w[i] = widened(nearest_bf16(w[i]));
    for (int64_t i = 0; i < ROWS * k; i++) rows[i] = widened(nearest_bf16(rows[i]));
    char *panel = room(k * 256), *x = room(ROWS * MOST * 4);
    float *y = room(ROWS * COLUMNS * 4), wanted[COLUMNS];
    kernels->pack_bf16(w, PK_F32, k, k, COLUMNS, panel);
    for (int64_t r = 0; r < ROWS; r++) kernels->form_bf16(rows + r * k, k, x + r * MOST * 4);
    checksum sum = {0};
    // As many rows as share widened weights, and as few as do not.
    for (int64_t count = ROWS; count >= 5; count -= 45) {
        pk_panel_call call = {
            .panel = panel, .x = x, .x_stride = MOST * 4, .k = k, .rows = count, .columns = COLUMNS, .y = y, .y_stride = COLUMNS};
        kernels->panel_bf16(&call);
        for (int64_t r = 0; r < count; r++) {
            for (int64_t c = 0; c < COLUMNS; c++) {
                bool tiles = kernels->bf16_order == PK_PAIRS_IN_TILES;
                wanted[c] = (tiles ? in_tiles : in_turn)(rows + r * k, w + c * k, k);
            }
            expect(same_bits(y + r * COLUMNS, wanted, COLUMNS), "bf16 at the border, %s, k %lld, row %lld", name, (long long)k,
                   (long long)r);
        }
        add_floats(&sum, y, count * COLUMNS);
    }
    report(sum, "%sunderflow.%s.k%lld", order_of_bf16(), name, (long long)k);
    free(panel);
    free(x);
    free(y);
}

void check_underflow(void) {
    generator from = {5};
    float w[COLUMNS * MOST], x[ROWS * MOST];

    for (int64_t k = 1; k <= MOST; k += k < 21 ? 5 : 7) {
        for (int i = 0; i < COLUMNS * k; i++) w[i] = tiny(&from, 3);
        for (int i = 0; i < ROWS * k; i++) x[i] = tiny(&from, 3);
        check_case("random", k, w, x);
    }

    // One pair: the odd elements give exactly ±2⁻¹²⁶ or a little more, the even ones take away less and less of it.
    for (int64_t c = 0; c < COLUMNS; c++) {
        w[2 * c + 1] = c % 2 ? 0x1p-63f : -0x1p-63f;
        w[2 * c] = ldexpf((float)(128 + c) * 0x1p-7f, -73 - (int)(c % 5));
    }
    for (int64_t r = 0; r < ROWS; r++) {
        x[2 * r + 1] = (float)(128 + r % 4) * 0x1p-70f;
        x[2 * r] = ldexpf((float)(128 + r) * 0x1p-7f, -74 - (int)(r % 3)) * (r % 2 ? 1 : -1);
    }
    check_case("cancelled", 2, w, x);

    // Subnormal operands that count as zero, and nothing else that could be noticed: their products would be normal.
    for (int64_t i = 0; i < COLUMNS * 5; i++) w[i] = draw_float(&from) * (i / 5 % 2 ? 0x1p-127f : 1);
    for (int64_t i = 0; i < ROWS * 5; i++) x[i] = draw_float(&from) * 0x1p60f;
    check_case("weights", 5, w, x);
    for (int64_t i = 0; i < COLUMNS * 5; i++) w[i] = draw_float(&from) * 0x1p60f;
    for (int64_t i = 0; i < ROWS * 5; i++) x[i] = draw_float(&from) * (i / 5 % 2 ? 0x1p-127f : 1);
    check_case("activations", 5, w, x);

    // Products that are subnormal and exact: no rounding that an underflow flag would tell of.
    for (int64_t i = 0; i < COLUMNS * 2; i++) w[i] = i % 2 ? 0x1p-64f : 0;
    for (int64_t i = 0; i < ROWS * 2; i++) x[i] = 0x1p-64f;
    check_case("exact", 2, w, x);
}
