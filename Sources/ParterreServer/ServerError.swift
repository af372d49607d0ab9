public import Basics

/// Why a server could not start or had to end.
public enum ServerError: UserFacingError, Equatable {
    case cannotListen(host: String, port: Int, reason: String)
    case badKeys(file: String, reason: String)
    case badOption(name: String, reason: String)

    public var message: String {
        switch self {
        case .cannotListen(let host, let port, let reason):
            "cannot listen on \(host):\(port): \(reason): give another --host or --port"
        case .badKeys(let file, let reason):
            "--api-keys: \(file): \(reason)"
        case .badOption(let name, let reason):
            "--\(name): \(reason)"
        }
    }
}
