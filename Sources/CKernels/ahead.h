// What a product asks of memory before it needs it. Hints only: no result depends on them.
#ifndef PK_AHEAD_H
#define PK_AHEAD_H

#include "tile.h"

enum {
    PK_STEP_BYTES = PK_PANEL * 4,  // one step of K of a float panel, one pair of a bf16 panel
    PK_NEAR_BYTES = 4096,
};

// Who asks memory for what while a band passes over a block. Hints only.
typedef struct reading {
    const char *block;
    int64_t steps;
    int64_t tile, tiles;
    int wanted;  // the first band brings the panel in from memory; the next find it in the cache
} reading;

// Bytes to ask for at each step: `stride` more from step to step.
typedef struct ahead {
    const char *from;
    int64_t stride;
} ahead;

PK_INLINE reading plan_reading(const void *block, int64_t steps, int64_t row, int64_t rows, int wanted) {
    int64_t tiles = (rows + PK_TILE_ROWS - 1) / PK_TILE_ROWS;
    return (reading){block, steps, row / PK_TILE_ROWS, tiles, wanted};
}

// The part of strip `strip` (of a tile's `strips` strips of columns). One pass alone asks a little ahead of itself; up
// to four passes over the block share the next block's bytes between them, so that memory works while they compute.
PK_INLINE ahead share(reading plan, int64_t strip, int64_t strips) {
    int64_t passes = plan.tiles * strips, pass = plan.tile * strips + strip;
    int64_t sharers = passes >= 4 ? 4 : passes >= 2 ? 2 : 1;
    if (!plan.wanted || pass >= sharers) return (ahead){plan.block, 0};
    if (sharers == 1) return (ahead){plan.block + PK_NEAR_BYTES, PK_STEP_BYTES};
    int64_t stride = PK_STEP_BYTES / sharers;
    return (ahead){plan.block + (plan.steps * PK_STEP_BYTES + pass * plan.steps * stride), stride};
}

// Asks for the bytes of step `step`, one cache line per vector that the pass reads.
PK_INLINE void ask(ahead next, int64_t step, int vectors) {
    PK_UNROLLED for (int v = 0; v < vectors; v++) __builtin_prefetch(next.from + step * next.stride + v * 64, 0, 2);
}

#endif
