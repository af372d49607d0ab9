import Parterre
import Testing

@Suite("The machine's limits")
struct MachineLimitsTests {
    @Test("are measured with as many lanes as asked for")
    func measure() async throws {
        let limits = try await MachineLimits.measure(threads: 2)
        #expect(limits.lanes == 2)
        for value in [
            limits.readBytesPerSecond, limits.f32OperationsPerSecond, limits.barrierSeconds, limits.jobSeconds,
        ] {
            #expect(value > 0 && value.isFinite)
        }
        #expect(limits.bf16OperationsPerSecond >= 0 && limits.int8OperationsPerSecond >= 0)
    }

    @Test("cannot be measured with no lanes")
    func noLanes() async throws {
        do {
            _ = try await MachineLimits.measure(threads: 0)
            Issue.record("no lanes cannot measure")
        } catch let error as any UserFacingError {
            #expect(error.message.contains("--threads"))
        }
    }
}
