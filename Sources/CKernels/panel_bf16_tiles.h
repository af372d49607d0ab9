// bf16 weights and activations on AMX's tiles, float32 sums. TDPBF16PS takes 16 pairs of elements of K at once; of each 32
// elements the even ones are one chain of fused steps from +0, the odd ones another, and
//
//   s ← s + (even + odd)
//
// from s = +0 along all of K, each rounded to nearest even, subnormal operands taken as zero and subnormal results flushed to
// zero whatever MXCSR says (Intel SDM, volume 2, TDPBF16PS; checked bit by bit on Sapphire Rapids). K is filled up with +0.
// These are not the sums of the other instruction sets (panel_bf16.h), whose order would cost these tiles all their speed.
#ifndef PK_PANEL_BF16_TILES_H
#define PK_PANEL_BF16_TILES_H

#include "matrix_tiles.h"

static void panel_bf16(const pk_panel_call *call) {
    panel_form form = {.steps = (call->k + 1) / 2, .block_steps = PK_K_BLOCK / 2};
    multiply_tiles(call, form, totals_as_they_are, 0);
}

#endif
