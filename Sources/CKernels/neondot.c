// AArch64 with the dot product instructions (Armv8.2, required from 8.4): sdot adds four int8 products at once.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define PK_NAME "neondot"
#define PK_TABLE pk_kernels_neondot
#define PK_QUARTERED
#define PK_FPCR
#define PK_SIGNED_QUADS
#define PK_QUAD_PRODUCT(sum, w, x) quad_product(sum, w, x)
#define PK_DOT vdotq_laneq_s32
#define PK_DOT_WEIGHTS int8x16_t
#include "quad_dot.h"
#include "kernels.h"
#pragma clang attribute pop
#endif
