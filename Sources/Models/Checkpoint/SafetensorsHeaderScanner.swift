import Basics
import Foundation

/// Reads the JSON of a safetensors header and nothing else: an object of tensors, each with exactly `dtype`, `shape`
/// and `data_offsets`, beside an optional `__metadata__` of strings.
///
/// Not Foundation's parser, because that keeps one of two equal keys without a word, and a repeated name is how two
/// readers of one file come to see two models. The grammar has a fixed depth, so no input can nest.
struct SafetensorsHeaderScanner {
    /// A tensor as the header states it; nothing but the syntax is checked.
    struct Statement: Equatable {
        var name: String
        var type: String
        var shape: [Int]
        var offsets: [Int]
    }

    static let metadataKey = "__metadata__"

    private let file: String
    private let bytes: [UInt8]
    private var position = 0

    init(_ header: [UInt8], file: String) {
        bytes = header
        self.file = file
    }

    /// - Throws: `CheckpointError.malformed` or `.malformedTensor`.
    mutating func statements() throws -> [Statement] {
        var result: [Statement] = []
        guard bytes.first == UInt8(ascii: "{") else { throw failure("the header does not begin with {") }
        // Compared as bytes: two spellings that Unicode calls equal are two names.
        var keys: Set<[UInt8]> = []
        try members { scanner, key in
            guard keys.insert(Array(key.utf8)).inserted else {
                throw scanner.failure("the header has the key \(quoted(key)) twice")
            }
            if key == Self.metadataKey {
                try scanner.members { scanner, _ in _ = try scanner.string() }
            } else {
                result.append(try scanner.tensor(named: key))
            }
        }
        skipSpace()
        guard position == bytes.count else { throw failure("the header goes on behind its last }") }
        return result
    }

    private mutating func tensor(named name: String) throws -> Statement {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try members { scanner, key in
            switch key {
            case "dtype" where type == nil: type = try scanner.string()
            case "shape" where shape == nil: shape = try scanner.integers()
            case "data_offsets" where offsets == nil: offsets = try scanner.integers()
            default:
                throw CheckpointError.malformedTensor(
                    name, file: scanner.file, problem: "has the field \(quoted(key)), unknown or for the second time")
            }
        }
        guard let type, let shape, let offsets else {
            let missing = type == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
            throw CheckpointError.malformedTensor(name, file: file, problem: "has no \(missing)")
        }
        return Statement(name: name, type: type, shape: shape, offsets: offsets)
    }

    /// An object; `value` reads what follows each key.
    private mutating func members(_ value: (inout Self, String) throws -> Void) throws {
        try expect("{")
        if take("}") { return }
        repeat {
            let key = try string()
            try expect(":")
            try value(&self, key)
        } while take(",")
        try expect("}")
    }

    private mutating func integers() throws -> [Int] {
        var result: [Int] = []
        try expect("[")
        if take("]") { return [] }
        repeat { result.append(try integer()) } while take(",")
        try expect("]")
        return result
    }

    private mutating func integer() throws -> Int {
        skipSpace()
        let start = position
        var value = 0
        while position < bytes.count, bytes[position] >= 48, bytes[position] <= 57 {
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(Int(bytes[position]) - 48)
            guard !overflow, !carry else { throw failure("a number in the header is too large") }
            value = sum
            position += 1
        }
        guard position > start, position == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            position = start
            throw unexpected("a whole number, 0 or more")
        }
        return value
    }

    private mutating func string() throws -> String {
        try expect("\"")
        let start = position
        var escaped = false
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] >= 0x20 else { throw unexpected("no control character in a string") }
            if bytes[position] == UInt8(ascii: "\\") {
                escaped = true
                position += 1
            }
            position += 1
        }
        guard position < bytes.count else { throw failure("the header ends inside a string") }
        defer { position += 1 }
        // Escapes are rare and Foundation knows them all; it gets the string with its quotes.
        let text =
            escaped
            ? try? JSONDecoder().decode(String.self, from: Data(bytes[start - 1...position]))
            : String(validating: bytes[start..<position], as: UTF8.self)
        guard let text else {
            throw failure("the header has a string that is not valid JSON in UTF-8 at byte \(start)")
        }
        return text
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        guard take(character) else { throw unexpected("\"\(character)\"") }
    }

    private func unexpected(_ wanted: String) -> CheckpointError {
        guard position < bytes.count else { return failure("the header ends where \(wanted) should be") }
        return failure("the header is not valid: \(wanted) should be at byte \(position)")
    }

    private func failure(_ problem: String) -> CheckpointError { .malformed(file: file, problem: problem) }
}
