import Foundation
import HTTPTypes
public import Parterre

/// A loaded model as clients know it.
public struct ServedModel: Sendable {
    public var engine: Engine
    /// What clients call it; the first is its own name.
    public var names: [String]
    public var tokenizerInfo: TokenizerInfo
    /// Seconds since 1970.
    let created = Int(Date().timeIntervalSince1970)

    public init(engine: Engine, name: String) {
        self.engine = engine
        names = [name]
        tokenizerInfo = TokenizerInfo(directory: nil, engine: engine)
    }

    package var name: String { names[0] }

    /// Tokens of prompt and text together that the cache has room for.
    package var contextLength: Int { engine.memoryPlan.cacheTokens }

    /// - Throws: `APIError` 404 for another model's name; `nil` is whichever there is.
    package func check(_ name: String?) throws(APIError) {
        guard let name, !names.contains(name) else { return }
        throw APIError(
            .notFound, "the model \"\(name.prefix(200))\" is not served here, \"\(self.name)\" is", param: "model",
            code: "model_not_found")
    }
}
