import Logging
import Parterre
import ServiceLifecycle

/// Answers what it finds in a queue; a server of yours would take it from a socket.
struct Answering: Service {
    let engine: Engine
    let prompts: AsyncStream<String>

    func run() async throws {
        await withDiscardingTaskGroup { group in
            for await prompt in prompts.cancelOnGracefulShutdown() {
                group.addTask {
                    do {
                        print(try await engine.complete(GenerationRequest(prompt)).map(\.text))
                    } catch {
                        print("\(error)")
                    }
                }
            }
        }
    }
}

let logger = Logger(label: "stories")
var options = EngineOptions()
options.gracePeriod = .seconds(20)
let engine = try await Engine.load(options: options, logger: logger)

let (prompts, queue) = AsyncStream.makeStream(of: String.self)
// The engine stands first, so it is shut down last: SIGTERM ends the taking of prompts, then the engine drains.
let group = ServiceGroup(
    configuration: ServiceGroupConfiguration(
        services: [
            .init(service: engine),
            // A server goes on for ever; this one ends with its queue, and the group with it.
            .init(
                service: Answering(engine: engine, prompts: prompts),
                successTerminationBehavior: .gracefullyShutdownGroup),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))

for prompt in ["The little dog", "Two cats"] { queue.yield(prompt) }
queue.finish()
try await group.run()
