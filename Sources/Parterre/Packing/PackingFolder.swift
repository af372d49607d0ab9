import Foundation
import Models

/// The folder that a packed model is written to: made or checked before the work, and as it was after a work that failed.
struct PackingFolder {
    /// Files of a checkpoint that go along; all but the first may be missing.
    static let companions = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "chat_template.jinja",
    ]

    let url: URL
    private let isNew: Bool
    private let wasPacked: Bool

    /// - Parameter replaces: whether a packed model that is there may be replaced.
    /// - Throws: `PackingError` where the folder holds anything else, or cannot be made.
    init(_ url: URL, replaces: Bool) throws {
        self.url = url
        wasPacked = PackedModel.isPacked(url)
        var isDirectory: ObjCBool = false
        isNew = !FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
        if isNew {
            try Self.attempt(url) {
                try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            }
            return
        }
        guard isDirectory.boolValue else { throw PackingError.notADirectory(url.path) }
        guard !wasPacked || replaces else { throw PackingError.outputExists(url.path, isPacked: true) }
        guard try wasPacked || isOurs() else { throw PackingError.outputExists(url.path, isPacked: false) }
    }

    /// The checkpoint's small files, and none that an earlier model left behind.
    ///
    /// - Throws: `PackingError.unwritable`.
    func copyCompanions(from directory: URL) throws {
        for name in Self.companions {
            let (source, target) = (directory.appending(path: name), url.appending(path: name))
            try Self.attempt(target) {
                if FileManager.default.fileExists(atPath: source.path) {
                    try Data(contentsOf: source).write(to: target, options: .atomic)
                } else if FileManager.default.fileExists(atPath: target.path) {
                    try FileManager.default.removeItem(at: target)
                }
            }
        }
    }

    /// What a work that was killed left under another name.
    func removeLeftovers() {
        for name in (try? names()) ?? [] where Self.isPartial(name) {
            try? FileManager.default.removeItem(at: url.appending(path: name))
        }
    }

    /// After a failure: take away what was copied, unless it belongs to the packed model that is there.
    func undo() {
        if isNew {
            try? FileManager.default.removeItem(at: url)
        } else if !wasPacked {
            for name in Self.companions { try? FileManager.default.removeItem(at: url.appending(path: name)) }
        }
    }

    private func names() throws -> [String] {
        try Self.attempt(url) { try FileManager.default.contentsOfDirectory(atPath: url.path) }
    }

    private static func isPartial(_ name: String) -> Bool {
        name.hasPrefix(PackedModel.fileName + ".") && name.hasSuffix(".partial")
    }

    /// Whether the folder holds nothing, or nothing but what a work that was killed has left.
    private func isOurs() throws -> Bool {
        let names = try names()
        return names.isEmpty
            || names.contains(where: Self.isPartial)
                && names.allSatisfy { Self.isPartial($0) || Self.companions.contains($0) }
    }

    private static func attempt<T>(_ url: URL, _ work: () throws -> T) throws -> T {
        do {
            return try work()
        } catch {
            throw PackingError.unwritable(url.path, reason: reason(error))
        }
    }

    /// Foundation's errors tell little but for the system's own behind them.
    private static func reason(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        return cause.domain == NSPOSIXErrorDomain
            ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
    }
}
