import BatchFiles
import Forms
import Foundation
import Parterre
import Synchronization
import Testing

@testable import Batches

@Suite("Working on batches", .timeLimit(.minutes(10)))
struct BatchRunnerTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    static func input(_ prompts: [String], n: Int = 1) -> String {
        prompts.enumerated().map { index, prompt in
            #"{"custom_id": "r\#(index)", "method": "POST", "url": "/v1/completions", "#
                + #""body": {"prompt": "\#(prompt)", "n": \#(n)}}"# + "\n"
        }
        .joined()
    }

    private func runner(
        _ store: BatchStore, _ writer: Writer, _ options: BatchRunner.Options = BatchRunner.Options()
    ) -> BatchRunner {
        BatchRunner(
            store, options: options, logger: place.logger, complete: { try await writer.complete($0) })
    }

    /// What a line of results says, without the names and times that differ from run to run.
    struct Result: Decodable, Hashable {
        struct Response: Decodable, Hashable {
            struct Body: Decodable, Hashable {
                struct Choice: Decodable, Hashable { var text: String }
                struct Failure: Decodable, Hashable { var message: String }
                var choices: [Choice]?
                var error: Failure?
            }
            var status: Int
            var body: Body

            enum CodingKeys: String, CodingKey {
                case status = "status_code"
                case body
            }
        }
        struct Failure: Decodable, Hashable { var code: String }
        var customID: String
        var response: Response?
        var error: Failure?

        enum CodingKeys: String, CodingKey {
            case customID = "custom_id"
            case response, error
        }
    }

    private func results(_ store: BatchStore, _ id: FileID?) async throws -> [Result] {
        guard let id else { return [] }
        let text = try await store.files.text(id)
        #expect(text.hasSuffix("\n"))
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Result.self, from: Data($0.utf8)) }
    }

    private func texts(_ store: BatchStore, _ batch: Batch) async throws -> [String: [String]] {
        let lines = try await results(store, batch.outputFileID)
        // An id that stands there twice is a trap.
        return Dictionary(
            uniqueKeysWithValues: lines.map { ($0.customID, $0.response?.body.choices?.map(\.text) ?? []) })
    }

    @Test("a batch is validated, answered and published; what cannot be answered is in the error file")
    func completes() async throws {
        let store = try place.open()
        let input = try await store.files.add(Self.input(["one", "fail", "three"], n: 2))
        let writer = Writer()
        let working = Task { [runner = runner(store, writer)] in await runner.run() }
        let created = try await store.create(BatchOrder(inputFile: input.id))
        #expect(created.state == .validating && created.expiresAt == 1000 + 86_400)
        let batch = try await store.wait(created.id, until: \.isFinal)
        #expect(batch.state.status == .completed)
        #expect(batch.counts == BatchCounts(total: 3, completed: 2, failed: 1))
        #expect(try await texts(store, batch) == ["r0": ["ONE", "ONE"], "r2": ["THREE", "THREE"]])
        let errors = try await results(store, batch.errorFileID)
        #expect(errors.map(\.customID) == ["r1"])
        #expect(errors.first?.response?.status == 400)
        #expect(batch.json.line.contains(#""usage":{"input_tokens":8,"#))
        #expect(batch.json.line.contains(#""output_tokens":8,"#))
        let output = try store.files.file(batch.outputFileID!)
        #expect(output.purpose == .batchOutput && output.name == "\(batch.id.rawValue)_output.jsonl")
        #expect(writer.priorities == [100])
        // The input may be deleted now.
        try await store.files.delete(input.id)
        working.cancel()
        await working.value
        #expect(store.files.state.withLock { $0.growingBytes } == 0)
    }

    @Test("what is left to do is counted while batches are answered")
    func load() async throws {
        let store = try place.open()
        let input = try await store.files.add(Self.input(["one", "fail", "three", "four", "five"]))
        #expect(store.load.batches.isEmpty && store.load.fileBytes == input.bytes)
        let writer = Writer(allowed: 3)
        let working = Task { [runner = runner(store, writer)] in await runner.run() }
        let id = try await store.create(BatchOrder(inputFile: input.id)).id
        while store.load.requestsLeft != 2 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(store.load.batches == [.inProgress: 1] && store.load.fileBytes > input.bytes)
        writer.allow(.max)
        _ = try await store.wait(id, until: \.isFinal)
        #expect(store.load.batches == [.completed: 1] && store.load.requestsLeft == 0)
        working.cancel()
        await working.value
    }

    @Test("a bad line fails the batch before anything is answered, and a bad body only its line")
    func validation() async throws {
        let store = try place.open()
        let bad = try await store.files.add(Self.input(["one"]) + "nonsense\n")
        let body = try await store.files.add(
            Self.input(["one"])
                + #"{"custom_id": "b", "method": "POST", "url": "/v1/completions", "body": {"prompt": 5}}"#)
        let writer = Writer()
        let working = Task { [runner = runner(store, writer)] in await runner.run() }
        let failed = try await store.wait(store.create(BatchOrder(inputFile: bad.id)).id, until: \.isFinal)
        #expect(failed.state.status == .failed)
        #expect(failed.json.line.contains(#""code":"invalid_json_line","line":2"#))
        #expect(writer.prompts.isEmpty)
        let good = try await store.wait(store.create(BatchOrder(inputFile: body.id)).id, until: \.isFinal)
        #expect(good.counts == BatchCounts(total: 2, completed: 1, failed: 1))
        let errors = try await results(store, good.errorFileID)
        #expect(errors.first?.response?.body.error?.message.hasPrefix("prompt: must be") == true)
        working.cancel()
        await working.value
    }

    @Test("an input that is none is refused at once")
    func inputs() async throws {
        let store = try place.open()
        let output = try await store.files.add("x", purpose: .batchOutput)
        for id in [output.id, FileID(rawValue: "file-none")] {
            let error = await #expect(throws: BatchesError.self) { try await store.create(BatchOrder(inputFile: id)) }
            guard case .invalid(field: "input_file_id", _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        try await store.files.delete(output.id)
    }

    @Test("batches are answered oldest first, and no more lines are in flight than may be")
    func order() async throws {
        let store = try place.open()
        let first = try await store.files.add(Self.input((0..<9).map { "a\($0)" }))
        let second = try await store.files.add(Self.input((0..<3).map { "b\($0)" }))
        let ids = [
            try await store.create(BatchOrder(inputFile: first.id)).id,
            try await store.create(BatchOrder(inputFile: second.id)).id,
        ]
        var options = BatchRunner.Options()
        options.linesInFlight = 3
        let writer = Writer()
        let working = Task { [runner = runner(store, writer, options)] in await runner.run() }
        for id in ids { _ = try await store.wait(id, until: \.isFinal) }
        #expect(writer.mostInFlight <= 3)
        #expect(writer.prompts.prefix(9).allSatisfy { $0.hasPrefix("a") })
        let page = try store.page(ListQuery(limit: 1))
        #expect(page.elements.map(\.id) == [ids[1]] && page.hasMore)
        working.cancel()
        await working.value
    }

    @Test("while one batch is answered, another one can be refused, and one that waits can be cancelled")
    func beside() async throws {
        let store = try place.open()
        let writer = Writer(allowed: 0)
        let working = Task { [runner = runner(store, writer)] in await runner.run() }
        let long = try await store.create(BatchOrder(inputFile: try await store.files.add(Self.input(["slow"])).id))
        _ = try await store.wait(long.id) { $0 == .inProgress }
        let bad = try await store.create(BatchOrder(inputFile: try await store.files.add("{").id))
        #expect(try await store.wait(bad.id, until: \.isFinal).state.status == .failed)
        let waiting = try await store.create(BatchOrder(inputFile: try await store.files.add(Self.input(["next"])).id))
        _ = try await store.wait(waiting.id) { $0 == .inProgress }
        #expect(try await store.cancel(waiting.id).state.status == .cancelling)
        let cancelled = try await store.wait(waiting.id, until: \.isFinal)
        #expect(cancelled.state.status == .cancelled)
        #expect(cancelled.counts == BatchCounts(total: 1))
        #expect(try await results(store, cancelled.errorFileID).map(\.error?.code) == ["batch_cancelled"])
        writer.allow(.max)
        #expect(try await store.wait(long.id, until: \.isFinal).state.status == .completed)
        #expect(writer.prompts == ["slow"])
        working.cancel()
        await working.value
    }

    @Test("cancelling gives up what is in flight, keeps what is answered and tells what is not")
    func cancel() async throws {
        let store = try place.open()
        let input = try await store.files.add(Self.input((0..<10).map { "p\($0)" }))
        var options = BatchRunner.Options()
        options.linesInFlight = 4
        let writer = Writer(allowed: 3)
        let working = Task { [runner = runner(store, writer, options)] in await runner.run() }
        let id = try await store.create(BatchOrder(inputFile: input.id)).id
        while try store.batch(id).counts.completed < 3 || writer.inFlight < 4 { try await place.moment() }
        #expect(try store.batch(id).counts == BatchCounts(total: 10, completed: 3))
        #expect(try await store.cancel(id).state.status == .cancelling)
        let batch = try await store.wait(id, until: \.isFinal)
        #expect(batch.state.status == .cancelled)
        #expect(batch.counts == BatchCounts(total: 10, completed: 3))
        #expect(writer.inFlight == 0 && writer.cancelled == 4)
        #expect(try await texts(store, batch).count == 3)
        let errors = try await results(store, batch.errorFileID)
        #expect(errors.count == 7 && errors.allSatisfy { $0.error?.code == "batch_cancelled" && $0.response == nil })
        await #expect(throws: BatchesError.cannotCancel(id: id.rawValue, status: "cancelled")) {
            try await store.cancel(id)
        }
        working.cancel()
        await working.value
    }

    @Test("a batch whose time is over ends with what it has")
    func expiry() async throws {
        let store = try place.open()
        let input = try await store.files.add(Self.input((0..<5).map { "p\($0)" }))
        let writer = Writer(allowed: 2)
        let working = Task { [runner = runner(store, writer)] in await runner.run() }
        let id = try await store.create(BatchOrder(inputFile: input.id, window: CompletionWindow("1h")!)).id
        while try store.batch(id).counts.completed < 2 { try await place.moment() }
        place.pass(seconds: 3600)
        let batch = try await store.wait(id, until: \.isFinal)
        #expect(batch.state.status == .expired)
        #expect(batch.counts == BatchCounts(total: 5, completed: 2))
        #expect(batch.times[.expired] == 4600 && batch.times[.finalizing] == 4600)
        #expect(try await texts(store, batch).count == 2)
        let errors = try await results(store, batch.errorFileID)
        #expect(errors.count == 3 && errors.allSatisfy { $0.error?.code == "batch_expired" })
        #expect(writer.inFlight == 0)
        working.cancel()
        await working.value
    }

    @Test("a server that drains finishes the lines that it has begun; the next one does the rest and no line twice")
    func drain() async throws {
        let prompts = (0..<12).map { "p\($0)" }
        var options = BatchRunner.Options()
        options.linesInFlight = 3
        let first = Writer(allowed: 4)
        let id = try await {
            let store = try place.open()
            let input = try await store.files.add(Self.input(prompts))
            let runner = runner(store, first, options)
            let working = Task { await runner.run() }
            let id = try await store.create(BatchOrder(inputFile: input.id)).id
            while try store.batch(id).counts.completed < 4 || first.inFlight < 3 { try await place.moment() }
            runner.drain()
            first.allow(.max)
            await working.value
            #expect(try store.batch(id).state == .inProgress)
            return id
        }()
        #expect(first.prompts.count == 7 && first.cancelled == 0)
        let store = try place.open()
        let second = Writer()
        let working = Task { [runner = runner(store, second, options)] in await runner.run() }
        let batch = try await store.wait(id, until: \.isFinal)
        #expect(batch.counts == BatchCounts(total: 12, completed: 12))
        #expect(second.prompts.count == 5)
        #expect(Set(first.prompts + second.prompts) == Set(prompts))
        #expect(try await texts(store, batch).count == 12)
        working.cancel()
        await working.value
    }

    @Test("a server that dies anywhere in its lines leaves a folder from which the next one makes the same answers")
    func torn() async throws {
        let prompts = ["one", "fail", "three", "four"]
        // The results of a run that nobody disturbed.
        let store = try place.open()
        let input = try await store.files.add(Self.input(prompts))
        let id = try await store.create(BatchOrder(inputFile: input.id)).id
        var whole: (output: String, errors: String, texts: [String: [String]])?
        do {
            let runner = runner(store, Writer())
            let working = Task { await runner.run() }
            let batch = try await store.wait(id, until: \.isFinal)
            working.cancel()
            await working.value
            whole = (
                try await store.files.text(batch.outputFileID!), try await store.files.text(batch.errorFileID!),
                try await texts(store, batch)
            )
        }
        guard let whole else { return }
        // A folder as it is while that batch is answered, with the results cut at any byte.
        for length in stride(from: 0, through: whole.output.utf8.count, by: 29) + [whole.output.utf8.count] {
            let other = try Workplace()
            let id = try await {
                let store = try other.open()
                let input = try await store.files.add(Self.input(prompts))
                let id = try await store.create(BatchOrder(inputFile: input.id)).id
                _ = try await store.apply(.accepted(requests: 4), to: id)
                let folder = store.folder.batch(id)
                try Data(whole.output.utf8.prefix(length)).write(to: URL(filePath: folder.output.content))
                try Data(whole.errors.utf8.prefix(length)).write(to: URL(filePath: folder.errors.content))
                return id
            }()
            let store = try other.open()
            let writer = Writer()
            let runner = BatchRunner(store, logger: other.logger, complete: { try await writer.complete($0) })
            let working = Task { await runner.run() }
            let batch = try await store.wait(id, until: \.isFinal)
            #expect(batch.state.status == .completed)
            #expect(batch.counts == BatchCounts(total: 4, completed: 3, failed: 1), "cut at \(length)")
            #expect(try await texts(store, batch) == whole.texts, "cut at \(length)")
            #expect(try await results(store, batch.errorFileID).map(\.customID) == ["r1"])
            let done = whole.output.utf8.prefix(length).count { $0 == 0x0A }
            // The last line may lack its newline alone.
            #expect(writer.prompts.filter { $0 != "fail" }.count <= 3 - done)
            working.cancel()
            await working.value
        }
    }

    @Test("a server that dies while it publishes leaves a batch that the next one publishes to its end")
    func publishing() async throws {
        for step in 0..<3 {
            let other = try Workplace()
            let id = try await {
                let store = try other.open()
                let input = try await store.files.add(Self.input(["one", "fail"]))
                let runner = BatchRunner(
                    store, logger: other.logger, complete: { [writer = Writer()] in try await writer.complete($0) })
                let id = try await store.create(BatchOrder(inputFile: input.id)).id
                _ = try await store.apply(.accepted(requests: 2), to: id)
                _ = await runner.answer(try store.batch(id))
                let batch = try store.batch(id)
                #expect(batch.state == .finalizing(to: .completed))
                let folder = store.folder.batch(id)
                if step > 0 {
                    _ = try store.files.publish(folder.output, as: batch.outputFile, name: "o", expiresAfter: nil)
                }
                if step > 1 {
                    _ = try store.files.publish(folder.errors, as: batch.errorFile, name: "e", expiresAfter: nil)
                }
                return id
            }()
            let store = try other.open()
            let runner = BatchRunner(
                store, logger: other.logger, complete: { [writer = Writer()] in try await writer.complete($0) })
            let working = Task { await runner.run() }
            let batch = try await store.wait(id, until: \.isFinal)
            #expect(batch.counts == BatchCounts(total: 2, completed: 1, failed: 1))
            #expect(try await texts(store, batch) == ["r0": ["ONE"]])
            #expect(try await results(store, batch.errorFileID).count == 1)
            #expect(try store.files.page(ListQuery(limit: 10)).elements.count == 3)
            working.cancel()
            await working.value
        }
    }

    @Test("a batch whose input somebody took away fails and says so")
    func inputGone() async throws {
        let id = try await {
            let store = try place.open()
            let input = try await store.files.add(Self.input(["one"]))
            let id = try await store.create(BatchOrder(inputFile: input.id)).id
            await #expect(throws: BatchesError.fileInUse(input.id.rawValue)) { try await store.files.delete(input.id) }
            try FileManager.default.removeItem(atPath: store.folder.file(input.id).path)
            return id
        }()
        let store = try place.open()
        let working = Task { [runner = runner(store, Writer())] in await runner.run() }
        let batch = try await store.wait(id, until: \.isFinal)
        #expect(batch.json.line.contains("input_file_gone"))
        working.cancel()
        await working.value
    }

    @Test("a batch that finds no room on the disk waits until there is some")
    func noRoom() async throws {
        var limits = StorageLimits()
        let text = Self.input((0..<6).map { "p\($0)" })
        limits.totalBytes = 2 * text.utf8.count
        let store = try place.open(limits)
        let ballast = try await store.files.add(String(text.dropLast(10)), purpose: .batchOutput)
        let input = try await store.files.add(text)
        let writer = Writer()
        let id = try await store.create(BatchOrder(inputFile: input.id)).id
        var options = BatchRunner.Options()
        options.linesInFlight = 1
        let working = Task { [runner = runner(store, writer, options)] in await runner.run() }
        while store.state.withLock({ $0.pauses.isEmpty }) { try await place.moment() }
        let done = try store.batch(id).counts.completed
        #expect(try store.batch(id).state == .inProgress && done > 0 && done < 6)
        try await store.files.delete(ballast.id)
        store.files.note(0, growingFor: id)
        place.pass(seconds: 30)
        while writer.prompts.count == done { try await place.moment() }
        working.cancel()
        await working.value
    }

    @Test("a disk that fails while a batch is published is tried again after a while")
    func failingDisk() async throws {
        let store = try place.open()
        let input = try await store.files.add(Self.input(["one"]))
        let id = try await store.create(BatchOrder(inputFile: input.id)).id
        let writer = Writer(allowed: 0)
        let working = Task { [runner = runner(store, writer)] in await runner.run() }
        while writer.inFlight == 0 { try await place.moment() }
        // A folder stands where the results' record is to be written.
        let obstacle = store.folder.batch(id).output.record + ".new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: true)
        writer.allow(.max)
        while store.state.withLock({ $0.pauses.isEmpty }) { try await place.moment() }
        #expect(try store.batch(id).state == .finalizing(to: .completed))
        try FileManager.default.removeItem(atPath: obstacle)
        place.pass(seconds: 30)
        let batch = try await store.wait(id, until: \.isFinal)
        #expect(try await texts(store, batch) == ["r0": ["ONE"]])
        working.cancel()
        await working.value
    }

    @Test("the batches that ended longest ago make room for new ones")
    func forgetting() async throws {
        var limits = StorageLimits()
        limits.batches = 2
        let store = try place.open(limits)
        let input = try await store.files.add(Self.input(["one"]))
        let first = try await store.create(BatchOrder(inputFile: input.id))
        let second = try await store.create(BatchOrder(inputFile: input.id))
        await #expect(throws: BatchesError.tooManyBatches(limit: 2)) {
            try await store.create(BatchOrder(inputFile: input.id))
        }
        _ = try await store.apply(.failed([]), to: second.id)
        let third = try await store.create(BatchOrder(inputFile: input.id))
        #expect(throws: BatchesError.noBatch(second.id.rawValue)) { try store.batch(second.id) }
        #expect(!FileManager.default.fileExists(atPath: store.folder.batch(second.id).path))
        #expect(try store.page(ListQuery(limit: 9)).elements.map(\.id) == [third.id, first.id])
    }
}
