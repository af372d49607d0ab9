package import Batches
import Parterre

/// Whether and how a server keeps files and answers batches.
public struct BatchServerOptions: Sendable, Equatable {
    /// Where files and batches are kept. It belongs to one server at a time, and is made if it is not there.
    public var folder: String
    /// Most bytes of one uploaded file.
    public var fileBytes = StorageLimits().fileBytes
    /// Most bytes of all files together, results of batches included.
    public var totalBytes = StorageLimits().totalBytes
    /// Batches that are answered at the same time; the others wait, oldest first.
    public var batchesAtOnce = 1
    /// Most lines of each batch that the engine has at a time; `nil`: twice as many as run at once.
    public var linesInFlight: Int? = nil

    public init(folder: String) { self.folder = folder }

    package var limits: StorageLimits {
        var limits = StorageLimits()
        limits.fileBytes = fileBytes
        limits.totalBytes = totalBytes
        return limits
    }
}
