// All kernels and their table for one instruction set. The including file sets the target and defines
//   PK_TABLE, PK_NAME   the table's symbol and its public name
//   PK_WIDE_TILE        there are 32 registers of 16 lanes
//   PK_AHEAD_NEAR       memory is asked for half as far ahead (AMD's and Skylake, ahead.h)
//   PK_AHEAD_INTO_L1    and into the first level of the cache (Zen 5, Skylake)
//   PK_SHARED_INTO_L2   but not by one of several passes over a block
//   PK_AGAIN_BYTES      so far ahead these ask again for a block that fills the first level
//   PK_WIDEN_ROWS       more rows than that share bf16 weights as floats
//   PK_HINTED_ROWS      fewer rows ask for nothing; of int4 weights PK_HINTED_INT4_ROWS
//   PK_TWO_STREAMS      a row alone reads both strips of a panel at once (Zen 3)
//   PK_HALVED           there are 16 registers of 8 lanes, and products of int8 for them
//   PK_QUARTERED        there are 32 registers of 4 lanes
//   PK_MXCSR, PK_FPCR   bf16's fused steps flush subnormals by MXCSR (x86), by FPCR (Arm)
//   PK_PAIR_PRODUCT     an instruction does bf16's two fused steps, as fast as one
//   PK_MATRIX_TILES     there are registers for tiles of matrices, and products of them (matrix_tiles.h)
//   PK_QUAD_PRODUCT     an instruction adds four int8 products
//   PK_SIGNED_QUADS     it takes both sides as signed
//   PK_SPLIT_QUADS      it adds two products in 16 bits (split_quads.h)
//   PK_NIBBLE_PAIRS     without it, int4: pmaddubsw, added up in 16 bits, whose two sums PK_SUM_OF_PAIR adds
#include "attention.h"
#include "page_writes.h"
#include "panel_f32.h"
#if defined(PK_MATRIX_TILES)
#include "panel_bf16_tiles.h"
#else
#include "panel_bf16.h"
#endif
#include "panel_int4.h"
#include "panel_int8.h"
#include "quantize.h"
#include "rows.h"
#include "selection.h"
#include "tables.h"

const pk_kernels PK_TABLE = {
    .name = PK_NAME,
    .bf16_row_bytes = PK_BF16_ROW_BYTES,
    .quads_row_bytes = PK_QUAD_ROW_BYTES / 4,
#if defined(PK_MATRIX_TILES)
    .bf16_order = PK_PAIRS_IN_TILES,
    .banded_rows = PK_TILE_BAND_ROWS,
    .banded_bytes = PK_BANDED_BYTES,
#else
    .banded_rows = PK_BAND_ROWS,
#endif
    .panel_f32 = panel_f32,
    .panel_bf16 = panel_bf16,
    .panel_int8 = panel_int8,
    .panel_int4 = panel_int4,
    .form_bf16 = form_bf16,
    .form_int8 = form_int8,
    .form_quads = form_quads,
    .pack_f32 = pack_f32,
    .pack_bf16 = pack_bf16,
    .pack_int8 = pack_int8,
    .pack_int4 = pack_int4,
    .unpack_row_f32 = unpack_row_f32,
    .unpack_row_bf16 = unpack_row_bf16,
    .unpack_row_int8 = unpack_row_int8,
    .unpack_row_int4 = unpack_row_int4,
    .convert_to_f32 = convert_to_f32,
    .store_keys = store_keys,
    .store_values = store_values,
    .store_key_form = store_key_form,
    .store_value_form = store_value_form,
    .attention = attention,
    .layer_norm = layer_norm,
    .argmax = argmax,
    .softmax_sums = softmax_sums,
    .columns_reaching = columns_reaching,
    .exp = exp_row,
    .gelu = gelu_row,
};
