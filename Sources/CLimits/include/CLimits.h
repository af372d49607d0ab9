// What one core can do at most, measured: reading memory and multiply-adds on registers.
#ifndef CLIMITS_H
#define CLIMITS_H

#include <stdint.h>

// Read `bytes` (a multiple of 256 · streams) from a 64-byte aligned place, as so many streams side by side, and ask for each line
// `ahead` bytes before it is read (0: not); the result only keeps the compiler from dropping it.
uint64_t limits_read(const void *from, int64_t bytes, int64_t streams, int64_t ahead);
// Run `steps` rounds of independent multiply-adds in registers; returns the operations done (an addition is one, a
// product is one).
double limits_f32(int64_t steps);
// The same with bf16 (tdpbf16ps, vdpbf16ps, bfmlalb); 0 where the CPU has no such instruction.
double limits_bf16(int64_t steps);
// The same with groups of four 8-bit integers (tdpbsud, vpdpbusd, sdot; on x86 without it pmaddubsw, pmaddwd and paddd); 0 elsewhere.
double limits_int8(int64_t steps);

#endif
