import Basics

/// One safetensors file, mapped, its header fully checked: every tensor's type, shape and bytes agree, and the tensors
/// cover the data without gap or overlap. (The rules: `validate` in safetensors/src/tensor.rs.)
///
/// Layout: header length N, eight bytes little-endian; N bytes of JSON; the data, from which offsets count.
struct SafetensorsFile {
    struct Entry {
        let name: String
        let type: ElementType
        let shape: [Int]
        /// Counted from the beginning of the file.
        let range: Range<Int>
    }

    /// As large as safetensors itself allows.
    static let largestHeader = 100_000_000

    let mapping: MappedFile
    /// In the order of their bytes.
    let entries: [Entry]

    /// - Throws: `CheckpointError`.
    init(path: String) throws {
        mapping = try MappedFile(path: path)
        entries = try Self.entries(of: mapping.bytes, file: path)
    }

    /// What a file of these bytes holds; `file` is the name for it.
    ///
    /// - Throws: `CheckpointError`, for whatever bytes there are.
    static func entries(of bytes: UnsafeRawBufferPointer, file: String) throws -> [Entry] {
        let dataStart = try dataStart(bytes, file: file)
        var scanner = SafetensorsHeaderScanner(Array(bytes[8..<dataStart]), file: file)
        return try check(try scanner.statements(), data: dataStart..<bytes.count, file: file)
    }

    private static func dataStart(_ bytes: UnsafeRawBufferPointer, file: String) throws -> Int {
        func failure(_ problem: String) -> CheckpointError { .malformed(file: file, problem: problem) }
        guard bytes.count >= 8 else {
            throw failure("this is no safetensors file: it has \(bytes.count) bytes, not even a header length")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(largestHeader) else {
            throw failure(
                "this is no safetensors file: its header would be \(length) bytes long (at most \(largestHeader))")
        }
        guard Int(length) <= bytes.count - 8 else {
            throw failure("the file is cut off: its header has \(length) bytes, but only \(bytes.count - 8) are there")
        }
        return 8 + Int(length)
    }

    private static func check(
        _ statements: [SafetensorsHeaderScanner.Statement], data: Range<Int>, file: String
    ) throws -> [Entry] {
        var entries: [Entry] = []
        entries.reserveCapacity(statements.count)
        for statement in statements {
            func failure(_ problem: String) -> CheckpointError {
                .malformedTensor(statement.name, file: file, problem: problem)
            }
            guard let type = ElementType(rawValue: statement.type) else {
                throw failure("has the unknown type \(quoted(statement.type))")
            }
            guard statement.offsets.count == 2 else {
                throw failure("has \(statement.offsets.count) data_offsets, not two")
            }
            let (begin, end) = (statement.offsets[0], statement.offsets[1])
            guard begin <= end else { throw failure("ends at byte \(end), before it begins at \(begin)") }
            guard let needed = type.byteCount(shape: statement.shape) else {
                throw failure("has the impossible shape \(printable(statement.shape)) for \(type.rawValue)")
            }
            guard needed == end - begin else {
                throw failure(
                    "takes \(end - begin) bytes, but \(printable(statement.shape)) of \(type.rawValue) needs \(needed)")
            }
            guard end <= data.count else {
                throw failure("ends at byte \(end) of the data, but the file is cut off after \(data.count)")
            }
            let range = data.lowerBound + begin..<data.lowerBound + end
            entries.append(Entry(name: statement.name, type: type, shape: statement.shape, range: range))
        }

        // Empty tensors share their place with a neighbour, so the end decides between equal beginnings.
        entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var covered = data.lowerBound
        for (index, entry) in entries.enumerated() {
            guard entry.range.lowerBound >= covered else {
                throw CheckpointError.malformedTensor(
                    entry.name, file: file, problem: "overlaps tensor \(quoted(entries[index - 1].name))")
            }
            guard entry.range.lowerBound == covered else {
                throw CheckpointError.malformedTensor(
                    entry.name, file: file,
                    problem: "leaves a gap of \(entry.range.lowerBound - covered) bytes in front of it")
            }
            covered = entry.range.upperBound
        }
        guard covered == data.upperBound else {
            throw CheckpointError.malformed(
                file: file, problem: "\(data.upperBound - covered) bytes follow the last tensor and belong to none")
        }
        return entries
    }
}
