/// Carries out a template once.
final class Renderer {
    let budget: Budget
    /// What is shown as `strftime_now`.
    let clock: TemplateClock
    /// Where the template is being carried out, for errors.
    var line = 1
    var frame: Frame
    var output = ""

    /// The number of the name `loop`, if the template speaks of it.
    let loopName: Int?

    private let limits: RenderingLimits
    private var nesting = 0
    /// Scopes and namespaces can refer to one another in a circle or a long chain: they are emptied one by one in the end.
    private var namespaces: [Namespace] = []
    private var capturedFrames: [Frame] = []
    private var changedLoops: [Loop] = []

    /// What a statement leads to.
    enum Flow { case on, breakLoop, continueLoop }

    init(_ limits: RenderingLimits, clock: TemplateClock, loopName: Int?) {
        self.limits = limits
        self.loopName = loopName
        self.clock = clock
        budget = Budget(limits)
        frame = Frame(inside: nil)
    }

    deinit {
        for namespace in namespaces { namespace.attributes = [] }
        for frame in capturedFrames { frame.removeAll() }
        for loop in changedLoops { loop.lastChanged = nil }
    }

    func nested<Result>(_ body: () throws -> Result) throws -> Result {
        guard nesting < limits.nesting else { throw Fault.failed("it is nested too deeply") }
        nesting += 1
        defer { nesting -= 1 }
        return try body()
    }

    func write(_ text: String) throws {
        try budget.spend(bytes: text.utf8.count)
        guard output.utf8.count + text.utf8.count <= limits.output else {
            throw Fault.failed("its text grows too long")
        }
        output += text
    }

    /// What a body writes, instead of writing it.
    func captured(_ body: () throws -> Void) throws -> String {
        let outer = output
        output = ""
        try body()
        defer { output = outer }
        return output
    }

    /// A scope of its own for a body.
    func scoped<Result>(inside parent: Frame? = nil, _ body: () throws -> Result) throws -> Result {
        try budget.spend(bytes: 64)
        let outer = frame
        let parent = parent ?? outer
        // A macro can make one that sees its variables, which makes another one, and so on.
        guard parent.depth < 2 * limits.nesting else { throw Fault.failed("its scopes are nested too deeply") }
        frame = Frame(inside: parent)
        defer { frame = outer }
        return try body()
    }

    func makeMacro(_ definition: MacroDefinition) throws -> Function.Macro {
        if !frame.isCaptured {
            try budget.spend(bytes: 512)
            frame.isCaptured = true
            capturedFrames.append(frame)
        }
        return Function.Macro(definition, frame)
    }

    func makeNamespace() throws -> Namespace {
        try budget.spend(bytes: 256)
        let namespace = Namespace()
        namespaces.append(namespace)
        return namespace
    }

    /// Keep for `loop.changed(…)` what it was given.
    func remember(_ values: [Value], for loop: Loop) throws {
        if loop.lastChanged == nil {
            try budget.spend(bytes: 256)
            changedLoops.append(loop)
        }
        loop.lastChanged = values
    }

    func text(of value: Value) throws -> String { try ValueWriter.text(of: value, budget) }

    func count(_ value: Value) throws -> Int { try budget.count(of: value) }
}
