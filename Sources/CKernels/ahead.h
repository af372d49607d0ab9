// What a product asks of memory before it needs it. Hints only: no result depends on them.
//
// Measured on two cores of Emerald Rapids (read 37 GB/s): requests spread evenly over the steps reach 90 % of what the
// machine can do at 8 and at 32 rows; the same requests in bursts of eight lose a fifth. What they have in common is
// computed once for PK_UNROLLED_STEPS steps: instructions are scarce where another thread shares the core.
// Skylake (AVX-512 without VNNI, read 18 GB/s) wants the first level, 8 KiB ahead, for a pass that is alone (up to 8 rows mostly 3 to 10 %
// less time), and none the less a hint for each line (without them a fifth more), but the second level for one of several, as what
// they pass over fills the first: 32 KiB of f32 or int8. Asked for again 1 KiB before its turn, f32's 96 and 512 rows gain 5 to 8 %.
// What follows is of AMD's. Zen 3 and Zen 4 leave it to the core to read ahead for fewer than PK_HINTED_ROWS rows.
// Zen 5 (read 50 to 80 GB/s, two cores) does better with lines in the first level, half as far ahead: at 8 rows of
// float32 32.7 ms instead of 39.0 (50.0 instead of 51.9 while memory was slow), at 32 rows 1 to 4 % less.
// Zen 4 (read 31 to 50 GB/s) wants the same distance but the second level: 8 rows of bf16 13.6 ms instead of 16.7, of int8 8.3
// instead of 12.3; attention of 32 rows behind 150 tokens in bf16 15.8 ms instead of 21.4, in int8 12.5 instead of 17.8. It drops
// hints while too many lines are on their way, and the first level seems to have room for fewer. Without hints few rows read as fast
// as memory allows, and with them no faster than 42 GB/s of 62: 2 to 4 rows of f32, bf16 and int8 39 to 45 and 51 to 61 GB/s, from 6
// rows on it is the other way round; 1 row of int4 41 and 52 to 60. So one row of int4 asks for nothing on Zen 5 and Zen 3 either;
// that was not measured there.
// Zen 3 (AVX2, read 25 to 31 GB/s) reads a single row's panels faster without hints (f32 23.4 to 28.4 GB/s instead of 22.3 to
// 26.9, bf16 the same or 6 % more), four rows of bf16 slower (15.5 ms instead of 11.6); how far ahead makes no difference. It reads
// two streams at once faster than one: with both strips of a panel side by side a row takes 3 to 16 % less time, mostly 6 to 9.
#ifndef PK_AHEAD_H
#define PK_AHEAD_H

#include "tile.h"

#if !defined(PK_HINTED_ROWS)
#define PK_HINTED_ROWS 1
#endif
#if !defined(PK_HINTED_INT4_ROWS)
#define PK_HINTED_INT4_ROWS 1
#endif

enum {
    PK_STEP_BYTES = 128,       // one step of K of a strip
    PK_UNROLLED_STEPS = 4,     // a group of steps, which a pass takes without looking up
    PK_GROUP_OF_STEPS = PK_UNROLLED_STEPS * PK_STEP_BYTES,
    PK_LINE = 64,
    // Lines that a pass asks for with a group of steps: alone, as one of a few, as one of many.
    PK_ASKS_ALONE = 2 * PK_UNROLLED_STEPS,
    PK_ASKS_OFTEN = PK_UNROLLED_STEPS,
    PK_ASKS_ONCE = 1,
#if defined(PK_AHEAD_NEAR)
    PK_NEAR_BYTES = 8192,      // how far a single pass runs ahead of itself
#else
    PK_NEAR_BYTES = 16384,
#endif
    PK_INTO_L1 = 3,            // the first level of the cache
    PK_INTO_L2 = 2,
#if defined(PK_AHEAD_INTO_L1)
    PK_LOCALITY = PK_INTO_L1,  // where a pass that is alone wants its lines
#else
    PK_LOCALITY = PK_INTO_L2,
#endif
#if defined(PK_AHEAD_INTO_L1) && !defined(PK_SHARED_INTO_L2)
    PK_SHARED_LOCALITY = PK_INTO_L1,  // and where one of several does
#else
    PK_SHARED_LOCALITY = PK_INTO_L2,
#endif
};

// Cache lines to ask for. A pass that is alone asks for each step's two lines after `from`, from group `turn` on after
// `then`; one of several for a few lines after `from`, which moves by `rate` bytes with every PK_UNROLLED_STEPS steps.
typedef struct ahead {
    const char *from;
    const char *then;
    int64_t turn;
    int64_t rate;
} ahead;

// A single pass over a block of `bytes` at `memory`, whose stream goes on at `following`.
PK_INLINE ahead ahead_of_itself(const char *memory, int64_t bytes, const char *following) {
    int64_t inside = bytes > PK_NEAR_BYTES ? bytes - PK_NEAR_BYTES : 0;
    return (ahead){.from = memory + PK_NEAR_BYTES, .then = following - inside, .turn = inside / PK_GROUP_OF_STEPS};
}

// The part of pass `pass` (of `passes` over the same bytes) in as many bytes that follow them; each takes `groups` turns.
PK_INLINE ahead share(const char *following, int64_t bytes, int64_t groups, int64_t pass, int64_t passes) {
    int64_t rate = (bytes + groups * passes - 1) / (groups * passes);
    return (ahead){.from = following + pass * groups * rate, .rate = rate};
}

// The two lines that lie PK_AGAIN_BYTES behind a step's, for a tile that finds its block in the second level of the cache.
PK_INLINE void ask_again(const char *step) {
#if defined(PK_AGAIN_BYTES)
    __builtin_prefetch(step + PK_AGAIN_BYTES, 0, PK_INTO_L1);
    __builtin_prefetch(step + PK_AGAIN_BYTES + PK_LINE, 0, PK_INTO_L1);
#else
    (void)step;
#endif
}

// Two lines that will be written: without this a store waits for the line it writes into.
PK_INLINE void ask_to_write(char *line) {
    __builtin_prefetch(line, 1, 3);
    __builtin_prefetch(line + PK_LINE, 1, 3);
}

// Where the lines lie that group number `group` of the steps of a pass that is alone asks for.
PK_INLINE const char *lines_ahead(ahead next, int64_t group) {
    return (group < next.turn ? next.from : next.then) + group * PK_GROUP_OF_STEPS;
}

// The requests of the group's step number `turn`.
PK_INLINE void ask(const char *lines, int turn) {
    __builtin_prefetch(lines + turn * PK_STEP_BYTES, 0, PK_LOCALITY);
    __builtin_prefetch(lines + turn * PK_STEP_BYTES + PK_LINE, 0, PK_LOCALITY);
}

#endif
