// What a product asks of memory before it needs it. Hints only: no result depends on them.
//
// Measured on two cores of Emerald Rapids (read 37 GB/s): requests spread evenly over the steps reach 90 % of what the
// machine can do at 8 and at 32 rows; the same requests in bursts of eight lose a fifth.
#ifndef PK_AHEAD_H
#define PK_AHEAD_H

#include "tile.h"

enum {
    PK_STEP_BYTES = 128,      // one step of K of a strip
    PK_NEAR_BYTES = 16384,    // how far a single pass runs ahead of itself
    PK_LINE = 64,
};

// Cache lines to ask for. A pass that is alone asks for the step's two lines after `from`, from step `turn` on after
// `then`; one of several for line `step·rate / 256` after `from`.
typedef struct ahead {
    const char *from;
    int64_t rate;
    const char *then;
    int64_t turn;
} ahead;

// A single pass over a block of `bytes` at `memory`, whose stream goes on at `following`.
PK_INLINE ahead ahead_of_itself(const char *memory, int64_t bytes, const char *following) {
    int64_t inside = bytes > PK_NEAR_BYTES ? bytes - PK_NEAR_BYTES : 0;
    return (ahead){.from = memory + PK_NEAR_BYTES, .then = following - inside, .turn = inside / PK_STEP_BYTES};
}

// The part of pass `pass` (of `passes` over the same bytes) in as many bytes that follow them.
PK_INLINE ahead share(const char *following, int64_t bytes, int64_t steps, int64_t pass, int64_t passes) {
    int64_t lines = bytes / PK_LINE;
    int64_t rate = (lines * 256 + steps * passes - 1) / (steps * passes);
    return (ahead){.from = following + pass * ((steps * rate >> 8) * PK_LINE), .rate = rate};
}

// Two lines that will be written: without this a store waits for the line it writes into.
PK_INLINE void ask_to_write(char *line) {
    __builtin_prefetch(line, 1, 3);
    __builtin_prefetch(line + PK_LINE, 1, 3);
}

// One step's requests. A pass that is alone reads its step's two lines a little ahead; one of several takes its share.
PK_INLINE void ask(ahead next, int64_t step, int alone) {
    if (alone) {
        const char *from = (step < next.turn ? next.from : next.then) + step * PK_STEP_BYTES;
        __builtin_prefetch(from, 0, 2);
        __builtin_prefetch(from + PK_LINE, 0, 2);
    } else {
        __builtin_prefetch(next.from + (step * next.rate >> 8) * PK_LINE, 0, 2);
    }
}

#endif
