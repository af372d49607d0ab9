import Basics
import Foundation

/// Why a file of lines could not be read or written.
package enum FileError: UserFacingError, Equatable {
    /// An input or an existing output that cannot be used; nothing has been written.
    case unusable(String)
    /// Reading or writing failed in the middle.
    case failed(String)
    /// The reader of our output went away; there is nobody to tell.
    case readerGone

    package var message: String {
        switch self {
        case .unusable(let message), .failed(let message): message
        case .readerGone: "the reader of the output went away"
        }
    }

    /// The system's words for an `errno`.
    package static func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }
}
