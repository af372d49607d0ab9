import Basics

/// A parser, and what must hold of it whatever bytes it is given; that it neither crashes nor hangs goes without saying.
public protocol ParserProperty: Sendable {
    /// Parse the bytes and check what came out.
    ///
    /// - Throws: `Violation` when a property does not hold; any other error is the parser's own refusal.
    static func check(_ bytes: [UInt8]) throws
}

/// A property that does not hold.
struct Violation: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// What a field error says, which is shown with a line or in an answer and is no user-facing error by itself.
struct Refusal: UserFacingError {
    var message: String
}

/// What became of an input whose properties hold.
enum Outcome: Equatable {
    case accepted
    /// The sentence that the user reads.
    case refused(String)
}

extension ParserProperty {
    /// One input of the fuzzer; dies where a property does not hold, so that libFuzzer keeps the input.
    public static func fuzz(_ start: UnsafeRawPointer?, _ count: Int) -> CInt {
        do {
            _ = try outcome([UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        } catch {
            fatalError("\(error)")
        }
        return 0
    }

    /// - Throws: `Violation`, also for an error that is not made for users.
    static func outcome(_ bytes: [UInt8]) throws -> Outcome {
        try requireSentence { try check(bytes) }
    }

    /// Run a parser of which nothing but its refusal matters.
    @discardableResult
    static func requireSentence(_ parse: () throws -> Void) throws -> Outcome {
        do {
            try parse()
            return .accepted
        } catch let violation as Violation {
            throw violation
        } catch let error as any UserFacingError {
            try requireSentence(error.message)
            return .refused(error.message)
        } catch {
            throw Violation("an error that is not made for users: \(error)")
        }
    }

    /// A message must fit on a line of a terminal, and do nothing to the terminal.
    static func requireSentence(_ message: String) throws {
        let length = message.unicodeScalars.count
        try require(length > 0, "the message is empty")
        try require(length < 500, "the message has \(length) characters")
        for scalar in message.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                throw Violation("the message holds \(scalar.escaped(asASCII: true))")
            default: break
            }
        }
    }

    static func require(_ holds: Bool, _ what: @autoclosure () -> String) throws {
        if !holds { throw Violation(what()) }
    }
}
