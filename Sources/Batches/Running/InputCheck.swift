import BatchFiles

/// Looks at a batch's input before any of it is answered, as OpenAI does: each line must be a request with an id of its own
/// for the batch's endpoint. What a request's body says is looked at when it is answered, and concerns that line alone.
struct InputCheck {
    /// Faults that are told; further ones are not looked for.
    static let mostFaults = 100

    var endpoint: BatchOrder.Endpoint
    var limits: StorageLimits

    private var requests = 0
    private var faults: [BatchFault] = []
    private var ids: Set<String> = []

    init(endpoint: BatchOrder.Endpoint, limits: StorageLimits) {
        self.endpoint = endpoint
        self.limits = limits
    }

    /// - Returns: `.accepted` or `.failed`.
    mutating func run(_ lines: InputLines) async throws -> BatchEvent {
        var lines = lines
        while let line = try await lines.next() {
            requests += 1
            if requests > limits.requests {
                let reason = "the input has more than the \(limits.requests) requests that one batch may have"
                faults.append(BatchFault(.tooManyRequests, reason, line: line.number))
                break
            }
            if let fault = fault(of: line) { faults.append(fault) }
            if faults.count >= Self.mostFaults { break }
        }
        if requests == 0 { faults.append(BatchFault(.emptyFile, "the input holds no request")) }
        return faults.isEmpty ? .accepted(requests: requests) : .failed(faults)
    }

    private mutating func fault(of line: InputLines.Line) -> BatchFault? {
        let bytes: [UInt8]
        switch line.content {
        case .whole(let content) where content.count <= limits.lineBytes: bytes = content
        case .whole(let content): return tooLong(content.count, line)
        case .tooLong(let count): return tooLong(count, line)
        }
        do {
            let envelope = try InputEnvelope(bytes, endpoint: endpoint)
            if ids.insert(envelope.id).inserted { return nil }
            return BatchFault(
                .duplicateID, "an earlier line has this custom_id too", param: "custom_id", line: line.number)
        } catch {
            var fault = error
            fault.line = line.number
            return fault
        }
    }

    private func tooLong(_ bytes: Int, _ line: InputLines.Line) -> BatchFault {
        let reason = "the line has \(bytes) bytes, more than the \(limits.lineBytes) that are read"
        return BatchFault(.lineTooLong, reason, line: line.number)
    }
}
