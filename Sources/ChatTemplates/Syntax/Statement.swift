/// What a template consists of.
indirect enum Statement: Sendable {
    case text(String)
    case output(Expression, line: Int)
    case branch([(condition: Expression, body: [Statement])], otherwise: [Statement], line: Int)
    case loop(LoopStatement, line: Int)
    case assign(Target, Expression, line: Int)
    case assignBlock(Target, filter: Expression?, [Statement], line: Int)
    case macro(Name, MacroDefinition, line: Int)
    case callBlock(Expression, CallArguments, MacroDefinition, line: Int)
    case filterBlock(Expression, [Statement], line: Int)
    case with([(target: Target, value: Expression)], [Statement], line: Int)
    /// `{% generation %}`, which marks what the assistant said for training and changes no text.
    case generation([Statement], line: Int)
    case breakLoop
    case continueLoop
}

/// What is assigned to.
indirect enum Target: Sendable {
    case name(Name)
    /// Of a namespace.
    case attribute(Name, String)
    case tuple([Target])
}

struct LoopStatement: Sendable {
    var target: Target
    var sequence: Expression
    var condition: Expression?
    var body: [Statement]
    var otherwise: [Statement]
}

/// A macro, or the body of a `call` block, which is a macro named `caller`.
final class MacroDefinition: Sendable {
    struct Parameter: Sendable {
        let name: Name
        let standard: Expression?
    }

    /// The names that a macro has besides its parameters, where its body speaks of them.
    struct Extras: Sendable {
        var caller: Name?
        var varargs: Name?
        var kwargs: Name?
    }

    let name: String?
    let parameters: [Parameter]
    let extras: Extras
    let body: [Statement]

    init(name: String?, parameters: [Parameter], extras: Extras, body: [Statement]) {
        self.name = name
        self.parameters = parameters
        self.extras = extras
        self.body = body
    }
}
