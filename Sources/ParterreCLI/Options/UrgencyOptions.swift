import ArgumentParser
import Forms
import Parterre

/// Who is served first, and until when, where a line says nothing of its own.
struct UrgencyOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Requests of lower values are served before those of higher ones.", valueName: "number"))
    var priority: Int = 0

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "End a text so long after its request was taken up, with what it has then. (default: never)",
            valueName: "seconds"))
    var deadline: Seconds?

    func apply(to defaults: inout RequestOptions) {
        defaults.priority = priority
        defaults.deadline = deadline?.duration
    }

    func validate() throws {
        do {
            var request = GenerationRequest("")
            request.priority = priority
            request.deadline = deadline?.duration
            try request.validateUrgency()
        } catch .invalid(let field, let reason) {
            throw ValidationError("--\(field): \(reason)")
        } catch {
            throw ValidationError(error.message)
        }
    }
}

/// A length of time in seconds, maybe with a fraction.
struct Seconds: ExpressibleByArgument, Equatable {
    var duration: Duration

    init(duration: Duration) { self.duration = duration }

    init?(argument: String) {
        guard let duration = Double(argument).flatMap(Duration.init(wholeOrFractionalSeconds:)) else { return nil }
        self.duration = duration
    }
}
