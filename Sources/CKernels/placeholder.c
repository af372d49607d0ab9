#include "CKernels.h"
const pk_kernels *pk_find(const char *name) { return (void *)0; }
static const char *const names[] = {(void *)0};
const char *const *pk_names(void) { return names; }
