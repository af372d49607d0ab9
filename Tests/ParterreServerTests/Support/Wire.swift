import Foundation
import Synchronization

/// A client that a test has wholly in its hands: one connection, bytes out and bytes in.
final class Wire: Sendable {
    enum Failure: Error {
        case cannotConnect(Int32)
        case cannotSend(Int32)
        /// Nothing came for half a minute.
        case silence
        case broken(Int32)
    }

    private let socket: Int32
    /// What came and was not taken yet.
    private let rest = Mutex<[UInt8]>([])

    /// - Parameter receiveBuffer: bytes that the system keeps for a client that does not read.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var patience = timeval(tv_sec: 120, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        if var receiveBuffer {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let outcome = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // `deinit` closes the socket.
        if outcome != 0 { throw Failure.cannotConnect(errno) }
    }

    deinit { Foundation.close(socket) }

    /// Hang up: the server sees the end of what this client says.
    func hangUp() { shutdown(socket, Int32(SHUT_RDWR)) }

    func send(_ text: String) async throws {
        try await onThread { [self] in
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes {
                    Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure.cannotSend(errno) }
                bytes = bytes.dropFirst(count)
            }
        }
    }

    /// Bytes up to and with the marker; `nil` when the server ends the connection before it.
    func read(through marker: String) async throws -> String? {
        try await onThread { [self] in
            let marker = Array(marker.utf8)
            while true {
                let found: [UInt8]? = rest.withLock { rest in
                    guard let range = rest.firstRange(of: marker) else { return nil }
                    defer { rest.removeFirst(range.upperBound) }
                    return Array(rest[..<range.upperBound])
                }
                if let found { return String(decoding: found, as: UTF8.self) }
                guard try receive() else { return nil }
            }
        }
    }

    func read(count: Int) async throws -> String? {
        try await onThread { [self] in
            while true {
                let found: [UInt8]? = rest.withLock { rest in
                    guard rest.count >= count else { return nil }
                    defer { rest.removeFirst(count) }
                    return Array(rest[..<count])
                }
                if let found { return String(decoding: found, as: UTF8.self) }
                guard try receive() else { return nil }
            }
        }
    }

    /// False at the connection's end.
    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &buffer, buffer.count, 0)
        if count < 0 { throw errno == EAGAIN ? Failure.silence : Failure.broken(errno) }
        rest.withLock { $0.append(contentsOf: buffer[..<max(0, count)]) }
        return count > 0
    }

    /// Blocking calls have no place on a cooperative thread, nor on one of Dispatch's, which the engine needs.
    private func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
        }
    }
}
