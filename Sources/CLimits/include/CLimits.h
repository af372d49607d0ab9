// What one core can do at most, measured: reading memory and multiply-adds on registers.
#ifndef CLIMITS_H
#define CLIMITS_H

#include <stdint.h>

// Read `bytes` (a multiple of 256) from a 64-byte aligned place; the result only keeps the compiler from dropping it.
uint64_t limits_read(const void *from, int64_t bytes);
// Run `steps` rounds of independent multiply-adds in registers; returns the operations done (an addition is one, a
// product is one).
double limits_f32(int64_t steps);
// The same with bf16 pairs (vdpbf16ps); 0 where the CPU has no such instruction.
double limits_bf16(int64_t steps);
// The same with groups of four 8-bit integers (vpdpbusd, AVX-512 or AVX2); 0 where the CPU has no such instruction.
double limits_int8(int64_t steps);

#endif
