#if canImport(Glibc)
    import CMalloc
#endif

/// What the process's allocator does with memory that was freed.
enum FreedMemory {
    /// Give it back to the system, for a process that runs for long. Left alone, glibc takes the first freed buffer of some megabytes
    /// as a sign that more will come, and from then on keeps up to 64 MiB for every thread: the resident memory of a server
    /// climbs to the sum of what the largest requests took on each of its threads, in steps over hours, as if it leaked.
    ///
    /// What is read or written for every token is allocated once, so this costs no step anything.
    static func giveBack() {
        #if canImport(Glibc)
            // With either set, glibc leaves both where they are.
            mallopt(M_MMAP_THRESHOLD, 256 << 10)
            mallopt(M_TRIM_THRESHOLD, 1 << 20)
        #endif
    }
}
