import ArgumentParser
import Parterre

/// `auto`, `0`, `512MB`, `2GiB` or a number of bytes.
struct SwapAmount: ExpressibleByArgument, Equatable {
    /// `nil`: the engine chooses.
    var bytes: Int?

    init(bytes: Int?) { self.bytes = bytes }

    init?(argument: String) {
        if argument == "0" {
            bytes = 0
            return
        }
        switch MemoryAmount(argument: argument)?.value {
        case .automatic: bytes = nil
        case .bytes(let number): bytes = number
        case .share, nil: return nil
        }
    }

    var defaultValueDescription: String { bytes.map(String.init) ?? "auto" }
}
