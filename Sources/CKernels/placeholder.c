#include "CKernels.h"
const pk_kernels *pk_find(const char *name) { return (void *)0; }
