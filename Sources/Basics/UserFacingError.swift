/// An error whose `message` is one clear sentence for the person who gave the input: what is wrong, where, what to do.
public protocol UserFacingError: Error, CustomStringConvertible, Sendable {
    var message: String { get }
}

extension UserFacingError {
    public var description: String { message }
}
