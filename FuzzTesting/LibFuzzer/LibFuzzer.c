#include "LibFuzzer.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void libfuzzer_main(int argc, char **argv) { exit(LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput)); }
