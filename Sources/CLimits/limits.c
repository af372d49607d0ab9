#include "CLimits.h"
#include "tiles.h"

#if defined(__x86_64__)
#include <immintrin.h>

// A stretch of 256 bytes of every stream in turn, each line asked for `ahead` bytes before (0: not). Hardware prefetchers follow
// several streams better than one on some machines, and worse on others; so it is with hints. On Zen 4 one core reads 30 GB/s
// with a hint for every line, 20 with one for every fourth, 27 without; two cores 60, 46 and 58.
__attribute__((target("avx512f"))) static uint64_t read_avx512(
    const char *from, int64_t bytes, int64_t streams, int64_t ahead
) {
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    int64_t length = bytes / streams;
    for (int64_t i = 0; i < length; i += 256) {
        for (int64_t s = 0; s < streams; s++) {
            const char *at = from + s * length + i;
            if (ahead > 0) {
                for (int64_t j = 0; j < 256; j += 64) __builtin_prefetch(at + ahead + j);
            }
            a = _mm512_xor_si512(a, _mm512_load_si512(at));
            b = _mm512_xor_si512(b, _mm512_load_si512(at + 64));
            c = _mm512_xor_si512(c, _mm512_load_si512(at + 128));
            d = _mm512_xor_si512(d, _mm512_load_si512(at + 192));
        }
    }
    a = _mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(c, d));
    return (uint64_t)_mm512_reduce_add_epi64(a);
}

__attribute__((target("avx2"))) static uint64_t read_avx2(
    const char *from, int64_t bytes, int64_t streams, int64_t ahead
) {
    __m256i a = _mm256_setzero_si256(), b = a;
    int64_t length = bytes / streams;
    for (int64_t i = 0; i < length; i += 256) {
        for (int64_t s = 0; s < streams; s++) {
            const char *at = from + s * length + i;
            for (int64_t j = 0; j < 256; j += 64) {
                if (ahead > 0) __builtin_prefetch(at + ahead + j);
                a = _mm256_xor_si256(a, _mm256_load_si256((const __m256i *)(at + j)));
                b = _mm256_xor_si256(b, _mm256_load_si256((const __m256i *)(at + j + 32)));
            }
        }
    }
    a = _mm256_xor_si256(a, b);
    return (uint64_t)_mm256_extract_epi64(a, 0) ^ (uint64_t)_mm256_extract_epi64(a, 1);
}

enum { CHAINS = 16 };  // more than latency × ports, fewer than registers

__attribute__((target("avx512f"))) static double f32_avx512(int64_t steps) {
    __m512 sum[CHAINS];
    __m512 x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(1e-3f);
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_ps((float)i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_fmadd_ps(sum[i], x, y);
        __asm__ volatile("" : "+v"(x));
    }
    for (int i = 1; i < CHAINS; i++) sum[0] = _mm512_add_ps(sum[0], sum[i]);
    volatile float sink = _mm512_reduce_add_ps(sum[0]);
    (void)sink;
    return (double)steps * CHAINS * 16 * 2;
}

__attribute__((target("avx2,fma"))) static double f32_avx2(int64_t steps) {
    __m256 sum[12];
    __m256 x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(1e-3f);
    for (int i = 0; i < 12; i++) sum[i] = _mm256_set1_ps((float)i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 12; i++) sum[i] = _mm256_fmadd_ps(sum[i], x, y);
        __asm__ volatile("" : "+x"(x));
    }
    for (int i = 1; i < 12; i++) sum[0] = _mm256_add_ps(sum[0], sum[i]);
    volatile float sink = sum[0][0];
    (void)sink;
    return (double)steps * 12 * 8 * 2;
}

__attribute__((target("avx512f,avx512bf16"))) static double bf16_avx512(int64_t steps) {
    __m512 sum[CHAINS];
    __m512i x = _mm512_set1_epi32(0x3f803f80), y = _mm512_set1_epi32(0x3f803f80);
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_ps((float)i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_dpbf16_ps(sum[i], (__m512bh)x, (__m512bh)y);
        __asm__ volatile("" : "+v"(x));
    }
    for (int i = 1; i < CHAINS; i++) sum[0] = _mm512_add_ps(sum[0], sum[i]);
    volatile float sink = _mm512_reduce_add_ps(sum[0]);
    (void)sink;
    return (double)steps * CHAINS * 32 * 2;
}

__attribute__((target("avx512f,avx512vnni"))) static double int8_avx512(int64_t steps) {
    __m512i sum[CHAINS];
    __m512i x = _mm512_set1_epi8(1), y = _mm512_set1_epi8(1);
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_epi32(i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_dpbusd_epi32(sum[i], x, y);
        __asm__ volatile("" : "+v"(x));
    }
    for (int i = 1; i < CHAINS; i++) sum[0] = _mm512_add_epi32(sum[0], sum[i]);
    volatile int sink = _mm512_reduce_add_epi32(sum[0]);
    (void)sink;
    return (double)steps * CHAINS * 64 * 2;
}

__attribute__((target("avx2,avxvnni"))) static double int8_avx2(int64_t steps) {
    __m256i sum[12];
    __m256i x = _mm256_set1_epi8(1), y = _mm256_set1_epi8(1);
    for (int i = 0; i < 12; i++) sum[i] = _mm256_set1_epi32(i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 12; i++) sum[i] = _mm256_dpbusd_avx_epi32(sum[i], x, y);
        __asm__ volatile("" : "+x"(x));
    }
    for (int i = 1; i < 12; i++) sum[0] = _mm256_add_epi32(sum[0], sum[i]);
    volatile int sink = _mm256_extract_epi32(sum[0], 0);
    (void)sink;
    return (double)steps * 12 * 32 * 2;
}

// Without an instruction for four products: two and two of them in 16 bits, their sums to 32.
__attribute__((target("avx2"))) static double int8_pairs_avx2(int64_t steps) {
    __m256i sum[12];
    __m256i x = _mm256_set1_epi8(1), y = _mm256_set1_epi8(1), one = _mm256_set1_epi16(1);
    for (int i = 0; i < 12; i++) sum[i] = _mm256_set1_epi32(i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < 12; i++) {
            __m256i pairs = _mm256_maddubs_epi16(x, y);
            __asm__ volatile("" : "+x"(pairs));
            sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(pairs, one));
        }
    }
    for (int i = 1; i < 12; i++) sum[0] = _mm256_add_epi32(sum[0], sum[i]);
    volatile int sink = _mm256_extract_epi32(sum[0], 0);
    (void)sink;
    return (double)steps * 12 * 32 * 2;
}

__attribute__((target("avx512f,avx512bw"))) static double int8_pairs_avx512(int64_t steps) {
    __m512i sum[CHAINS];
    __m512i x = _mm512_set1_epi8(1), y = _mm512_set1_epi8(1), one = _mm512_set1_epi16(1);
    for (int i = 0; i < CHAINS; i++) sum[i] = _mm512_set1_epi32(i);
    for (int64_t s = 0; s < steps; s++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) {
            __m512i pairs = _mm512_maddubs_epi16(x, y);
            __asm__ volatile("" : "+v"(pairs));
            sum[i] = _mm512_add_epi32(sum[i], _mm512_madd_epi16(pairs, one));
        }
    }
    for (int i = 1; i < CHAINS; i++) sum[0] = _mm512_add_epi32(sum[0], sum[i]);
    volatile int sink = _mm512_reduce_add_epi32(sum[0]);
    (void)sink;
    return (double)steps * CHAINS * 64 * 2;
}

uint64_t limits_read(const void *from, int64_t bytes, int64_t streams, int64_t ahead) {
    return __builtin_cpu_supports("avx512f") ? read_avx512(from, bytes, streams, ahead)
                                             : read_avx2(from, bytes, streams, ahead);
}

double limits_f32(int64_t steps) { return __builtin_cpu_supports("avx512f") ? f32_avx512(steps) : f32_avx2(steps); }

double limits_bf16(int64_t steps) {
    double tiles = limits_tiles(steps, 1);
    if (tiles > 0) return tiles;
    return __builtin_cpu_supports("avx512bf16") ? bf16_avx512(steps) : 0;
}

double limits_int8(int64_t steps) {
    double tiles = limits_tiles(steps, 0);
    if (tiles > 0) return tiles;
    if (__builtin_cpu_supports("avx512vnni")) return int8_avx512(steps);
    if (__builtin_cpu_supports("avxvnni")) return int8_avx2(steps);
    return __builtin_cpu_supports("avx512bw") ? int8_pairs_avx512(steps) : int8_pairs_avx2(steps);
}

#else

uint64_t limits_read(const void *from, int64_t bytes, int64_t streams, int64_t ahead) {
    int64_t length = bytes / streams;
    uint64_t sums[32] = {0};
    for (int64_t i = 0; i < length; i += 256) {
        for (int64_t s = 0; s < streams; s++) {
            const uint64_t *words = (const uint64_t *)((const char *)from + s * length + i);
            if (ahead > 0) {
                for (int j = 0; j < 256; j += 64) __builtin_prefetch((const char *)words + ahead + j);
            }
            for (int j = 0; j < 32; j++) sums[j] ^= words[j];
        }
    }
    for (int j = 1; j < 32; j++) sums[0] ^= sums[j];
    return sums[0];
}

#if !defined(__aarch64__)  // arm.c

double limits_f32(int64_t steps) {
    float sum[32];
    for (int i = 0; i < 32; i++) sum[i] = (float)i;
    for (int64_t s = 0; s < steps; s++) {
        for (int i = 0; i < 32; i++) sum[i] = __builtin_fmaf(sum[i], 0.999f, 1e-3f);
    }
    volatile float sink = 0;
    for (int i = 0; i < 32; i++) sink += sum[i];
    return (double)steps * 32 * 2;
}

double limits_bf16(int64_t steps) {
    (void)steps;
    return 0;
}

double limits_int8(int64_t steps) {
    (void)steps;
    return 0;
}

#endif

#endif
