// The tables of kernels that this build holds, one per instruction set, and a second where CPUs differ.
#ifndef PK_TABLES_H
#define PK_TABLES_H

#include "CKernels.h"

extern const pk_kernels pk_kernels_portable;
#if defined(__x86_64__)
extern const pk_kernels pk_kernels_avx2;
extern const pk_kernels pk_kernels_avxvnni;
extern const pk_kernels pk_kernels_avx512;
extern const pk_kernels pk_kernels_avx512vnni;
extern const pk_kernels pk_kernels_avx512bf16;
extern const pk_kernels pk_kernels_avx512bf16_zen4;
extern const pk_kernels pk_kernels_amx;
#elif defined(__aarch64__)
extern const pk_kernels pk_kernels_neon;
extern const pk_kernels pk_kernels_neondot;
extern const pk_kernels pk_kernels_neoni8mm;
extern const pk_kernels pk_kernels_neonbf16;
#endif

#endif
