import BatchFiles
import Forms
import Testing

@testable import ParterreCLI

@Suite("Texts for people")
struct PlainTextTests {
    @Test("one prompt streams as it comes")
    func streaming() {
        var text = PlainText(prompts: ["Once"], samples: 1, showsControls: true)
        #expect(text.start() == "Once")
        #expect(text.append(" upon", to: .init(prompt: 0, sample: 0)) == " upon")
        #expect(text.append(" a time", to: .init(prompt: 0, sample: 0)) == " a time")
        #expect(text.end(.init(prompt: 0, sample: 0)) == "\n")
    }

    @Test("several texts come one after the other, under headings")
    func severalTexts() {
        var text = PlainText(prompts: ["A", "B"], samples: 2, showsControls: true)
        var shown = text.start()
        shown += text.append("b0", to: .init(prompt: 1, sample: 0))
        shown += text.end(.init(prompt: 1, sample: 0))
        shown += text.append("a1", to: .init(prompt: 0, sample: 1))
        shown += text.append("a0", to: .init(prompt: 0, sample: 0))
        #expect(shown == "=== 1/2, sample 1/2 ===\nAa0")
        shown += text.end(.init(prompt: 0, sample: 0))
        shown += text.append("!", to: .init(prompt: 0, sample: 1))
        shown += text.end(.init(prompt: 0, sample: 1))
        shown += text.end(.init(prompt: 1, sample: 1))
        #expect(
            shown == """
                === 1/2, sample 1/2 ===
                Aa0

                === 1/2, sample 2/2 ===
                Aa1!

                === 2/2, sample 1/2 ===
                Bb0

                === 2/2, sample 2/2 ===
                B

                """)
    }

    @Test("on a terminal no text steers the terminal")
    func controls() {
        var text = PlainText(prompts: ["A"], samples: 1, showsControls: false)
        _ = text.start()
        #expect(
            text.append("a\u{1B}[31m\tb\n\u{9B}é", to: .init(prompt: 0, sample: 0)) == "a\u{FFFD}[31m\tb\n\u{FFFD}é")
    }
}
