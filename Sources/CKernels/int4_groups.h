// How int4 weights lie: a panel is [strip][group], a group 576 bytes: [4][32 columns][4 bytes] with step i in the low halves
// of the bytes and step i + 4 in the high ones (each weight + 8), then the 32 columns' bf16 scales.
#ifndef PK_INT4_GROUPS_H
#define PK_INT4_GROUPS_H

#include "row_forms.h"
#include "strip.h"

enum {
    PK_GROUP_STEPS = PK_QUANT_GROUP / 4,
    PK_GROUP_NIBBLES = PK_STRIP_COLUMNS * PK_QUANT_GROUP / 2,
    PK_GROUP_BYTES = PK_GROUP_NIBBLES + PK_STRIP_COLUMNS * 2,
};

// The panel's groups of the strip that holds `column`.
PK_INLINE unsigned char *groups_of_column(const void *panel, int64_t k, int64_t column) {
    return (unsigned char *)panel + column / PK_STRIP_COLUMNS * groups_of(k) * PK_GROUP_BYTES;
}

#endif
