import Batches
import Forms
import HTTPTypes

extension APIError {
    init(_ error: BatchesError) {
        switch error {
        case .noFile, .noBatch: self.init(.notFound, error.message, param: "id")
        case .fileTooLarge: self.init(.contentTooLarge, error.message, param: "file", code: "file_too_large")
        case .storageFull, .tooManyFiles:
            self.init(Self.insufficientStorage, error.message, code: "storage_full")
        case .tooManyUploads, .tooManyBatches:
            self = APIError(.tooManyRequests, error.message).retry(after: 10)
        case .fileInUse: self.init(.badRequest, error.message, param: "id", code: "file_in_use")
        case .cannotCancel: self.init(.badRequest, error.message, param: "id")
        case .invalid(let field, _): self.init(.badRequest, error.message, param: field)
        case .unusableFolder, .disk:
            // Paths are nobody's business.
            self.init(.internalServerError, "the server's disk failed; its log says why")
        }
    }

    init(_ error: MultipartError) { self.init(.badRequest, error.message) }

    static var batchesOff: APIError {
        APIError(
            .notFound, "this server keeps no files and no batches: start it with --batch-dir", code: "batches_off")
    }

    private static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}
