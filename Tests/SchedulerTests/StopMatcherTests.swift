import TestSupport
import Testing

@testable import Scheduler

@Suite("Stop strings")
struct StopMatcherTests {
    /// Where the first stop string begins, by looking at every end and every string; `nil` if there is none.
    private func naive(_ text: [UInt8], _ stops: [String], from: Int = 0) -> Int? {
        for end in 0...text.count where end > from {
            let starts = stops.map { Array($0.utf8) }.filter { text[..<end].suffix($0.count).elementsEqual($0) }
                .map { end - $0.count }
            if let start = starts.min() { return start }
        }
        return nil
    }

    private func run(_ pieces: [String], _ stops: [String]) -> (pieces: [String], hasEnded: Bool) {
        var matcher = StopMatcher(StopStrings(stops))
        var visible = pieces.map { matcher.append($0) }
        if !matcher.hasEnded { visible.append(matcher.finish()) }
        return (visible, matcher.hasEnded)
    }

    @Test("the first one is found as a naive search finds it, whatever the pieces", arguments: 0..<200 as Range<UInt64>)
    func againstNaiveSearch(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        // Few letters, of one to four bytes, make many near misses.
        let letters: [Character] = seed % 2 == 0 ? ["a", "b"] : ["a", "é", "語", "🌱"]
        func string(_ lengths: ClosedRange<Int>) -> String {
            String((0..<Int.random(in: lengths, using: &random)).map { _ in letters.randomElement(using: &random)! })
        }
        let stops = (0..<Int.random(in: 1...4, using: &random)).map { _ in string(1...6) }
        let text = string(0...60)
        let expected = naive(Array(text.utf8), stops)

        var pieces: [String] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            let length = Int.random(in: 0...4, using: &random)
            pieces.append(String(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        let (visible, hasEnded) = run(pieces, stops)
        #expect(hasEnded == (expected != nil), "seed \(seed)")
        #expect(Array(visible.joined().utf8) == Array(text.utf8.prefix(expected ?? .max)), "seed \(seed)")
    }

    @Test("splitting the text at any two points changes nothing")
    func everySplit() {
        let text = "one\n\ntwo ### three"
        let characters = Array(text)
        for first in 0...characters.count {
            for second in first...characters.count {
                let pieces = [characters[..<first], characters[first..<second], characters[second...]].map {
                    String($0)
                }
                #expect(run(pieces, ["###"]).pieces.joined() == "one\n\ntwo ")
                #expect(run(pieces, ["three!", "\n\nt"]).pieces.joined() == "one")
                #expect(run(pieces, ["four"]).pieces.joined() == text)
            }
        }
    }

    @Test("text is given out as soon as it cannot begin a stop string, and not before")
    func holdsBack() {
        #expect(run(["a", "b", "a", "b", "x"], ["abac"]).pieces == ["", "", "", "ab", "abx", ""])
        #expect(run(["aa", "b"], ["aab"]).pieces == ["", ""])
        #expect(run(["<", "<", "end"], ["<end"]).pieces == ["", "<", ""])
        #expect(run(["hello"], []).pieces == ["hello", ""])
        // What was held back is text when the text ends.
        #expect(run(["a ##"], ["###"]).pieces == ["a ", "##"])
    }

    @Test("of stop strings that end together the longest counts; else the one that ends first")
    func whichOne() {
        #expect(run(["xabc"], ["bc", "abc", "c"]).pieces.joined() == "x")
        #expect(run(["xabcd"], ["abcd", "bc"]).pieces.joined() == "xa")
    }

    @Test("one that is completed while none counts is text, and may overlap the next")
    func notYet() {
        var matcher = StopMatcher(StopStrings(["aba"]))
        #expect(matcher.append("xaba", counts: false) == "xab")
        #expect(!matcher.hasEnded)
        #expect(matcher.append("ba", counts: true) == "")
        #expect(matcher.hasEnded)
        #expect(matcher.append("more", counts: true) == "")
    }

    @Test("a long stop string in a long text of near misses takes linear time")
    func linear() {
        let stop = String(repeating: "a", count: 2000) + "b"
        let text = String(repeating: "a", count: 30_000)
        let (visible, hasEnded) = run([text, "b"], [stop])
        #expect(hasEnded)
        #expect(visible.joined().utf8.count == 28_000)
    }
}
