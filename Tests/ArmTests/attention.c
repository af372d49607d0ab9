// Attention over pages of all formats, against double and query by query.
#include "check.h"

#include <stdlib.h>

enum { BLOCK_GROUPS = 2, BLOCK_TOKENS = BLOCK_GROUPS * PK_LANES, SHARED = 288, LONGEST = 600 };

// Two sequences whose first 288 tokens, and so their first softmax tile, are the same blocks.
typedef struct head {
    pk_pages pages;
    char *memory;
    int32_t *tables;      // [2][table]
    int64_t table;        // entries of one
    float *keys, *values; // [2][LONGEST][head_dim], as they are in the pages
    float key_norm;       // a little more than the greatest
} head;

// All tokens in the int8 form; `keys` and `values` become what that stands for.
static void store_forms(head *h) {
    int64_t dim = h->pages.head_dim, groups = (dim + PK_QUANT_GROUP - 1) / PK_QUANT_GROUP;
    int8_t *form = room(groups * PK_QUANT_GROUP);
    int32_t *sums = room((groups + 1) * 4);
    for (int64_t token = 0; token < 2 * LONGEST; token++) {
        pk_store_form_call call = {.pages = h->pages, .position = token % LONGEST, .form = form};
        call.pages.block_table += token / LONGEST * h->table;
        for (int part = 0; part < 2; part++) {
            float *row = (part == 0 ? h->keys : h->values) + token * dim;
            call.scale = kernels->form_int8(row, dim, form, sums);
            if (part == 0) {
                h->key_norm = fmaxf(h->key_norm, 1.01f * sqrtf(kernels->store_key_form(&call)));
            } else {
                kernels->store_value_form(&call);
            }
            for (int64_t d = 0; d < dim; d++) row[d] = (float)form[d] * call.scale;
        }
    }
    free(form);
    free(sums);
}

static head make_head(generator *from, int32_t format, int64_t dim) {
    int64_t key_bytes = pk_key_group_bytes(format, dim) * BLOCK_GROUPS, value_bytes = pk_value_group_bytes(format, dim) * BLOCK_GROUPS;
    head h = {.table = (LONGEST + BLOCK_TOKENS - 1) / BLOCK_TOKENS};
    int64_t blocks = 2 * h.table;
    h.memory = room(blocks * (key_bytes + value_bytes) + 65536);
    memset(h.memory, 0xFF, (size_t)(blocks * (key_bytes + value_bytes)));  // NaN behind every mask
    h.tables = room(blocks * 4);
    for (int64_t i = 0; i < blocks; i++) h.tables[i] = (int32_t)i;
    for (int64_t i = blocks - 1; i > 0; i--) {
        int64_t j = draw_below(from, i + 1);
        int32_t kept = h.tables[i];
        h.tables[i] = h.tables[j];
        h.tables[j] = kept;
    }
    memcpy(h.tables + h.table, h.tables, SHARED / BLOCK_TOKENS * sizeof *h.tables);
    h.pages = (pk_pages){h.memory, h.memory + key_bytes, key_bytes + value_bytes, h.tables, BLOCK_GROUPS, (int32_t)dim, format};

    int64_t count = 2 * LONGEST * dim;
    h.keys = room(count * 4);
    h.values = room(count * 4);
    fill(from, h.keys, count, 3);
    fill(from, h.values, count, 1);
    memcpy(h.keys + LONGEST * dim, h.keys, (size_t)(SHARED * dim) * 4);
    memcpy(h.values + LONGEST * dim, h.values, (size_t)(SHARED * dim) * 4);
    if (format == PK_PAGES_INT8) {
        store_forms(&h);
        return h;
    }
    for (int64_t s = 0; s < 2; s++) {
        pk_store_call call = {.pages = h.pages, .rows = LONGEST, .dims = dim, .stride = dim};
        call.pages.block_table += s * h.table;
        call.from = h.keys + s * LONGEST * dim;
        h.key_norm = fmaxf(h.key_norm, 1.01f * sqrtf(kernels->store_keys(&call)));
        call.from = h.values + s * LONGEST * dim;
        kernels->store_values(&call);
    }
    for (int64_t i = 0; i < count && format == PK_PAGES_BF16; i++) {
        h.keys[i] = widened(nearest_bf16(h.keys[i]));
        h.values[i] = widened(nearest_bf16(h.values[i]));
    }
    return h;
}

static void check_query(const head *h, const pk_attention_call *call, const pk_query *query) {
    int64_t dim = h->pages.head_dim, seen = query->position + 1, first = query->table == 0 ? 0 : LONGEST;
    double *score = room(seen * 8), *p = room(seen * 8);
    const float *q = call->q + query->row * call->q_stride, *out = call->out + query->row * call->out_stride;
    double most = -INFINITY, total = 0, worst = 0;
    for (int64_t j = 0; j < seen; j++) {
        double dot = 0, size = 0;
        for (int64_t d = 0; d < dim; d++) {
            double product = (double)q[d] * (double)h->keys[(first + j) * dim + d];
            dot += product;
            size += fabs(product);
        }
        double bias = (double)call->slope * (double)j;
        score[j] = dot * (double)call->scale + bias;
        worst = fmax(worst, (size * (double)(dim + 1) * (double)call->scale + 2 * bias + fabs(score[j])) * UNIT);
        most = fmax(most, score[j]);
    }
    for (int64_t j = 0; j < seen; j++) total += p[j] = exp(score[j] - most);
    // A score's error, and what x − max and exp add, enter p and the sum; then come the chain over a tile and the merges.
    double relative = 2 * worst + (4 + 30 + 4) * UNIT + (PK_ATTENTION_TILE + 16 + 3 * 8) * UNIT;
    for (int64_t d = 0; d < dim; d++) {
        double value = 0, size = 0;
        for (int64_t j = 0; j < seen; j++) {
            double product = p[j] / total * (double)h->values[(first + j) * dim + d];
            value += product;
            size += fabs(product);
        }
        expect(near((double)out[d], value, size * relative + 1e-37), "attention, %lld dims, position %d, dim %lld: %g, not %g ± %g",
               (long long)dim, query->position, (long long)d, (double)out[d], value, size * relative);
    }
    free(score);
    free(p);
}

static void check_head(generator *from, int32_t format, int64_t dim, float slope) {
    enum { QUERIES = 36 };
    head h = make_head(from, format, dim);
    pk_query queries[QUERIES];
    pk_query_group groups[3];
    int32_t other = (int32_t)h.table, at = 0;
    // A chunk of 17; single queries of one sequence; then both sequences, which share their first tile.
    for (; at < 17; at++) queries[at] = (pk_query){at, 245 + at, 0};
    const int32_t alone[] = {0, 1, 15, 16, 255, 256, 511, 512, 599};
    for (int i = 0; i < 9; i++, at++) queries[at] = (pk_query){at, alone[i], 0};
    for (int32_t i = 0; i < 10; i++, at++) queries[at] = (pk_query){at, 290 + i % 5 * 60, i < 5 ? 0 : other};
    groups[0] = (pk_query_group){0, 17, 0};
    groups[1] = (pk_query_group){17, 9, 0};
    groups[2] = (pk_query_group){26, 10, 1};

    int64_t stride = dim + 5;
    float *q = room(QUERIES * stride * 4), *out = room(QUERIES * stride * 4), *single = room(stride * 4);
    fill(from, q, QUERIES * stride, 3);
    pk_attention_call call = {
        .pages = h.pages, .queries = queries, .groups = groups, .group_count = 3, .q = q, .q_stride = stride, .out = out,
        .out_stride = stride, .scale = 1 / sqrtf((float)dim), .slope = slope, .scratch = room(pk_attention_scratch(dim) * 4)};
    kernels->attention(&call);
    checksum sum = {0};
    for (int i = 0; i < QUERIES; i++) {
        add_floats(&sum, out + i * stride, dim);
        if (i % 3 == 0) check_query(&h, &call, queries + i);
    }
    pk_query_group one = {0, 1, 0};
    for (int i = 0; i < QUERIES; i++) {
        pk_query query = {0, queries[i].position, queries[i].table};
        pk_attention_call lonely = call;
        lonely.key_norm = h.key_norm;  // what is not read then is not to be seen either
        lonely.queries = &query;
        lonely.groups = &one;
        lonely.group_count = 1;
        lonely.q = q + i * stride;
        lonely.out = single;
        kernels->attention(&lonely);
        expect(same_bits(single, out + i * stride, dim), "attention, %lld dims: query %d alone", (long long)dim, i);
    }
    report(sum, "attention.%s.d%lld", (const char *[]){"f32", "bf16", "int8"}[format], (long long)dim);
    free(h.memory);
    free(h.tables);
    free(h.keys);
    free(h.values);
    free(q);
    free(out);
    free(single);
    free(call.scratch);
}

void check_attention(void) {
    static const int64_t dims[] = {1, 7, 16, 40, 64, 80};
    generator from = {9};
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
        check_head(&from, PK_PAGES_F32, dims[i], i % 2 ? 0.25f : 0.0625f);
        check_head(&from, PK_PAGES_BF16, dims[i], i % 2 ? 0.25f : 0.0625f);
        check_head(&from, PK_PAGES_INT8, dims[i], i % 2 ? 0.25f : 0.0625f);
    }
}
