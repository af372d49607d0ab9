import Foundation

/// An input that holds several texts has the byte FF between them, which no UTF-8 has.
func parts(_ bytes: [UInt8], atMost count: Int) -> [[UInt8]] {
    bytes.split(separator: 0xFF, maxSplits: count - 1, omittingEmptySubsequences: false).map(Array.init)
}

func json(_ text: String) throws -> String { String(decoding: try JSONEncoder().encode(text), as: UTF8.self) }

/// Strings that are equal byte by byte; Swift's `==` takes canonical equivalents for equal.
func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }
