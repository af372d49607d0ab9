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

// Exponent and mantissa move up by 13 bits; a multiplication by 2¹¹² then makes up for the other exponent bias, exactly,
// for subnormals too (the shifted bits of those are float subnormals; the product is normal). Infinity and NaN keep
// the highest exponent.
static inline float float_of_f16(uint16_t half) {
    uint32_t magnitude = (uint32_t)(half & 0x7FFF) << 13, sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t special = (half & 0x7C00) == 0x7C00 ? 0x7F800000u : 0;
    return float_of_bits(bits_of_float(float_of_bits(magnitude) * 0x1p112f) | special | sign);
}

static inline float float_of_bf16(uint16_t brain) { return float_of_bits((uint32_t)brain << 16); }

static inline uint16_t bf16_of_float(float value) {
    uint32_t bits = bits_of_float(value);
    if (value != value) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline uint16_t load_16(const unsigned char *from) {
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline float load_float(const unsigned char *from) {
    float value;
    memcpy(&value, from, sizeof value);
    return value;
}

#endif
