/// The fields of a request that say whether its answer is streamed.
package enum StreamFields {
    package static let names: Set<String> = ["stream", "stream_options"]

    package static func read(_ fields: FieldReader) throws -> (stream: Bool, includeUsage: Bool) {
        let stream = try fields.bool("stream") ?? false
        guard let given = try fields.object("stream_options") else { return (stream, false) }
        guard stream else { throw fields.error("stream_options", "is for streams alone: set stream") }
        // OpenAI pads its chunks against eavesdroppers unless told not to; these are never padded.
        try given.refuseAllBut(["include_usage", "include_obfuscation"])
        return (stream, try given.bool("include_usage") ?? false)
    }
}
