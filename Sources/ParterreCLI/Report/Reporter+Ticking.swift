import Parterre

extension Reporter {
    /// Say every few seconds what the engine does while `work` runs: a workload may take minutes.
    func ticking<T>(_ engine: Engine, _ name: String, work: () async throws -> T) async throws -> T {
        let ticker = Task { await tick(engine, name) }
        defer { ticker.cancel() }
        return try await work()
    }

    private func tick(_ engine: Engine, _ name: String) async {
        guard style == .logLines else { return }
        // Few and far between: a look at the engine costs the lanes a moment.
        while (try? await Task.sleep(for: .seconds(10))) != nil {
            let status = await engine.status()
            info(
                "\(name): \(status.promptTokens) prompt tokens and \(status.generatedTokens) tokens so far, "
                    + "\(status.runningSequences) rows running")
        }
    }
}
