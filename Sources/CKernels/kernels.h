// All kernels and their table for one instruction set. The including file sets the target and defines
//   PK_TABLE, PK_NAME   the table's symbol and its public name
//   PK_WIDE_TILE        there are 32 registers of 16 lanes
//   PK_MXCSR            bf16's fused steps flush subnormals by MXCSR (x86)
//   PK_PAIR_PRODUCT     an instruction does bf16's two fused steps
//   PK_PAIR_ALL_ROWS    … and every tile of rows uses it
#include "attention.h"
#include "panel.h"
#include "panel_bf16.h"
#include "rows.h"
#include "tables.h"

const pk_kernels PK_TABLE = {
    .name = PK_NAME,
    .panel_f32 = panel_f32,
    .panel_bf16 = panel_bf16,
    .attention = attention,
    .layer_norm = layer_norm,
    .round_bf16 = round_bf16,
    .argmax = argmax,
    .softmax_sums = softmax_sums,
    .exp = exp_row,
    .gelu = gelu_row,
};
