#include "check.h"

#include <stdarg.h>
#include "CLimits.h"

#include <stdio.h>
#include <stdlib.h>

const pk_kernels *kernels;
static int64_t passed, failed;

uint64_t draw(generator *from) {
    uint64_t z = from->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

int64_t draw_below(generator *from, int64_t end) { return (int64_t)(draw(from) >> 16) % end; }

float draw_float(generator *from) {
    uint64_t bits = draw(from);
    if (bits % 64 == 0) return 0;
    double a = (double)(bits >> 40) * 0x1p-24, b = (double)(bits >> 16 & 0xFFFFFF) * 0x1p-24;
    return (float)(a * b) * (bits & 64 ? 1 : -1);
}

void fill(generator *from, float *to, int64_t count, float scale) {
    for (int64_t i = 0; i < count; i++) to[i] = draw_float(from) * scale;
}

void *room(int64_t bytes) {
    size_t size = ((size_t)bytes + 127) / 64 * 64;
    void *memory = aligned_alloc(64, size);
    if (memory == NULL) abort();
    return memset(memory, 0, size);
}

void add_bytes(checksum *sum, const void *bytes, int64_t count) {
    const unsigned char *from = bytes;
    for (int64_t i = 0; i < count; i++) sum->value = (sum->value ^ from[i]) * 0x100000001B3u;
}

void add_floats(checksum *sum, const float *values, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits = 0x7FC00000;
        if (values[i] == values[i]) memcpy(&bits, values + i, sizeof bits);
        sum->value = (sum->value ^ bits) * 0x100000001B3u;
        sum->value ^= sum->value >> 29;
    }
}

bool expect(bool holds, const char *format, ...) {
    holds ? passed++ : failed++;
    if (!holds && failed <= 20) {
        va_list rest;
        va_start(rest, format);
        fprintf(stderr, "FAILED %s: ", kernels->name);
        vfprintf(stderr, format, rest);
        fputc('\n', stderr);
        va_end(rest);
    }
    return holds;
}

bool same_bits(const float *a, const float *b, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (a[i] != a[i] && b[i] != b[i]) continue;
        if (memcmp(a + i, b + i, sizeof *a) != 0) return false;
    }
    return true;
}

bool near(double value, double reference, double bound) {
    if (isnan(reference)) return isnan(value);
    if (isinf(reference)) return value == reference;
    return fabs(value - reference) <= bound;
}

const char *order_of_bf16(void) { return kernels->bf16_order == PK_PAIRS_IN_TILES ? "tiles." : ""; }

void report(checksum sum, const char *format, ...) {
    va_list rest;
    va_start(rest, format);
    vprintf(format, rest);
    va_end(rest);
    printf(" %s %016llx\n", kernels->name, (unsigned long long)sum.value);
}

uint16_t nearest_bf16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (value != value) return 0x7FC0;
    uint32_t rest = bits & 0xFFFF, upper = bits >> 16;
    return (uint16_t)(upper + (rest > 0x8000 || (rest == 0x8000 && upper % 2 == 1)));
}

float widened(uint16_t brain) {
    uint32_t bits = (uint32_t)brain << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double gelu_of(double v) { return v / (1 + exp(-2 * 0.79788456 * v * (1 + 0.044715 * v * v))); }

double gelu_bound(double v) {
    double z = fabs(2 * 0.79788456 * v * (1 + 0.044715 * v * v));
    return fabs(gelu_of(v)) * (8 + 5 * z) * UNIT + 1e-36;
}

// Sources/CLimits measures an instruction where the kernels have one; of 8-bit integers also what AVX2 and AVX-512 do without.
static void check_limits(void) {
    static const char *const with_quads[] = {"avx512vnni", "avxvnni", "neondot"};
    bool quads = false;
    for (int i = 0; i < 3; i++) quads |= pk_find(with_quads[i]) != NULL;
    bool pairs = pk_find("avx2") != NULL;
    expect((limits_int8(3) > 0) == (quads || pairs), "limits of int8");
    expect(limits_f32(3) > 0, "limits of f32");
    expect((limits_bf16(3) > 0) == (pk_find("avx512bf16") != NULL || pk_find("neonbf16") != NULL), "limits of bf16");
}

static void run(const char *name) {
    kernels = pk_find(name);
    if (kernels == NULL) return;
    check_packing();
    check_products();
    check_underflow();
    check_rows();
    check_attention();
    check_limits();
}

// Without arguments all instruction sets that this CPU can run, else those named.
int main(int count, char **names) {
    for (int i = 1; i < count; i++) {
        if (pk_find(names[i]) == NULL) {
            fprintf(stderr, "this CPU can not run %s\n", names[i]);
            return 2;
        }
        run(names[i]);
    }
    for (const char *const *name = pk_names(); count == 1 && *name != NULL; name++) run(*name);
    fprintf(stderr, "%lld expectations held, %lld failed\n", (long long)passed, (long long)failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
