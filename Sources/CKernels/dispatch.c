// Which kernels this CPU, and the operating system on it, can run.
#include "tables.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

enum {
    PK_HAS_AVX2 = 1,
    PK_HAS_AVX512 = 2,
    PK_HAS_AVX512_BF16 = 4,
};

// XCR0: the register files that the operating system saves.
static uint64_t saved_register_files(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static int cpu_features(void) {
    const uint64_t ymm = 0x06, zmm = 0xE6;  // SSE and AVX; those, opmask, upper ZMM 0–15 and ZMM 16–31
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if (!(c & bit_OSXSAVE) || !(c & bit_AVX) || !(c & bit_FMA)) return 0;
    uint64_t saved = saved_register_files();
    if ((saved & ymm) != ymm || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2)) return 0;
    int features = PK_HAS_AVX2;
    const unsigned wanted = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    if ((saved & zmm) != zmm || (b & wanted) != wanted) return features;
    features |= PK_HAS_AVX512;
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & bit_AVX512BF16)) features |= PK_HAS_AVX512_BF16;
    return features;
}

// Whether vdpbf16ps starts as often as a fused float step. No feature bit tells: AMD's cores do (Zen 4 and later), Intel's
// start one every second cycle (measured on Emerald Rapids: 87 against 175 GFLOP/s).
static int has_full_rate_pairs(void) {
    unsigned a, b, c, d;
    return __get_cpuid(0, &a, &b, &c, &d) && b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx;
}

static const pk_kernels *find_avx512bf16(const char *variant) {
    int pairs = *variant == 0 ? has_full_rate_pairs() : strcmp(variant, ":pairs") == 0;
    if (!pairs && *variant != 0 && strcmp(variant, ":steps") != 0) return NULL;
    return pairs ? &pk_kernels_avx512bf16_pairs : &pk_kernels_avx512bf16;
}
#endif

static const char *const names[] = {
#if defined(__x86_64__)
    "avx512bf16", "avx512", "avx2",
#endif
    "portable", NULL,
};

const char *const *pk_names(void) { return names; }

const pk_kernels *pk_find(const char *name) {
    if (strcmp(name, "portable") == 0) return &pk_kernels_portable;
#if defined(__x86_64__)
    int features = cpu_features();
    if (strcmp(name, "avx2") == 0 && (features & PK_HAS_AVX2)) return &pk_kernels_avx2;
    if (strcmp(name, "avx512") == 0 && (features & PK_HAS_AVX512)) return &pk_kernels_avx512;
    const char *bf16 = "avx512bf16";
    if (strncmp(name, bf16, strlen(bf16)) == 0 && (features & PK_HAS_AVX512_BF16)) {
        return find_avx512bf16(name + strlen(bf16));
    }
#endif
    return NULL;
}

void pk_spin_hint(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
