import CKernels
import Foundation
import Kernels

/// What stands at the beginning of a packed file (docs/architecture.md): 32 bytes, then a description in JSON.
///
///     0   8   PARTERRE
///     8   4   version of the format
///     12  4   0
///     16  8   bytes of the JSON
///     24  8   XXH64 of the JSON
///     32      the JSON; zeros up to the next multiple of 4096, where the data begin
///
/// All numbers little-endian.
struct PackedModelHeader: Codable, Equatable {
    /// The sizes that the panels depend on.
    struct Sizes: Codable, Equatable {
        var vocabulary: Int
        var hidden: Int
        var layers: Int
        var heads: Int
        /// The head's weights are the word embedding's.
        var tiedHead: Bool

        init(_ shape: BloomConfiguration) {
            vocabulary = shape.vocabularySize
            hidden = shape.hiddenSize
            layers = shape.layerCount
            heads = shape.headCount
            tiedHead = shape.tiedHead
        }
    }

    /// How a panel lies in memory (`CKernels.h`).
    struct Panels: Codable, Equatable {
        var columns = Int(PK_PANEL)
        var stripColumns = Int(PK_PANEL) / 2
        var kBlock = Int(PK_K_BLOCK)
        var quantizedGroup = Int(PK_QUANT_GROUP)
    }

    struct Tensor: Codable, Equatable {
        var name: String
        var format: String
        var shape: [Int]
        /// Counted from the beginning of the data.
        var offset: Int
        var bytes: Int
        /// 16 hexadecimal digits. Of a vector XXH64 of its bytes, of a matrix XXH64 of its panels' XXH64s.
        var checksum: String
    }

    static let magic = Array("PARTERRE".utf8)
    static let version: UInt32 = 1
    private static let fixedBytes = 32
    /// Far more than any model needs, far less than harms.
    private static let largestJSON = 64 << 20

    var sizes: Sizes
    var weights: String
    var headWeights: String
    var panels: Panels
    var tensors: [Tensor]

    /// - Parameter checksums: in the layout's order; without them, a header of the same length.
    init(
        _ shape: BloomConfiguration, format: WeightFormat, headFormat: WeightFormat, layout: PackedModelLayout,
        checksums: [UInt64]? = nil
    ) {
        sizes = Sizes(shape)
        weights = format.rawValue
        headWeights = headFormat.rawValue
        panels = Panels()
        tensors = layout.tensors.enumerated().map { index, tensor in
            Tensor(
                name: tensor.name, format: (tensor.format ?? .f32).rawValue, shape: tensor.shape, offset: tensor.offset,
                bytes: tensor.byteCount, checksum: Self.text(checksums?[index] ?? 0))
        }
    }

    static func text(_ checksum: UInt64) -> String {
        let digits = String(checksum, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    // MARK: Bytes

    /// The header with its padding: the data follow at once.
    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = try encoder.encode(self)
        var bytes = Self.magic
        func append(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(Self.version)
        append(UInt32(0))
        append(UInt64(json.count))
        append(json.withUnsafeBytes { XXHash64.hash($0) })
        bytes.append(contentsOf: json)
        let page = PackedModelLayout.pageBytes
        bytes.append(contentsOf: repeatElement(0, count: (page - bytes.count % page) % page))
        return bytes
    }

    /// Read a header and where the data begin.
    ///
    /// - Throws: `CheckpointError.malformed`, for whatever bytes there are.
    static func decode(_ bytes: UnsafeRawBufferPointer, file: String) throws -> (header: Self, dataStart: Int) {
        func failure(_ problem: String) -> CheckpointError { .malformed(file: file, problem: problem) }
        guard bytes.count >= fixedBytes, bytes.prefix(magic.count).elementsEqual(magic) else {
            throw failure("this is no packed model: it does not begin with \(String(decoding: magic, as: UTF8.self))")
        }
        func number<Number: FixedWidthInteger>(at offset: Int, _: Number.Type) -> Number {
            Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
        }
        let version = number(at: 8, UInt32.self)
        guard version == Self.version else {
            throw failure(
                "the packed format has version \(version), but this program reads version \(Self.version): "
                    + "write the file again with parterre quantize")
        }
        let length = number(at: 16, UInt64.self)
        guard length <= UInt64(largestJSON) else { throw failure(damage) }
        guard Int(length) <= bytes.count - fixedBytes else {
            throw failure("the file is cut off: its header has \(length) bytes, but only \(bytes.count) are there")
        }
        let json = UnsafeRawBufferPointer(rebasing: bytes[fixedBytes..<fixedBytes + Int(length)])
        guard XXHash64.hash(json) == number(at: 24, UInt64.self),
            let header = try? JSONDecoder().decode(Self.self, from: Data(json))
        else { throw failure(damage) }
        let page = PackedModelLayout.pageBytes
        return (header, (fixedBytes + Int(length) + page - 1) / page * page)
    }

    private static let damage = "the header is damaged: write the file again with parterre quantize"
}
