import CKernels
public import Kernels

extension Checkpoint: WeightSource {
    public var isBF16: Bool { tensors.allSatisfy { $0.type == PK_BF16 } }

    public var byteCount: Int { tensors.reduce(0) { $0 + $1.bytes.count } }

    public func reader(of name: String, shape: [Int]) throws -> any TensorReader { try tensor(name, shape: shape) }
}

extension TensorView: TensorReader {
    public var byteCount: Int { bytes.count }

    private var rowCount: Int { shape.count < 2 ? 1 : shape[0] }
    private var rowBytes: Int { bytes.count / max(1, rowCount) }

    private func bytes(ofRows rows: Range<Int>) -> Range<Int> {
        rows.lowerBound * rowBytes..<rows.upperBound * rowBytes
    }

    public func read(_ rows: [Range<Int>], crew: WorkerLanes) -> [SourceMatrix] {
        rows.map { held in
            SourceMatrix(
                bytes: UnsafeRawBufferPointer(rebasing: bytes[bytes(ofRows: held)]), type: type, rows: rowCount,
                k: rowBytes / bytesPerElement, held: held)
        }
    }

    public func discard(_ rows: [Range<Int>]) {
        for rows in rows { discard(bytes: bytes(ofRows: rows)) }
    }
}
