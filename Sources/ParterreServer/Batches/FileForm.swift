import Batches
import Forms
import HTTPTypes
import HummingbirdCore
import NIOCore

/// The form of `POST /v1/files`: `file`, `purpose` and perhaps `expires_after`, in any order. The file goes to the disk as it
/// comes.
struct FileForm {
    /// What a form may have beside the file.
    private static let slack = 64 << 10
    private static let longestValue = 1 << 10
    private static let longestName = 255
    private static let names = ["purpose", "expires_after[anchor]", "expires_after[seconds]"]

    private enum Part {
        case none
        case file
        case field(String, value: [UInt8])
    }

    private let store: FileStore
    private let announcedBytes: Int
    private var upload: FileUpload?
    private var filename = ""
    private var fields: [String: String] = [:]
    private var part = Part.none

    /// - Throws: `APIError`, `BatchesError` or `MultipartError`; nothing of the file is left then.
    static func read(_ request: Request, into store: FileStore) async throws -> StoredFile {
        var parser = try MultipartParser(contentType: request.headers[.contentType])
        let announced = request.headers[.contentLength].flatMap { Int($0) } ?? 0
        var form = FileForm(store, announcedBytes: max(0, announced - slack))
        var bytes = 0
        for try await chunk in request.body {
            bytes += chunk.readableBytes
            if bytes > store.limits.fileBytes + slack {
                throw BatchesError.fileTooLarge(limit: store.limits.fileBytes)
            }
            parser.append(chunk.readableBytesView)
            while let event = try parser.next() { try await form.take(event) }
        }
        try parser.finish()
        return try await form.finish()
    }

    private init(_ store: FileStore, announcedBytes: Int) {
        self.store = store
        self.announcedBytes = announcedBytes
    }

    private mutating func take(_ event: MultipartParser.Event) async throws {
        switch (event, part) {
        case (.part(let head), _): try await begin(head)
        case (.body(let bytes), .file): try await upload?.write(bytes)
        case (.body(let bytes), .field(let name, let value)):
            if value.count + bytes.count > Self.longestValue {
                throw FieldError("is longer than \(Self.longestValue) bytes", field: name)
            }
            part = .field(name, value: value + bytes)
        case (.partEnd, .field(let name, let value)):
            guard let text = String(validating: value, as: UTF8.self) else {
                throw FieldError("is not UTF-8", field: name)
            }
            fields[name] = text
        case (.body, .none), (.partEnd, _), (.end, _): break
        }
    }

    private mutating func begin(_ head: PartHead) async throws {
        if head.name == "file" {
            guard upload == nil else { throw FieldError("is there twice", field: "file") }
            guard let name = head.filename else {
                throw FieldError("must be a file with a file name", field: "file")
            }
            if name.utf8.count > Self.longestName {
                throw FieldError("has a name of more than \(Self.longestName) bytes", field: "file")
            }
            filename = name.isEmpty ? "file" : name
            upload = try await store.upload(announcedBytes: announcedBytes)
            part = .file
        } else if Self.names.contains(head.name) {
            if fields[head.name] != nil { throw FieldError("is there twice", field: head.name) }
            part = .field(head.name, value: [])
        } else {
            throw FieldError("unknown field", field: String(head.name.prefix(100)))
        }
    }

    private func finish() async throws -> StoredFile {
        guard let purpose = fields["purpose"] else { throw FieldError("is missing", field: "purpose") }
        guard purpose == StoredFile.Purpose.batch.rawValue else {
            throw FieldError("must be \"batch\": files are for nothing else here", field: "purpose")
        }
        let expiry = try FileExpiry.read(
            anchor: fields["expires_after[anchor]"], seconds: fields["expires_after[seconds]"])
        guard let upload else { throw FieldError("is missing", field: "file") }
        return try await upload.finish(name: filename, purpose: .batch, expiresAfter: expiry)
    }
}
