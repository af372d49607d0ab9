// The leaf: arithmetic of one panel, one row or one attention head. No allocation, no threads, no global state that
// changes. Every function is a pure function of its operands with ONE order of additions (docs/invariance.md):
//
//  * a vector is 16 float lanes on every instruction set (one zmm, two ymm, or an array of 16);
//  * a float product's chain runs along K in blocks of PK_K_BLOCK: each block is one chain of fused multiply-adds from
//    +0, the blocks' sums are added in order; int8 products add up exactly. The number of rows in flight never enters
//    an order;
//  * no contraction by the compiler (FP_CONTRACT OFF): a fused step is written as one.
//
// So the results are the same bits on every instruction set, in every format but one: bf16 products on AMX's tiles have an
// order of their own (pk_bf16_order).
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PK_LANES = 16,        // float lanes of a vector; also the tokens of one key/value group
    PK_PANEL = 64,        // output columns of a weight panel
    PK_K_BLOCK = 256,     // elements of K in one chain
    PK_BAND_ROWS = 96,    // rows that a product takes through a block of a panel together
    PK_QUANT_GROUP = 32,  // elements of K that share an int4 scale; int8 rows are filled up to it
    PK_ATTENTION_TILE = 256,  // tokens of one softmax tile, cut at absolute positions 0, 256, 512, …
};

typedef enum pk_type { PK_F32 = 0, PK_F16 = 1, PK_BF16 = 2 } pk_type;

// The order in which a bf16 product adds.
typedef enum pk_bf16_order {
    PK_PAIRS_IN_TURN = 0,   // pair after pair, the odd element first, in blocks of PK_K_BLOCK elements (pair_product.h)
    PK_PAIRS_IN_TILES = 1,  // of every 32 elements the even ones and the odd ones apart, both to the sum (panel_bf16_tiles.h)
} pk_bf16_order;

typedef enum pk_epilogue {
    PK_STORE = 0,     // y = sum + bias
    PK_GELU = 1,      // y = gelu(sum + bias), gelu(v) = v / (1 + exp(−2·0.79788456·v·(1 + 0.044715·v²)))
    PK_RESIDUAL = 2,  // y = (sum + bias) + residual
} pk_epilogue;

// A panel holds 64 output columns in two strips of 32. Except in int4 it is [block][strip][step][32 columns][4 bytes],
// where a step is one float, two bf16, or four int8 (w + 128) of K, and a block 256 elements of K (int8: 256 steps).
// Columns and elements that are missing are zero.
//   f32    k·256 bytes
//   bf16   ⌈k/2⌉·256 bytes
//   int8   ⌈k/4⌉·256 bytes, then 64 float scales (per column)
//   int4   [strip][⌈k/32⌉ groups] of 576 bytes: panel_int4.h
//
// What one panel call computes: y[r, c] for r < rows, c < columns (columns ≤ 64 are the panel's valid ones).
typedef struct pk_panel_call {
    const void *panel;
    const void *x;          // rows in the form of the format (row_forms.h)
    int64_t x_stride;       // bytes from one row of x to the next
    const float *x_scales;  // int8, int4: a row's scale
    const int32_t *x_sums;  // int8, int4: a row's offsets of ⌈k/32⌉ groups, then the form's sum
    int64_t x_sums_stride;  // int32s from row to row
    int64_t k;              // length of the chain
    int64_t rows;           // M ≥ 1
    int64_t columns;        // 1…64
    float *y;               // [rows, y_stride], already moved to the panel's first column
    int64_t y_stride;
    void *rounded;          // not NULL: the result goes there, in the bf16 form, and not to y
    int64_t rounded_stride; // bytes
    const float *bias;      // the panel's `columns` biases, or NULL
    const float *residual;  // PK_RESIDUAL: like y, may be y itself; else NULL
    int64_t residual_stride;
    int32_t epilogue;       // pk_epilogue
    const void *next;       // a hint: the panel that the caller's core reads after this one; or NULL
} pk_panel_call;

// How keys and values lie in pages. A block holds groups of 16 tokens; per (block, layer, head) first all keys, then all
// values. Lanes run over tokens in keys and over head dims in values, whose rows hold `stride` = head_dim rounded up to 16:
//   f32    keys [groups][head_dim][16 tokens]           values [groups][16 tokens][stride]
//   bf16   keys [groups][⌈head_dim/2⌉][16 tokens][2]    values [groups][8 pairs of tokens][stride][2]
//   int8   keys [groups]{16 scales, [head_dim][16 tokens], up to a multiple of 64 bytes}
//          values [groups]{16 scales, [16 tokens][stride]}
// In bf16 an even dim (of keys) or token (of values) is the lower half of its word, so that one operation makes floats of
// a vector's words. Values are rounded to nearest even when they are written; reading is exact, and what follows is the
// same arithmetic in both formats. In int8 a token's key, and its value, are in the int8 form with one float scale each: a dot
// is taken of the whole numbers and then multiplied by the key's scale, and p(j) by the value's before it weighs whole numbers.
// What lies behind an odd head_dim or a row's end is never part of a result.
typedef enum pk_page_format { PK_PAGES_F32 = 0, PK_PAGES_BF16 = 1, PK_PAGES_INT8 = 2 } pk_page_format;

// One (layer, head) of a paged key/value store.
typedef struct pk_pages {
    char *keys;                  // in physical block 0; block b's lie b·block_stride bytes further
    char *values;
    int64_t block_stride;        // bytes
    const int32_t *block_table;  // logical block → physical block
    int32_t groups_per_block;    // block tokens / 16
    int32_t head_dim;            // D ≥ 1, any number
    int32_t format;              // pk_page_format
} pk_pages;

// f32 and bf16 keys (or values) to write: head dims [first_dim, first_dim + dims) of `rows` consecutive tokens of one sequence. Only
// these dims' bytes of these tokens are written, so that others may write what lies beside them at the same time.
typedef struct pk_store_call {
    pk_pages pages;
    int64_t first_position;
    int64_t rows;
    int64_t first_dim;
    int64_t dims;
    const float *from;  // the first token's first of these dims
    int64_t stride;     // floats from token to token
} pk_store_call;

// An int8 key (or value) to write: that of the token at `position`, all head_dim dims.
typedef struct pk_store_form_call {
    pk_pages pages;
    int64_t position;
    const int8_t *form;
    float scale;
} pk_store_form_call;

// A query of a step: its row in q and out, its absolute position, and where its sequence's block table begins.
typedef struct pk_query {
    int32_t row;
    int32_t position;
    int32_t table;
} pk_query;

// Queries [first, first + count) that read pages together. Those of one sequence stand side by side, in ascending
// position. There may be several sequences: then their first `shared_tiles` softmax tiles lie in the same blocks, and no
// query stands in one of these.
typedef struct pk_query_group {
    int32_t first;
    int32_t count;
    int32_t shared_tiles;
} pk_query_group;

// Attention of groups of queries in one head. A query at position i sees keys 0 … i of its own sequence, never one more
// (what lies behind may be anything, NaN too). score(j) = fma(q·k_j, scale, slope·j), slope·j rounded to float32 as in
// BLOOM's own table: at long contexts a score's rounding is part of what the model computes, and j − i would be more exact
// than the reference. Softmax in tiles of PK_ATTENTION_TILE positions: each tile yields its own maximum m, sum l (16 lane
// sums, then one fixed tree) and Σ p·v (one chain along j); tiles merge in order, but for those whose every score is more
// than 64 below score(i), which weigh nothing. The result is finite if the dots and the
// values are. Which queries stand beside a query never shows in its result.
typedef struct pk_attention_call {
    pk_pages pages;  // block_table: where all tables lie, a query's own begins at `table`
    const pk_query *queries;
    const pk_query_group *groups;
    int64_t group_count;
    const float *q;  // rows of head_dim values, `q_stride` floats apart
    int64_t q_stride;
    float *out;      // likewise
    int64_t out_stride;
    float scale;     // 1/√head_dim
    float slope;     // ALiBi slope of the head, ≥ 0
    float key_norm;  // no key that is stored in this head has a greater norm; 0: unknown. Saves reading, changes no bit
    const char *next_keys;  // a hint: the keys of the head that is attended next, in physical block 0; or NULL
    float *scratch;  // pk_attention_scratch(head_dim) floats, 64-byte aligned
} pk_attention_call;

typedef struct pk_kernels {
    const char *name;         // one of pk_names()
    int32_t bf16_order;       // pk_bf16_order
    int64_t bf16_row_bytes;   // bytes of an element in the bf16 form: 2 or 4
    int64_t quads_row_bytes;  // and in the quads form: 1 or 3
    // Rows of bf16 or int8 that go over a panel together, and more of them as long as they take no more bytes.
    int64_t banded_rows, banded_bytes;
    void (*panel_f32)(const pk_panel_call *call);
    void (*panel_bf16)(const pk_panel_call *call);
    void (*panel_int8)(const pk_panel_call *call);
    void (*panel_int4)(const pk_panel_call *call);
    // A row of n floats in the bf16 form: rounded to nearest even; written up to an even n.
    void (*form_bf16)(const float *x, int64_t n, void *out);
    // A row in the int8 form, ⌈n/32⌉·32 bytes; ⌈n/32⌉ offsets for int4's products and the row's sum. Returns its scale.
    float (*form_int8)(const float *x, int64_t n, int8_t *out, int32_t *sums);
    // The same in the quads form, as int8 weights' products read it.
    float (*form_quads)(const float *x, int64_t n, int8_t *out, int32_t *sums);
    // Repack rows [0, columns) of a row-major [columns, k] source (row stride in elements) into one panel.
    void (*pack_f32)(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, void *panel);
    void (*pack_bf16)(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, void *panel);
    void (*pack_int8)(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, void *panel);
    void (*pack_int4)(const void *source, int32_t type, int64_t row_stride, int64_t k, int64_t columns, void *panel);
    // Row `column` of a packed matrix's panel, as floats: the tied embedding is read from the head's panels.
    void (*unpack_row_f32)(const void *panel, int64_t k, int64_t column, float *out);
    void (*unpack_row_bf16)(const void *panel, int64_t k, int64_t column, float *out);
    void (*unpack_row_int8)(const void *panel, int64_t k, int64_t column, float *out);
    void (*unpack_row_int4)(const void *panel, int64_t k, int64_t column, float *out);
    void (*convert_to_f32)(const void *source, int32_t type, int64_t count, float *out);
    // Keys yield the greatest sum of squares of what is stored of a token, ∞ where that is no number; how it is rounded is
    // the instruction set's affair.
    float (*store_keys)(const pk_store_call *call);
    void (*store_values)(const pk_store_call *call);
    float (*store_key_form)(const pk_store_form_call *call);
    void (*store_value_form)(const pk_store_form_call *call);
    void (*attention)(const pk_attention_call *call);
    // out = (x − mean)/√(var + eps)·gamma + beta over n values; var is the mean of squared deviations; 64 chains
    // (index mod 64), then one fixed tree. out may be x.
    void (*layer_norm)(const float *x, const float *gamma, const float *beta, float eps, int64_t n, float *out);
    // Index of the greatest value, the first of equals; NaN never wins (n ≥ 1; all NaN yields 0).
    int64_t (*argmax)(const float *x, int64_t n);
    // Greatest value, and Σ exp(x − max) in double by 16 lane sums then a fixed tree.
    void (*softmax_sums)(const float *x, int64_t n, float *max, double *sum);
    // Bit c of reaching[r]: tile[r, c] ≥ bounds[r], for c < columns. The tile is [rows, 64], all of it readable; NaN on
    // either side reaches nothing.
    void (*columns_reaching)(const float *tile, int64_t rows, int64_t columns, const float *bounds, uint64_t *reaching);
    // out = exp(x), elementwise; relative error ≤ 2 ulp, +0 below −87.3, clamped above 88.7. For tests and samplers.
    void (*exp)(const float *x, int64_t n, float *out);
    // out = gelu(x), elementwise. For tests.
    void (*gelu)(const float *x, int64_t n, float *out);
} pk_kernels;

// The kernels of that name if this CPU (and its operating system) can run them, else NULL.
const pk_kernels *pk_find(const char *name);
// Names that this build knows, best for this CPU first, ended by NULL.
const char *const *pk_names(void);

int64_t pk_attention_scratch(int64_t head_dim);

// Bytes of a group of 16 tokens' keys and values in one head.
int64_t pk_key_group_bytes(int32_t format, int64_t head_dim);
int64_t pk_value_group_bytes(int32_t format, int64_t head_dim);

// One `pause`/`yield` of a spin loop.
void pk_spin_hint(void);

#ifdef __cplusplus
}
#endif
#endif
