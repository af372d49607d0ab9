import BatchFiles
import Forms
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Batches

@Suite("Files on the disk", .timeLimit(.minutes(10)))
struct FileStoreTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test("an upload becomes a file at its end, and a restarted server has it")
    func upload() async throws {
        let file = try await {
            let files = try place.open().files
            let upload = try await files.upload()
            try await upload.write(Array("one\n".utf8))
            #expect(try files.page(ListQuery(limit: 10)).elements.isEmpty)
            try await upload.write(Array("two\n".utf8))
            let file = try await upload.finish(name: "in.jsonl", purpose: .batch)
            #expect(try files.file(file.id) == file)
            #expect(file.bytes == 8 && file.createdAt == 1000)
            return file
        }()
        let files = try place.open().files
        #expect(try files.file(file.id) == file)
        #expect(try await files.text(file.id) == "one\ntwo\n")
        #expect(
            file.json.line
                == #"{"id":"\#(file.id.rawValue)","object":"file","bytes":8,"created_at":1000,"expires_at":null,"#
                + #""filename":"in.jsonl","purpose":"batch","status":"processed","status_details":null}"#)
    }

    @Test("an upload that is given up leaves nothing, neither at once nor when the process ended in it")
    func givenUp() async throws {
        do {
            let files = try place.open().files
            do {
                let upload = try await files.upload()
                try await upload.write([1, 2, 3])
            }
            #expect(files.state.withLock { $0.takenBytes } == 0)
            #expect(files.state.withLock { $0.uploads } == 0)
        }
        let left = place.path + "/incoming/file-left"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        try Data("half".utf8).write(to: URL(filePath: left + "/content"))
        let files = try place.open().files
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path + "/incoming").isEmpty)
        #expect(try files.page(ListQuery(limit: 10)).elements.isEmpty)
    }

    @Test("a folder that several remove at once is gone, and none of them minds")
    func removedTogether() async throws {
        for _ in 0..<50 {
            let folder = place.path + "-shared"
            for name in 0..<20 {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
                try Data("half".utf8).write(to: URL(filePath: "\(folder)/\(name)/content"))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try DurableFile.remove(folder) } }
                try await group.waitForAll()
            }
            #expect(!DurableFile.exists(folder))
        }
    }

    @Test("limits are kept, and what is given back can be used again")
    func limits() async throws {
        var limits = StorageLimits()
        limits.fileBytes = 10
        limits.totalBytes = 25
        limits.files = 3
        limits.uploadsAtOnce = 2
        let files = try place.open(limits).files
        await #expect(throws: BatchesError.fileTooLarge(limit: 10)) { try await files.upload(announcedBytes: 11) }
        do {
            let first = try await files.upload()
            try await first.write(Array(repeating: 0, count: 10))
            await #expect(throws: BatchesError.fileTooLarge(limit: 10)) { try await first.write([0]) }
            let second = try await files.upload()
            await #expect(throws: BatchesError.tooManyUploads(limit: 2)) { try await files.upload() }
            _ = (first, second)
        }
        let kept = try await files.add("0123456789")
        _ = try await files.add("0123456789")
        await #expect(throws: BatchesError.storageFull(limit: 25)) { try await files.upload(announcedBytes: 6) }
        await #expect(throws: BatchesError.storageFull(limit: 25)) { try await files.add("012345") }
        _ = try await files.add("01234")
        await #expect(throws: BatchesError.tooManyFiles(limit: 3)) { try await files.upload() }
        try await files.delete(kept.id)
        _ = try await files.add("0123456789")
        #expect(files.state.withLock { $0.takenBytes } == 25)
    }

    @Test("pages of any length, put together, are the whole list", arguments: [1, 2, 3, 7, 100])
    func pages(limit: Int) async throws {
        let files = try place.open().files
        var ids: [FileID] = []
        for number in 0..<7 {
            ids.append(try await files.add("\(number)", purpose: number % 3 == 0 ? .batchOutput : .batch).id)
        }
        for (order, purpose) in [
            (ListQuery.Order.ascending, nil), (.descending, nil), (.ascending, "batch"), (.descending, "batch_output"),
        ] {
            var found: [FileID] = []
            var query = ListQuery(limit: limit, order: order)
            while true {
                let page = try files.page(query, purpose: purpose)
                #expect(page.elements.count <= limit)
                found += page.elements.map(\.id)
                query.after = page.elements.last?.id.rawValue
                if !page.hasMore { break }
            }
            let wanted = ids.enumerated().filter {
                purpose == nil || ($0.offset % 3 == 0) == (purpose == "batch_output")
            }
            .map(\.element)
            #expect(found == (order == .ascending ? wanted : wanted.reversed()))
        }
        #expect(throws: BatchesError.self) { try files.page(ListQuery(after: "file-unknown", limit: 1)) }
    }

    @Test("a deleted file is gone, and whoever reads it reads on")
    func delete() async throws {
        let files = try place.open().files
        let file = try await files.add("content")
        let content = try await files.content(file.id)
        try await files.delete(file.id)
        #expect(throws: BatchesError.noFile(file.id.rawValue)) { try files.file(file.id) }
        await #expect(throws: BatchesError.noFile(file.id.rawValue)) { try await files.content(file.id) }
        await #expect(throws: BatchesError.noFile(file.id.rawValue)) { try await files.delete(file.id) }
        #expect(try await content.chunk() == Array("content".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path + "/files").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path + "/incoming").isEmpty)
    }

    @Test("a file that a batch reads is kept")
    func held() async throws {
        let files = try place.open().files
        let file = try await files.add("content")
        try files.hold(file.id)
        try files.hold(file.id)
        files.release(file.id)
        await #expect(throws: BatchesError.fileInUse(file.id.rawValue)) { try await files.delete(file.id) }
        files.release(file.id)
        try await files.delete(file.id)
    }

    @Test("a file whose time is over is not found, and deleted unless a batch reads it")
    func expiry() async throws {
        let files = try place.open().files
        let upload = try await files.upload()
        let file = try await upload.finish(name: "x", purpose: .batch, expiresAfter: 3600)
        #expect(file.expiresAt == 4600)
        place.pass(seconds: 3599)
        #expect(try files.file(file.id) == file)
        try files.hold(file.id)
        place.pass(seconds: 1)
        #expect(try files.page(ListQuery(limit: 1)).elements.isEmpty)
        try await files.deleteExpired()
        #expect(files.has(file.id))
        files.release(file.id)
        #expect(throws: BatchesError.noFile(file.id.rawValue)) { try files.file(file.id) }
        try await files.deleteExpired()
        #expect(!files.has(file.id))
        #expect(!FileManager.default.fileExists(atPath: files.folder.file(file.id).path))
    }

    @Test("a damaged record leaves its file out, and the others there")
    func damaged() async throws {
        let (good, bad) = try await {
            let files = try place.open().files
            return (try await files.add("good"), try await files.add("bad"))
        }()
        try Data("{".utf8).write(to: URL(filePath: place.path + "/files/\(bad.id.rawValue)/file.json"))
        let files = try place.open().files
        #expect(try files.page(ListQuery(limit: 10)).elements == [good])
        #expect(try await files.add("next").ordinal > good.ordinal)
    }

    @Test("a name from outside is never a path", arguments: ["../lock", "..", "", "/etc/passwd", "file-\u{0}"])
    func names(name: String) async throws {
        let files = try place.open().files
        await #expect(throws: BatchesError.noFile(name)) { try await files.content(FileID(rawValue: name)) }
        await #expect(throws: BatchesError.noFile(name)) { try await files.delete(FileID(rawValue: name)) }
    }
}
