#ifndef LIBFUZZER_H
#define LIBFUZZER_H

/// Run libFuzzer over the program's LLVMFuzzerTestOneInput, and end the program with its exit status.
///
/// libFuzzer brings a main function, but SwiftPM gives that name to the program's own one.
_Noreturn void libfuzzer_main(int argc, char **argv);

#endif
