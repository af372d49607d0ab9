public final class Tokenizer: Sendable {}
