/// The shapes that BigScience published, by their names.
public enum BloomShape: String, Sendable, CaseIterable {
    case bloom560m = "bloom-560m"
    case bloom1b1 = "bloom-1b1"
    case bloom1b7 = "bloom-1b7"
    case bloom3b = "bloom-3b"
    case bloom7b1 = "bloom-7b1"

    /// `bloom-560m`, or `560m` for short.
    public init?(named name: String) {
        let name = name.lowercased()
        guard let shape = Self(rawValue: name) ?? Self(rawValue: "bloom-" + name) else { return nil }
        self = shape
    }

    public var name: String { rawValue }

    /// Hidden size, layers and heads as in the shape's `config.json`; the embedding has 250,880 rows in all of them.
    public var configuration: BloomConfiguration {
        let (hidden, layers, heads) =
            switch self {
            case .bloom560m: (1024, 24, 16)
            case .bloom1b1: (1536, 24, 16)
            case .bloom1b7: (2048, 24, 16)
            case .bloom3b: (2560, 30, 32)
            case .bloom7b1: (4096, 30, 32)
            }
        return BloomConfiguration(
            vocabularySize: 250_880, hiddenSize: hidden, layerCount: layers, headCount: heads)
    }
}
