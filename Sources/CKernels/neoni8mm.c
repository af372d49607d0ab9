// AArch64 with I8MM (Armv8.6): usdot takes unsigned weights and signed activations as they lie, like vpdpbusd. smmla and
// usmmla would be exact too, but want 8 steps of K of a column side by side, where a panel has 4 of each.
#if defined(__aarch64__)
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("i8mm"))), apply_to = function)
#define PK_NAME "neoni8mm"
#define PK_TABLE pk_kernels_neoni8mm
#define PK_QUARTERED
#define PK_FPCR
#define PK_QUAD_PRODUCT(sum, w, x) quad_product(sum, w, x)
#define PK_DOT vusdotq_laneq_s32
#define PK_DOT_WEIGHTS uint8x16_t
#include "quad_dot.h"
#include "kernels.h"
#pragma clang attribute pop
#endif
