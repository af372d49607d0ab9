/// Whether an engine takes requests.
public enum EngineState: String, Sendable, Codable {
    case serving
    /// No more are taken; those that are there go on to their end.
    case draining
    /// Nothing runs any more.
    case stopped
}
