/// What a rendering may use before it is taken for one that never ends: templates come from outside.
struct RenderingLimits: Sendable {
    /// Expressions and statements carried out, comparisons and passes through a loop.
    var steps = 10_000_000
    /// Bytes of text and lists made or looked through.
    var bytes = 256 << 20
    /// Bytes of the text that comes out, which no context window holds.
    var output = 32 << 20
    /// Expressions and statements inside one another, through macros too.
    var nesting = 300
}

/// Counts down what is left of the limits. Every operation whose cost is not constant asks here first.
final class Budget {
    private var steps: Int
    private var bytes: Int

    init(_ limits: RenderingLimits) {
        steps = limits.steps
        bytes = limits.bytes
    }

    func step() throws {
        steps -= 1
        if steps < 0 { throw Fault.failed("it takes too many steps") }
    }

    func spend(bytes count: Int) throws {
        guard count >= 0, count <= bytes else { throw Fault.failed("it handles too much text") }
        bytes -= count
    }

    /// For lists that are made or walked through.
    func spend(elements count: Int) throws {
        let (size, overflow) = count.multipliedReportingOverflow(by: 32)
        try spend(bytes: overflow ? .max : size)
    }
}

/// An error that does not know its line yet, which the renderer adds.
enum Fault: Error {
    case failed(String)
    /// `raise_exception`.
    case refused(String)
}
