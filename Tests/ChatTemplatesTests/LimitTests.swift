import Foundation
import TestSupport
import Testing

@testable import ChatTemplates

@Suite("A hostile template fails and does no harm")
struct LimitTests {
    private static let tight = {
        var limits = RenderingLimits()
        limits.steps = 20_000
        limits.bytes = 1 << 20
        limits.output = 1 << 18
        return limits
    }()

    @Test(
        "what would never end, or grow without bounds, is an error",
        arguments: [
            "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}",
            "{{ 'x' * 999999999999 }}", "{{ ['x'] * 999999999 }}", "{{ 'x' * 9223372036854775807 * 2 }}",
            "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
            "{% set ns = namespace(x=[]) %}{% for i in range(500) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}",
            "{% set ns = namespace(x=1) %}{% for i in range(80) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
            "{% set ns = namespace(x=1) %}{% for i in range(80) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x == ns.x }}",
            "{% set ns = namespace(x=1) %}{% for i in range(80) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
            "{% set ns = namespace(x=1) %}{% for i in range(80) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}",
            "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro m() %}{{ caller() }}{% endmacro %}{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}",
            "{% set ns = namespace() %}{% for i in range(9999) %}{% for j in [1] %}{{ loop.changed(ns.l) }}{% set ns.l = loop %}{% endfor %}{% endfor %}",
            "{% macro m() %}{% macro n() %}{{ ns.m() }}{% endmacro %}{% set ns.m = n %}{% endmacro %}{% set ns = namespace(m=m) %}{% for i in range(9999) %}{{ ns.m() }}{% endfor %}",
            "{% macro m() %}{% set k = ns.m %}{% macro n() %}{% set k = ns.m %}{% macro o() %}{{ k() }}{% endmacro %}{% set ns.m = o %}{% endmacro %}{% set ns.m = n %}{% endmacro %}{% set ns = namespace(m=m) %}{% for i in range(9999) %}{{ ns.m() }}{% endfor %}",
            "{{ range(100001) }}", "{{ range(-9223372036854775807, 9223372036854775807) }}",
            "{{ 9223372036854775807 + 1 }}",
            "{{ -9223372036854775807 - 2 }}", "{{ 9223372036854775807 * 2 }}", "{{ 10 ** 100 }}",
            "{{ 99999999999999999999 }}",
            "{{ (-9223372036854775807 - 1) // -1 }}", "{{ '%999999999d' % 1 }}", "{{ '%.999999f' % 1 }}",
            "{{ '{:999999999}'.format(1) }}", "{{ '{:.99999}'.format(1.5) }}", "{{ 'a'.center(9223372036854775807) }}",
            "{{ 'a'|indent(9223372036854775807) }}", "{{ 'a\\n' * 10000 | indent(100000) }}",
            "{{ [1]|batch(9223372036854775807, 0) }}", "{{ [1]|slice(9223372036854775807) }}",
            "{{ 'aaaaaaaa'.replace('', 'b' * 200000) }}", "{{ 'a\tb'.expandtabs(9223372036854775807) }}",
            "{{ ('a' * 200000).find('a' * 100000 ~ 'b') }}", "{{ {'a': 1}|tojson(indent=9223372036854775807) }}",
            "{{ '9' * 30 | int }}", "{{ ('9' * 30)|int }}", "{{ 1e300|int }}", "{{ (-9223372036854775807 - 1)|abs }}",
        ])
    func bounded(_ source: String) throws {
        let template = try? ChatTemplate(source)
        if let template {
            do {
                let text = try template.render([], Self.tight, .local)
                // Where precedence makes it harmless after all.
                #expect(text.utf8.count < 1000)
            } catch {
                guard case .rendering = error else { throw error }
            }
        }
    }

    @Test("what is nested too deeply is refused when it is read", arguments: [100, 10_000])
    func nesting(_ count: Int) {
        func many(_ text: String) -> String { String(repeating: text, count: count) }
        for source in [
            "{{ \(many("(")) 1 \(many(")")) }}", "{{ \(many("[")) \(many("]")) }}", "{{ \(many("not ")) 1 }}",
            "{{ \(many("-")) 1 }}", "{{ 1 \(many("|string")) }}", "{{ a\(many(".a")) }}", "{{ a\(many("()")) }}",
            "{{ \(many("1 if 1 else ")) 1 }}", "{{ 1 \(many(" if 1")) }}", "{{ \(many("{1:")) 1 \(many("}")) }}",
            "\(many("{% if 1 %}"))\(many("{% endif %}"))", "{% set \(many("(")) a \(many(")")) = 1 %}",
            "{{ 1 \(many(" is odd")) }}",
            "{{ a\(many("[a")) \(many("]")) }}",
        ] {
            #expect(throws: ChatTemplateError.self) { try ChatTemplate(source) }
        }
    }

    @Test("a long chain of operators is not a deep one")
    func chains() throws {
        let sum = "{{ 0" + String(repeating: " + 1", count: 5000) + " }}"
        #expect(try ChatTemplate(sum).render([], RenderingLimits(), .local) == "5000")
        let texts = "{{ ''" + String(repeating: " ~ 'a'", count: 5000) + " }}"
        #expect(try ChatTemplate(texts).render([], RenderingLimits(), .local).utf8.count == 5000)
        let choice = "{{ 0" + String(repeating: " or 0", count: 5000) + " or 'x' }}"
        #expect(try ChatTemplate(choice).render([], RenderingLimits(), .local) == "x")
    }

    @Test("the deepest template and the deepest macros fit on the stack of a small thread")
    func stack() throws {
        let nested =
            String(repeating: "(", count: 40) + "n" + String(repeating: "|string", count: 30)
            + String(repeating: ")|string", count: 40)
        let source =
            "{% macro m(n) %}{% if n %}{% for i in [1] %}{{ [\(nested), m(n + 1)]|join|trim }}{% endfor %}{% endif %}{% endmacro %}{{ m(1) }}"
        let outcome = Outcome()
        let thread = Thread {
            outcome.text = (try? ChatTemplate(source).render([], RenderingLimits(), .local)) ?? "refused"
        }
        thread.stackSize = 4 << 20
        thread.start()
        while !thread.isFinished { Thread.sleep(forTimeInterval: 0.01) }
        #expect(outcome.text == "refused")
    }

    private final class Outcome: @unchecked Sendable {
        var text = ""
    }

    @Test("templates that were changed at random end, and fail in one sentence", arguments: 0..<8)
    func mutations(_ seed: UInt64) throws {
        let fixtures = try Fixtures.read()
        var random = SplitMix64(seed: seed)
        let sources =
            fixtures.small.map(\.template) + (try Set(fixtures.whole.map(\.template)).sorted().map(Fixtures.template))
        var rendered = 0
        for _ in 0..<250 {
            let source = mutated(sources[Int(random.next() % UInt64(sources.count))], sources, &random)
            do {
                _ = try ChatTemplate(source).render(fixtures.variables.members, Self.tight, Fixtures.clock)
                rendered += 1
            } catch {
                #expect(
                    !error.message.isEmpty && error.message.unicodeScalars.count < 500 && !error.message.contains("\n"))
            }
        }
        #expect(rendered > 0)
    }

    private func mutated(_ source: String, _ sources: [String], _ random: inout SplitMix64) -> String {
        var scalars = Array(source.unicodeScalars)
        for _ in 0...random.next() % 4 {
            let other = Array(sources[Int(random.next() % UInt64(sources.count))].unicodeScalars)
            let place = Int(random.next() % UInt64(scalars.count + 1))
            let count = min(Int(random.next() % 8), scalars.count - place)
            switch random.next() % 4 {
            case 0: scalars.removeSubrange(place..<place + count)
            case 1: scalars.insert(contentsOf: scalars[place..<place + count], at: place)
            case 2: scalars.replaceSubrange(place..<place + count, with: other.suffix(Int(random.next() % 40)))
            default: scalars.insert(contentsOf: other.prefix(Int(random.next() % 40)), at: place)
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
