// Products of AMX's tiles. Linux saves these registers for processes that have asked for it.
#include "tiles.h"

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

static int has_tiles(void) {
    const long request_permission = 0x1023, tile_data = 18;
    return __builtin_cpu_supports("amx-int8") && __builtin_cpu_supports("amx-bf16") &&
           syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

typedef struct tile_layout {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_layout;

// Eight tiles of 16 rows of 64 bytes, all zero.
__attribute__((target("amx-tile"))) static void clear_tiles(void) {
    tile_layout layout = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        layout.row_bytes[t] = 64;
        layout.rows[t] = 16;
    }
    _tile_loadconfig(&layout);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    _tile_zero(6);
    _tile_zero(7);
}

// Rounds of four products, each to a sum of its own over so many elements of K.
#define ROUNDS(product, steps, elements)                   \
    clear_tiles();                                         \
    for (int64_t s = 0; s < (steps); s++) {                \
        product(0, 4, 6);                                  \
        product(1, 4, 7);                                  \
        product(2, 5, 6);                                  \
        product(3, 5, 7);                                  \
    }                                                      \
    _tile_release();                                       \
    return (double)(steps) * 4 * 16 * 16 * (elements) * 2;

__attribute__((target("amx-tile,amx-bf16"))) static double bf16_tiles(int64_t steps) {
    ROUNDS(_tile_dpbf16ps, steps, 32)
}

__attribute__((target("amx-tile,amx-int8"))) static double int8_tiles(int64_t steps) {
    ROUNDS(_tile_dpbsud, steps, 64)
}

double limits_tiles(int64_t steps, int bf16) {
    if (!has_tiles()) return 0;
    return bf16 ? bf16_tiles(steps) : int8_tiles(steps);
}

#else

double limits_tiles(int64_t steps, int bf16) { return (void)steps, (void)bf16, 0; }

#endif
