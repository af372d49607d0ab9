// What all checks share: deterministic inputs, places in memory, and how a result is reported. Every number here is made
// with exact or correctly rounded operations, so that all machines see the same inputs.
#ifndef CHECK_H
#define CHECK_H

#include "CKernels.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define UNIT 0x1p-24  // half an ulp of 1: the greatest relative error of one rounding to float

// The kernels at work; each check runs all of its cases with them.
extern const pk_kernels *kernels;

void check_packing(void);
void check_products(void);
void check_underflow(void);
void check_rows(void);
void check_attention(void);

// SplitMix64.
typedef struct generator {
    uint64_t state;
} generator;

uint64_t draw(generator *from);
int64_t draw_below(generator *from, int64_t end);
// In (−1, 1), thick around 0 like weights are, one in 64 exactly 0.
float draw_float(generator *from);
void fill(generator *from, float *to, int64_t count, float scale);

// Zeroed, 64-byte aligned, followed by nothing that belongs to anyone.
void *room(int64_t bytes);

// Bits of results, to compare between instruction sets and machines: equal checksums are equal bits. All NaNs count as
// one, because x86 and Arm make different ones.
typedef struct checksum {
    uint64_t value;
} checksum;

void add_bytes(checksum *sum, const void *bytes, int64_t count);
void add_floats(checksum *sum, const float *values, int64_t count);

// Counts and, where it failed, prints one expectation.
bool expect(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool same_bits(const float *a, const float *b, int64_t count);
// |value − reference| ≤ bound, or both NaN.
bool near(double value, double reference, double bound);
// What a case's name begins with whose bits depend on the order in which bf16 products add: "tiles." where it is not the usual one.
const char *order_of_bf16(void);
// Prints one line of bits: CASE ISA CHECKSUM.
void report(checksum sum, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Scalar definitions, written without the kernels' headers.
uint16_t nearest_bf16(float value);
float widened(uint16_t brain);
double gelu_of(double v);
// What gelu's formula loses in float arithmetic at v.
double gelu_bound(double v);

#endif
