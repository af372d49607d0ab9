// AVX-512 with VNNI: as avx512.c, but vpdpbusd adds four int8 products at once. Also the kernels of Intel's CPUs with
// AVX-512 BF16, whose vdpbf16ps is no faster than the fused steps (panel_bf16.h).
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define PK_NAME "avx512vnni"
#define PK_TABLE pk_kernels_avx512vnni
#define PK_MXCSR
#define PK_WIDE_TILE
#define PK_QUAD_PRODUCT(sum, w, x) ((bit_lanes)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(w), (__m512i)(x)))
#include "kernels.h"
#pragma clang attribute pop
#endif
