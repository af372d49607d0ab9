// Work on one row of floats, against double.
#include "check.h"

#include <stdlib.h>

static void check_layer_norm(generator *from, int64_t n) {
    float *x = room(n * 4), *gamma = room(n * 4), *beta = room(n * 4), *out = room(n * 4);
    const float eps = 1e-5f;
    fill(from, x, n, 4);
    fill(from, gamma, n, 2);
    fill(from, beta, n, 1);
    for (int64_t i = 0; i < n; i++) x[i] += 0.5f;
    kernels->layer_norm(x, gamma, beta, eps, n, out);

    double mean = 0, size = 0, variance = 0;
    for (int64_t i = 0; i < n; i++) mean += (double)x[i] / (double)n, size += fabs((double)x[i]) / (double)n;
    for (int64_t i = 0; i < n; i++) variance += pow((double)x[i] - mean, 2) / (double)n;
    double inverse = 1 / sqrt(variance + (double)eps);
    // Additions in a row: a chain's, then the tree's.
    double chain = (double)n / 64 + 8, mean_error = chain * UNIT * size;
    double relative = (chain + 8) * UNIT + 2 * mean_error * inverse;
    for (int64_t i = 0; i < n; i++) {
        double unit = ((double)x[i] - mean) * inverse;
        double unit_error = (mean_error + UNIT * (fabs((double)x[i]) + fabs(mean))) * inverse + fabs(unit) * relative;
        double wanted = unit * (double)gamma[i] + (double)beta[i];
        double bound = unit_error * fabs((double)gamma[i]) + fabs(wanted) * UNIT;
        expect(near((double)out[i], wanted, bound), "layer norm %lld of %lld", (long long)i, (long long)n);
    }
    checksum sum = {0};
    add_floats(&sum, out, n);
    kernels->layer_norm(x, gamma, beta, eps, n, x);
    expect(same_bits(x, out, n), "layer norm in place of %lld", (long long)n);
    report(sum, "layer_norm.n%lld", (long long)n);
    free(x);
    free(gamma);
    free(beta);
    free(out);
}

static void check_reductions(generator *from, int64_t n) {
    float *x = room(n * 4);
    fill(from, x, n, 20);
    if (n > 3) x[n - 1] = x[n / 2] = 19.5f;
    int64_t first = 0;
    double total = 0, bound = 0;
    for (int64_t i = 1; i < n; i++) {
        if (x[i] > x[first]) first = i;
    }
    for (int64_t i = 0; i < n; i++) {
        double distance = (double)x[i] - (double)x[first];
        total += exp(distance);
        bound += exp(distance) * (4 + fabs(distance)) * UNIT;
    }
    float max;
    double found;
    kernels->softmax_sums(x, n, &max, &found);
    expect(max == x[first] && near(found, total, bound), "softmax sums of %lld", (long long)n);
    expect(kernels->argmax(x, n) == first, "argmax of %lld", (long long)n);
    checksum sum = {0};
    add_floats(&sum, &max, 1);
    add_bytes(&sum, &found, sizeof found);
    report(sum, "softmax_sums.n%lld", (long long)n);

    for (int64_t i = 0; i < n; i += 3) x[i] = NAN;
    int64_t best = 0;
    for (int64_t i = 0; i < n; i++) {
        if (x[i] == x[i] && (x[best] != x[best] || x[i] > x[best])) best = i;
    }
    expect(kernels->argmax(x, n) == best, "argmax of %lld with NaN", (long long)n);
    free(x);
}

static void check_selection(generator *from) {
    enum { ROWS = 7 };
    float *tile = room(ROWS * PK_PANEL * 4), bounds[ROWS];
    uint64_t reaching[ROWS];
    checksum sum = {0};
    fill(from, tile, ROWS * PK_PANEL, 2);
    for (int64_t r = 0; r < ROWS; r++) bounds[r] = r == 5 ? NAN : tile[r * PK_PANEL + 9];
    tile[11] = NAN;
    for (int64_t columns = 1; columns <= PK_PANEL; columns += 9) {
        kernels->columns_reaching(tile, ROWS, columns, bounds, reaching);
        for (int64_t r = 0; r < ROWS; r++) {
            uint64_t wanted = 0;
            for (int64_t c = 0; c < columns; c++) wanted |= (uint64_t)(tile[r * PK_PANEL + c] >= bounds[r]) << c;
            expect(reaching[r] == wanted, "columns reaching, row %lld of %lld columns", (long long)r, (long long)columns);
        }
        add_bytes(&sum, reaching, sizeof reaching);
    }
    report(sum, "columns_reaching");
    free(tile);
}

static void check_elementwise(generator *from) {
    enum { COUNT = 20011 };
    float *x = room(COUNT * 4), *out = room(COUNT * 4);
    const float special[] = {0, -0.0f, 1, -1, 88.7f, 88.8f, 1e30f, -87.3f, -87.4f, -104, -1e30f, INFINITY, -INFINITY, NAN, 1e-40f};
    fill(from, x, COUNT, 100);
    memcpy(x + 40, special, sizeof special);
    checksum sum = {0};
    kernels->exp(x, COUNT, out);
    for (int64_t i = 0; i < COUNT; i++) {
        double wanted = x[i] < -87.3f ? 0 : exp((double)(x[i] > 88.7f ? 88.7f : x[i]));
        expect(near((double)out[i], wanted, wanted * 4 * UNIT), "exp(%a) is %a, not %a", (double)x[i], (double)out[i], wanted);
    }
    add_floats(&sum, out, COUNT);
    report(sum, "exp");

    kernels->gelu(x, COUNT, out);
    sum.value = 0;
    for (int64_t i = 0; i < COUNT; i++) {
        double v = (double)x[i];
        if (!isfinite(v) || fabs(v) > 1e6) continue;
        expect(near((double)out[i], gelu_of(v), gelu_bound(v)), "gelu(%a) is %a", v, (double)out[i]);
    }
    add_floats(&sum, out, COUNT);
    report(sum, "gelu");
    free(x);
    free(out);
}

void check_rows(void) {
    static const int64_t lengths[] = {1, 2, 15, 16, 17, 63, 64, 65, 100, 255, 1024, 4099};
    generator from = {7};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        check_layer_norm(&from, lengths[i]);
        check_reductions(&from, lengths[i]);
    }
    check_selection(&from);
    check_elementwise(&from);
}
