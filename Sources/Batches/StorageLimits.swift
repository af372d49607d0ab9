/// How much clients may leave on the disk.
package struct StorageLimits: Sendable, Equatable {
    /// Bytes of one uploaded file.
    package var fileBytes = 512 << 20
    /// Bytes of all files together, results of batches included.
    package var totalBytes = 16 << 30
    package var files = 10_000
    package var uploadsAtOnce = 16
    /// Batches that are remembered. When there are more, those that ended longest ago are forgotten; their files stay.
    package var batches = 1000
    /// Requests of one batch; OpenAI's limit.
    package var requests = 50_000
    /// Bytes of one line of a batch's input.
    package var lineBytes = 4 << 20

    package init() {}
}
