// Sizes that the instruction sets and their callers share.
#ifndef PK_SCRATCH_H
#define PK_SCRATCH_H

#include "CKernels.h"

enum {
    PK_ATTENTION_ROWS = 12,  // most queries of a register tile
    PK_ATTENTION_BAND = 24,  // queries that share a tile of keys and values in the cache
};

// Of a group of int8 keys or values, in front of them: 16 floats.
enum { PK_PAGE_SCALES = 64 };

static inline int64_t pk_value_stride(int64_t head_dim) { return (head_dim + PK_LANES - 1) / PK_LANES * PK_LANES; }

#endif
