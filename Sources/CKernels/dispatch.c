// Which kernels this CPU, and the operating system on it, can run.
#include "tables.h"

#include <string.h>

typedef struct wanted_features {
    const pk_kernels *table;
    int features;
} wanted_features;

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum {
    PK_HAS_AVX2 = 1,
    PK_HAS_AVX_VNNI = 2,
    PK_HAS_AVX512 = 4,
    PK_HAS_AVX512_VNNI = 8,
    PK_HAS_AVX512_BF16 = 16,
    PK_IS_ZEN4 = 32,
    PK_HAS_AMX = 64,
};

// XCR0: the register files that the operating system saves.
static uint64_t saved_register_files(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static int is_amd(void) {
    unsigned a, b, c, d;
    return __get_cpuid(0, &a, &b, &c, &d) && b == signature_AMD_ebx && c == signature_AMD_ecx && d == signature_AMD_edx;
}

// Tiles are 8 KiB of registers, which Linux saves for processes that have asked for it (arch_prctl, since 5.16).
static int may_use_tiles(uint64_t saved) {
    const uint64_t tiles = 0x60000;  // their layout and their data
    if ((saved & tiles) != tiles) return 0;
#if defined(__linux__)
    const long request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
    return 0;
#endif
}

// AMD's family 19h is Zen 3 and Zen 4, of which the latter has AVX-512. `version` is CPUID 1's EAX.
static int is_zen4(unsigned version) {
    return is_amd() && (version >> 8 & 0xF) + (version >> 20 & 0xFF) == 0x19;
}

static int features_here(void) {
    const uint64_t ymm = 0x06, zmm = 0xE6;  // SSE and AVX; those, opmask, upper ZMM 0–15 and ZMM 16–31
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    const unsigned version = a;
    if (!(c & bit_OSXSAVE) || !(c & bit_AVX) || !(c & bit_FMA)) return 0;
    uint64_t saved = saved_register_files();
    if ((saved & ymm) != ymm || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & bit_AVX2)) return 0;
    int features = PK_HAS_AVX2 | (is_zen4(version) ? PK_IS_ZEN4 : 0);
    const unsigned wanted = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    int wide = (saved & zmm) == zmm && (b & wanted) == wanted;
    if (wide) features |= PK_HAS_AVX512;
    if (wide && (c & bit_AVX512VNNI)) features |= PK_HAS_AVX512_VNNI;
    const unsigned tiles = bit_AMXTILE | bit_AMXINT8 | bit_AMXBF16;
    if ((features & PK_HAS_AVX512_VNNI) && (d & tiles) == tiles && may_use_tiles(saved)) features |= PK_HAS_AMX;
    if (a == 0 || !__get_cpuid_count(7, 1, &a, &b, &c, &d)) return features;
    if (a & bit_AVXVNNI) features |= PK_HAS_AVX_VNNI;
    if ((a & bit_AVX512BF16) && (features & PK_HAS_AVX512_VNNI)) features |= PK_HAS_AVX512_BF16;
    return features;
}

// Whether vdpbf16ps starts as often as a fused float step. No feature bit tells: AMD's cores do (Zen 4 and later), Intel's
// start one every fourth cycle of a port (measured on Emerald Rapids: 87 against 175 GFLOP/s).
static int has_fast_pairs(void) { return is_amd(); }

// Best first; which of the first two is better depends on the CPU.
static const char *const names_with_fast_pairs[] = {
    "avx512bf16", "amx", "avx512vnni", "avx512", "avxvnni", "avx2", "portable", NULL,
};
static const char *const names_with_slow_pairs[] = {
    "amx", "avx512vnni", "avx512bf16", "avx512", "avxvnni", "avx2", "portable", NULL,
};

const char *const *pk_names(void) { return has_fast_pairs() ? names_with_fast_pairs : names_with_slow_pairs; }

// Of two tables of one name the first that fits.
static const wanted_features tables[] = {
    {&pk_kernels_amx, PK_HAS_AMX},
    {&pk_kernels_avx512bf16_zen4, PK_HAS_AVX512_BF16 | PK_IS_ZEN4},
    {&pk_kernels_avx512bf16, PK_HAS_AVX512_BF16},
    {&pk_kernels_avx512vnni, PK_HAS_AVX512_VNNI},
    {&pk_kernels_avx512, PK_HAS_AVX512},
    {&pk_kernels_avxvnni, PK_HAS_AVX_VNNI},
    {&pk_kernels_avx2, PK_HAS_AVX2},
    {&pk_kernels_portable, 0},
};

#elif defined(__aarch64__)

enum {
    PK_HAS_DOT_PRODUCT = 1,
    PK_HAS_I8MM = 2,
    PK_HAS_BF16 = 4,
};

#if defined(__linux__)
#include <sys/auxv.h>

static int features_here(void) {
    // As Linux numbers them (asm/hwcap.h), which older headers do not all name.
    const unsigned long dot_product = 1ul << 20, i8mm = 1ul << 13, bf16 = 1ul << 14;
    unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
    return (first & dot_product ? PK_HAS_DOT_PRODUCT : 0) | (second & i8mm ? PK_HAS_I8MM : 0) |
           (second & bf16 ? PK_HAS_BF16 : 0);
}
#elif defined(__APPLE__)
#include <sys/sysctl.h>

static int has(const char *feature) {
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(feature, &value, &size, NULL, 0) == 0 && value != 0;
}

static int features_here(void) {
    return (has("hw.optional.arm.FEAT_DotProd") ? PK_HAS_DOT_PRODUCT : 0) |
           (has("hw.optional.arm.FEAT_I8MM") ? PK_HAS_I8MM : 0) | (has("hw.optional.arm.FEAT_BF16") ? PK_HAS_BF16 : 0);
}
#else
static int features_here(void) { return 0; }
#endif

static const char *const names[] = {"neonbf16", "neoni8mm", "neondot", "neon", "portable", NULL};

const char *const *pk_names(void) { return names; }

static const wanted_features tables[] = {
    {&pk_kernels_neonbf16, PK_HAS_BF16 | PK_HAS_I8MM},
    {&pk_kernels_neoni8mm, PK_HAS_I8MM},
    {&pk_kernels_neondot, PK_HAS_DOT_PRODUCT},
    {&pk_kernels_neon, 0},
    {&pk_kernels_portable, 0},
};

#else

static int features_here(void) { return 0; }

static const char *const names[] = {"portable", NULL};

const char *const *pk_names(void) { return names; }

static const wanted_features tables[] = {{&pk_kernels_portable, 0}};

#endif

const pk_kernels *pk_find(const char *name) {
    int features = features_here();
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        int has_all = (features & tables[i].features) == tables[i].features;
        if (has_all && strcmp(name, tables[i].table->name) == 0) return tables[i].table;
    }
    return NULL;
}

void pk_spin_hint(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
