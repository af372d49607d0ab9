import Foundation
import TestSupport
import Testing

@testable import Batches

@Suite("The folder of files and batches")
struct StoreFolderTests {
    private let folder: TemporaryDirectory
    private var path: String { folder.url.appending(path: "store").path }

    init() throws { folder = try TemporaryDirectory() }

    @Test("belongs to one server at a time")
    func owner() throws {
        var first: StoreFolder? = try StoreFolder(path)
        #expect(first?.path == path)
        #expect(
            throws: BatchesError.unusableFolder(
                "\(path) belongs to a server that is running: stop it or name another folder")
        ) { try StoreFolder(path) }
        first = nil
        #expect(throws: Never.self) { try StoreFolder(path) }
    }

    @Test("is nobody's as soon as the last work on it is done")
    func lastWork() async throws {
        let queue = DiskQueue("tests")
        for _ in 0..<500 {
            let found = try await {
                let store = try StoreFolder(path)
                return try await queue.run { store.path }
            }()
            #expect(throws: Never.self) { try StoreFolder(found) }
        }
    }

    @Test("is not made of a folder that holds other things, and nothing in it is touched")
    func foreign() throws {
        try FileManager.default.createDirectory(atPath: path + "/incoming", withIntermediateDirectories: true)
        try Data("precious".utf8).write(to: URL(filePath: path + "/incoming/thesis"))
        #expect(throws: BatchesError.self) { try StoreFolder(path) }
        #expect(FileManager.default.fileExists(atPath: path + "/incoming/thesis"))
        #expect(!FileManager.default.fileExists(atPath: path + "/lock"))
    }

    @Test("is not taken from another version, nor made of a file, nor where there is no folder for it")
    func unusable() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("parterre batch folder, version 9\n".utf8).write(to: URL(filePath: path + "/lock"))
        #expect(throws: BatchesError.self) { try StoreFolder(path) }
        let file = folder.url.appending(path: "file").path
        try Data().write(to: URL(filePath: file))
        #expect(throws: BatchesError.self) { try StoreFolder(file) }
        #expect(throws: BatchesError.self) { try StoreFolder(path + "/no/such/folder") }
    }

    @Test("is for its owner's eyes alone")
    func permissions() throws {
        _ = try StoreFolder(path)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
    }
}
