import Testing

@testable import ChatTemplates

@Suite("Templates render as with transformers")
struct ParityTests {
    @Test("each small template gives the same text, or fails for the same reason")
    func small() throws {
        let fixtures = try Fixtures.read()
        #expect(fixtures.small.count > 1000)
        for fixture in fixtures.small {
            let result = Result { () throws(ChatTemplateError) in
                try ChatTemplate(fixture.template)
                    .render(fixtures.variables.members, RenderingLimits(), Fixtures.clock)
            }
            check(result, fixture.outcome, refused: fixture.refused, "\(fixture.template)")
        }
    }

    @Test("each chat gives the same text by each template, or is refused in the template's words")
    func whole() throws {
        let fixtures = try Fixtures.read()
        #expect(fixtures.whole.count > 200)
        for (index, fixture) in fixtures.whole.enumerated() {
            let template = try ChatTemplate(Fixtures.template(fixture.template), specialTokens: fixtures.tokens)
            let messages = try fixture.messages.map { try #require($0.message) }
            let result = Result { () throws(ChatTemplateError) in
                try template.render(
                    messages, addGenerationPrompt: fixture.addsPrompt, continueFinalMessage: fixture.continuesFinal,
                    variables: fixture.variables.members, limits: RenderingLimits(), clock: Fixtures.clock)
            }
            let name = "\(fixture.template), case \(index)"
            if fixture.isRefused, fixture.refused == nil {
                guard case .failure(.refused) = result else {
                    Issue.record("\(name) gives \(result) instead of a refusal")
                    continue
                }
            } else {
                check(result, fixture.outcome, refused: fixture.refused, name)
            }
        }
    }

    private func check(
        _ result: Result<String, ChatTemplateError>, _ outcome: Fixtures.Outcome, refused: String?, _ name: String
    ) {
        switch result {
        case .success(let text):
            let isSame = outcome.text.map { $0.utf8.elementsEqual(text.utf8) } ?? false
            if !isSame { Issue.record("\(name) gives \(text.debugDescription), not \(outcome), \(refused ?? "")") }
        case .failure(.syntax): if outcome.syntax == nil { Issue.record("\(name): \(result), not \(outcome)") }
        case .failure(.rendering):
            if outcome.failed == nil { Issue.record("\(name): \(result), not \(outcome), \(refused ?? "")") }
        case .failure(.refused(let words)):
            if refused != words { Issue.record("\(name): \(result), not \(outcome), \(refused ?? "")") }
        case .failure(.file): Issue.record("\(name): \(result)")
        }
    }
}
