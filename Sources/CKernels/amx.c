// AVX-512 with VNNI and AMX, whose tiles multiply int8 and bf16 (matrix_tiles.h). int8 sums are the same as everywhere. bf16's are
// not: the instruction adds in an order of its own (panel_bf16_tiles.h), which it keeps for any number of rows.
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("amx-tile,amx-int8,amx-bf16,avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define PK_NAME "amx"
#define PK_TABLE pk_kernels_amx
#define PK_MXCSR
#define PK_WIDE_TILE
#define PK_AHEAD_NEAR
#define PK_AHEAD_INTO_L1
#define PK_MATRIX_TILES
#define PK_QUAD_PRODUCT(sum, w, x) ((bit_lanes)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(w), (__m512i)(x)))
#include "kernels.h"
#pragma clang attribute pop
#endif
