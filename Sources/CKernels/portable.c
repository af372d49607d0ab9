// Any CPU: whatever clang makes of 16-lane vectors for the build's own target. On x86-64 without FMA each fused step is
// a call of fmaf: slow, and still the same bits.
#define PK_NAME "portable"
#define PK_TABLE pk_kernels_portable
#include "kernels.h"
