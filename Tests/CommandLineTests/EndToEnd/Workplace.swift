import Foundation
import TestSupport

/// A folder with a small random model, and files for a test to use.
struct Workplace {
    let folder: TemporaryDirectory
    let model: String

    init(tokenizer: Bool = true) throws {
        folder = try TemporaryDirectory()
        let directory = folder.url.appending(path: "model", directoryHint: .isDirectory)
        model = directory.path(percentEncoded: false)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        // 6 heads, so that the slopes of ALiBi are not those of a power of two.
        try RandomCheckpoint(hidden: 48, heads: 6, vocabulary: 264).write(to: directory)
        if tokenizer { try ByteTokenizer.write(to: directory) }
    }

    /// Options of every run: few threads and little memory, so that tests can run side by side.
    var modelOptions: [String] { ["--model", model, "--threads", "1", "--cache-memory", "16MB"] }

    func path(_ name: String) -> String { folder.url.appending(path: name).path(percentEncoded: false) }

    func write(_ text: String, to name: String) throws { try Data(text.utf8).write(to: URL(filePath: path(name))) }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path(name))), as: UTF8.self)
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
}

/// A `tokenizer.json` whose tokens are the 256 bytes, after BLOOM's four special tokens.
enum ByteTokenizer {
    static func write(to directory: URL) throws {
        let special = ["<unk>", "<s>", "</s>", "<pad>"]
        var vocabulary: [String: Int] = [:]
        for (id, name) in special.enumerated() { vocabulary[name] = id }
        for byte in 0...255 { vocabulary[String(letter(of: UInt8(byte)))] = byte + special.count }
        let added = special.enumerated().map { id, name -> [String: Any] in
            [
                "id": id, "content": name, "special": true, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false,
            ]
        }
        let byteLevel: [String: Any] = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
        ]
        let file: [String: Any] = [
            "version": "1.0", "added_tokens": added, "normalizer": NSNull(),
            "pre_tokenizer": [
                "type": "Sequence",
                "pretokenizers": [
                    [
                        "type": "Split", "pattern": ["Regex": " ?[^(\\s|[.,!?…。，、।۔،])]+"], "behavior": "Isolated",
                        "invert": false,
                    ], byteLevel,
                ],
            ],
            "post_processor": byteLevel, "decoder": byteLevel,
            "model": [
                "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(), "continuing_subword_prefix": NSNull(),
                "end_of_word_suffix": NSNull(), "fuse_unk": false, "vocab": vocabulary, "merges": [String](),
            ],
        ]
        try JSONSerialization.data(withJSONObject: file).write(to: directory.appending(path: "tokenizer.json"))
    }

    /// GPT-2's visible letter of a byte: itself where it is one, else a letter from U+0100 on.
    private static func letter(of byte: UInt8) -> Unicode.Scalar {
        func isVisible(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
            default: false
            }
        }
        if isVisible(byte) { return Unicode.Scalar(byte) }
        let rank = (0..<byte).count { !isVisible($0) }
        return Unicode.Scalar(UInt16(0x100 + rank)) ?? "?"
    }
}
