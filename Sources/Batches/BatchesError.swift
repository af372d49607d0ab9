import Basics

/// Why the store of files and batches cannot do what is asked of it.
package enum BatchesError: UserFacingError, Equatable {
    /// The folder cannot be this server's: another one owns it, or it holds something else. Told at start.
    case unusableFolder(String)
    /// The disk failed.
    case disk(String)
    case noFile(String)
    case noBatch(String)
    case fileTooLarge(limit: Int)
    /// All files together would take more than they may.
    case storageFull(limit: Int)
    case tooManyFiles(limit: Int)
    /// Too many uploads at the same time; a little later there is room.
    case tooManyUploads(limit: Int)
    case tooManyBatches(limit: Int)
    /// An unfinished batch reads it.
    case fileInUse(String)
    case cannotCancel(id: String, status: String)
    /// A field of what was asked, in OpenAI's spelling.
    case invalid(field: String, reason: String)

    package var message: String {
        switch self {
        case .unusableFolder(let message), .disk(let message): message
        case .noFile(let id): "there is no file \(id)"
        case .noBatch(let id): "there is no batch \(id)"
        case .fileTooLarge(let limit): "the file has more than the \(limit) bytes that one file may have"
        case .storageFull(let limit):
            "the files of this server may take \(limit) bytes together, and this one finds no room: delete some"
        case .tooManyFiles(let limit): "there are \(limit) files already, as many as there may be: delete some"
        case .tooManyUploads(let limit): "\(limit) files are being uploaded already: try again a little later"
        case .tooManyBatches(let limit):
            "\(limit) batches have not ended, as many as there may be: wait for some or cancel some"
        case .fileInUse(let id): "file \(id) is the input of a batch that has not ended: cancel that first"
        case .cannotCancel(let id, let status): "batch \(id) cannot be cancelled: it is \(status)"
        case .invalid(let field, let reason): "\(field): \(reason)"
        }
    }
}
