import BatchFiles
package import Forms

extension Batch {
    /// OpenAI's batch object.
    package var json: JSON {
        func time(_ status: BatchStatus) -> JSON { times[status].map(JSON.integer) ?? .null }
        func file(_ id: FileID?) -> JSON { id.map { .string($0.rawValue) } ?? .null }
        return .object([
            "id": .string(id.rawValue),
            "object": "batch",
            "endpoint": .string(order.endpoint.rawValue),
            "model": results?.model.map(JSON.string) ?? .null,
            "errors": faults.map(Self.errors) ?? .null,
            "input_file_id": .string(order.inputFile.rawValue),
            "completion_window": .string(order.window.text),
            "status": .string(state.status.rawValue),
            "output_file_id": file(outputFileID),
            "error_file_id": file(errorFileID),
            "created_at": .integer(createdAt),
            "in_progress_at": time(.inProgress),
            "expires_at": .integer(expiresAt),
            "finalizing_at": time(.finalizing),
            "completed_at": time(.completed),
            "failed_at": time(.failed),
            "expired_at": time(.expired),
            "cancelling_at": time(.cancelling),
            "cancelled_at": time(.cancelled),
            "request_counts": counts.json,
            "usage": results?.usage.json ?? .null,
            "metadata": order.metadata.map(Self.metadata) ?? .null,
        ])
    }

    private var results: BatchResults? {
        if case .ended(_, let results) = state { results } else { nil }
    }

    private var faults: [BatchFault]? {
        if case .failed(let faults) = state { faults } else { nil }
    }

    private static func errors(_ faults: [BatchFault]) -> JSON {
        .object(["object": "list", "data": .array(faults.map(\.json))])
    }

    private static func metadata(_ metadata: [String: String]) -> JSON {
        .object(metadata.sorted { $0.key < $1.key }.map { JSON.Member(name: $0.key, value: .string($0.value)) })
    }
}
