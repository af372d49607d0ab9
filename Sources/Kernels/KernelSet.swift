public import Basics
public import CKernels
import Foundation

/// The kernels of one instruction set, chosen once at start. A value of this type is a proof that this CPU can run them.
public struct KernelSet: @unchecked Sendable {
    // Points at a constant table in the C leaf: immutable, alive for the whole process.
    public let table: UnsafePointer<pk_kernels>

    public var name: String { String(cString: table.pointee.name) }

    /// Whether bf16 products add in the order of AMX's tiles: their bits are then not those of the other instruction sets.
    public var addsBF16InTiles: Bool { table.pointee.bf16_order == Int32(PK_PAIRS_IN_TILES.rawValue) }

    /// Names that this CPU can run, best first.
    public static var available: [String] { known.filter { pk_find($0) != nil } }

    /// Names that this build knows, best first.
    public static var known: [String] {
        var names: [String] = []
        var next = pk_names()
        while let name = next?.pointee {
            names.append(String(cString: name))
            next = next?.advanced(by: 1)
        }
        return names
    }

    /// The kernels called `name`; without a name those of the environment's `PARTERRE_ISA`, else the best of this CPU.
    ///
    /// - Throws: `KernelError` when the name is unknown or this CPU cannot run it.
    public static func select(named name: String? = nil) throws -> KernelSet {
        let asked = name ?? ProcessInfo.processInfo.environment["PARTERRE_ISA"].flatMap { $0.isEmpty ? nil : $0 }
        guard let chosen = asked ?? available.first else { throw KernelError.noInstructionSet }
        guard known.contains(chosen) else { throw KernelError.unknownInstructionSet(chosen, known: known) }
        guard let table = pk_find(chosen) else {
            throw KernelError.unsupportedInstructionSet(chosen, available: available)
        }
        return KernelSet(table: table)
    }
}

/// What can be wrong with a request for kernels, lanes or memory.
public enum KernelError: UserFacingError, Equatable {
    case noInstructionSet
    case unknownInstructionSet(String, known: [String])
    case unsupportedInstructionSet(String, available: [String])
    case outOfMemory(bytes: Int, purpose: String)
    case badThreadCount(Int)

    public var message: String {
        switch self {
        case .noInstructionSet:
            "this build has no kernels for this CPU"
        case .unknownInstructionSet(let name, let known):
            "PARTERRE_ISA: there is no instruction set \"\(name)\": use one of \(known.joined(separator: ", "))"
        case .unsupportedInstructionSet(let name, let available):
            "PARTERRE_ISA: this CPU cannot run \"\(name)\": use one of \(available.joined(separator: ", "))"
        case .outOfMemory(let bytes, let purpose):
            "the system refused \(bytes) bytes for \(purpose): lower --cache-memory or free some memory"
        case .badThreadCount(let count):
            "--threads: \(count) is not a number of threads between 1 and 1024"
        }
    }
}
