// Elements of a checkpoint as floats: exact from f16 and bf16, and to bf16 rounded to nearest even. Sources may lie at
// any address, also an odd one (a checkpoint is mapped, not read).
#ifndef PK_ELEMENTS_H
#define PK_ELEMENTS_H

#include "CKernels.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

static inline int64_t element_size(int32_t type) { return type == PK_F32 ? 4 : 2; }

static inline float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// A normal number's bits move up by 13 and its exponent's bias grows from 15 to 127; infinity and NaN (exponent 31) end
// at 255. A subnormal is its mantissa, an integer, times 2⁻²⁴. No float subnormal is met on the way: those are slow.
static inline float float_of_f16(uint16_t half) {
    const uint32_t rebias = (uint32_t)(127 - 15) << 23;
    uint32_t exponent = half & 0x7C00, sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t normal = ((uint32_t)(half & 0x7FFF) << 13) + rebias;
    uint32_t special = exponent == 0x7C00 ? rebias : 0;
    uint32_t subnormal = bits_of_float((float)(int32_t)(half & 0x3FF) * 0x1p-24f);
    return float_of_bits((exponent == 0 ? subnormal : normal + special) | sign);
}

static inline float float_of_bf16(uint16_t brain) { return float_of_bits((uint32_t)brain << 16); }

static inline uint16_t bf16_of_float(float value) {
    uint32_t bits = bits_of_float(value);
    if (value != value) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline uint16_t load_16(const void *from) {
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline uint32_t load_word(const void *from) {
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline float load_float(const void *from) {
    float value;
    memcpy(&value, from, sizeof value);
    return value;
}

#endif
