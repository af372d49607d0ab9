extension Duration {
    /// `nil` for what is no number or too large to be counted.
    package init?(wholeOrFractionalSeconds seconds: Double) {
        guard abs(seconds) < 1e18 else { return nil }
        self = .seconds(seconds)
    }
}
