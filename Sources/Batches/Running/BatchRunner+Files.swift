import BatchFiles
import Forms
import Logging

// What is done with a batch before and after its lines are answered.
extension BatchRunner {
    /// - Returns: seconds for which nobody shall try again, where something went wrong.
    func attend(to batch: Batch) async -> Int? {
        do {
            switch batch.state {
            case .validating: try await validate(batch)
            case .finalizing(to: let outcome): try await publish(batch, outcome)
            case .inProgress, .ended, .failed: break
            }
            // A disk that failed has been told: trying again at once would only tell it again.
            return try store.batch(batch.id).state == batch.state ? options.retryAfter : nil
        } catch is CancellationError {
            return nil
        } catch {
            tell(error, batch.id)
            return options.retryAfter
        }
    }

    private func validate(_ batch: Batch) async throws {
        var check = InputCheck(endpoint: batch.order.endpoint, limits: store.files.limits)
        let event: BatchEvent
        do {
            let input = try await store.files.content(batch.order.inputFile)
            let shouldStop: @Sendable () -> Bool = { [self] in
                isDraining || Task.isCancelled || (try? store.batch(batch.id).state) != .validating
            }
            event = try await check.run(InputLines(input, orStopWhen: shouldStop))
            if shouldStop() { return }
        } catch BatchesError.noFile(let id) {
            event = .failed([BatchFault(.inputGone, "the input \(id) is gone")])
        }
        await apply(event, to: batch.id)
    }

    /// Make files of the results. It may be repeated, whenever the process ended in it.
    private func publish(_ batch: Batch, _ outcome: BatchState.Outcome) async throws {
        if outcome != .completed && batch.counts.total > 0 { await tellUntried(batch, outcome) }
        let store = store
        let results = try await disk.run {
            let folder = store.folder.batch(batch.id)
            let places = (output: folder.output, errors: folder.errors)
            var results = try BatchResults(
                output: store.place(of: batch.outputFile, or: places.output),
                errors: store.place(of: batch.errorFile, or: places.errors), total: batch.counts.total)
            let expiry = batch.order.resultsExpireAfter
            results.hasOutput = try store.files.publish(
                places.output, as: batch.outputFile, name: batch.id.rawValue + "_output.jsonl", expiresAfter: expiry)
            results.hasErrors = try store.files.publish(
                places.errors, as: batch.errorFile, name: batch.id.rawValue + "_error.jsonl", expiresAfter: expiry)
            return results
        }
        if await apply(.published(results), to: batch.id) {
            try await disk.run {
                let folder = store.folder.batch(batch.id)
                for left in [folder.output, folder.errors] { try DurableFile.remove(left.path) }
            }
        }
    }

    /// Write down for each line without an answer why it has none. Where that fails, the answers matter more.
    private func tellUntried(_ batch: Batch, _ outcome: BatchState.Outcome) async {
        // Done in an earlier try.
        if store.files.has(batch.errorFile) || store.files.has(batch.outputFile) { return }
        do {
            let input = try await store.files.content(batch.order.inputFile)
            let folder = store.folder.batch(batch.id)
            let results = try await disk.run { try ResultFiles(folder) }
            var requests = BatchRequests(
                InputLines(input), endpoint: batch.order.endpoint, defaults: defaults)
            while let request = try await requests.next() {
                if results.finished.covers(request.id, line: request.number) { continue }
                try await results.write(outcome, to: request)
            }
            await results.finish()
        } catch {
            logger.warning(
                "lines without an answer are not told",
                metadata: ["batch": "\(batch.id.rawValue)", "reason": "\(FieldError(error).message)"])
        }
    }
}

extension BatchStore {
    /// Where the results are: among the files once they have been published.
    fileprivate func place(of id: FileID, or growing: FileFolder) -> String {
        (files.has(id) ? folder.file(id) : growing).content
    }
}
