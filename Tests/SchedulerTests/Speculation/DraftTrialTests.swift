import Basics
import Kernels
import Testing
import Tokenizers

@testable import Scheduler

/// How seldom a draft model that does not pay is tried again.
@Suite struct DraftTrialTests {
    @Test("trials take their share of the time, guessing and verifying both counted", arguments: [0.0002, 0.004, 0.02])
    func share(_ draftSeconds: Double) throws {
        let request = ActiveRequest(
            id: 1, promptTokens: 8, samples: 1, delivery: EventDelivery(capacity: 100))
        var parameters = SamplingParameters()
        parameters.maxTokens = 100
        let prompt = (0..<8).map { TokenID($0) }
        let sequence = ScheduledSequence(
            arrival: 1, tokens: prompt,
            purpose: .generate(
                Sample(
                    request: request,
                    sampler: SequenceSampler(
                        parameters, sample: 0, prompt: prompt, endTokens: [], vocabularySize: 100,
                        kernels: try KernelSet.select()),
                    writer: SampleWriter(
                        sample: 0, parameters: parameters, end: EndCondition(parameters, modelEndTokens: []),
                        stops: StopStrings([]), detokenizer: nil))))
        let speculation = SequenceSpeculation()
        sequence.speculation = speculation
        let costs = DraftAllotmentTests.costs { 0.01 + 0.001 * Double($0) }
        let drafting = DraftAllotmentTests.costs { _ in draftSeconds }
        let step = DraftAllotment.Step(decoding: 4, prompts: 0, room: 60)
        let plain = step.seconds(drafted: 0, costs)
        let price =
            2 * drafting.seconds(decoding: 1, prompts: 0)
            + step.seconds(drafted: DraftTrial.tokens, costs) - plain
        var trial = DraftTrial()
        var trials = 0
        for _ in 0..<2000 {
            speculation.forget()
            trial.choose(of: [sequence], mostTokens: 8, beside: step, by: costs, drafting: drafting)
            #expect([0, DraftTrial.tokens].contains(speculation.drafted))
            trials += speculation.drafted > 0 ? 1 : 0
        }
        let spent = Double(trials) * price / (2000 * plain)
        #expect(spent <= DraftTrial.share * 1.01 && spent > DraftTrial.share * 0.9, "\(trials) trials, \(spent)")

        // Without room nothing is tried.
        speculation.forget()
        let full = DraftAllotment.Step(decoding: 64, prompts: 0, room: 0)
        for _ in 0..<500 {
            trial.choose(of: [sequence], mostTokens: 8, beside: full, by: costs, drafting: drafting)
        }
        #expect(speculation.drafted == 0)
        withExtendedLifetime(request) {}
    }
}
