import BatchFiles
import Foundation
import Parterre

/// Why a command ended before its work was done.
enum CommandError: UserFacingError, Equatable {
    /// The command line asks for something that makes no sense.
    case usage(String)
    /// An input, an existing output or a model that cannot be used; nothing has been written.
    case input(String)
    /// A failure in the middle of a run.
    case failed(String)
    /// The reader of our output went away; there is nobody to tell.
    case readerGone

    var message: String {
        switch self {
        case .usage(let message), .input(let message), .failed(let message): message
        case .readerGone: "the reader of the output went away"
        }
    }

    /// An error that came up once a run had begun.
    init(duringRun error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case FileError.readerGone: self = .readerGone
        case let error as any UserFacingError: self = .failed(error.message)
        default: self = .failed(String(describing: error))
        }
    }

    /// What to print, `nil` when silence is right.
    var shownMessage: String? { self == .readerGone ? nil : message }

    var exitCode: Int32 {
        switch self {
        case .usage, .input: 2
        case .failed, .readerGone: 1
        }
    }
}
