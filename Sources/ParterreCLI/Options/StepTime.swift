import ArgumentParser

/// `none` or a number of seconds.
struct StepTime: ExpressibleByArgument, Equatable {
    /// `nil`: no bound.
    var duration: Duration?

    init(_ duration: Duration?) { self.duration = duration }

    init?(argument: String) {
        if argument == "none" {
            duration = nil
        } else if let seconds = Double(argument), seconds > 0, seconds <= 86_400 {
            duration = .seconds(seconds)
        } else {
            return nil
        }
    }
}
