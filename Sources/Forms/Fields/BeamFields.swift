package import Parterre

/// The fields of a request that ask for beam search: `beams`, `length_penalty` and `early_stopping`, and what `transformers`
/// (`num_beams`, `num_return_sequences`) and vLLM (`use_beam_search`) call the same.
package enum BeamFields {
    package static let names: Set<String> = [
        "beams", "num_beams", "length_penalty", "early_stopping", "num_return_sequences", "use_beam_search",
    ]

    /// `n` and the temperature must have been read.
    package static func apply(_ fields: FieldReader, to request: inout RequestOptions) throws {
        if let value = try fields.integer("num_return_sequences") {
            if fields.has("n"), value != request.n {
                throw fields.error("num_return_sequences", "is another word for n")
            }
            request.n = value
        }
        if let value = try fields.double("length_penalty") { request.parameters.beams.lengthPenalty = value }
        if let value = try fields.earlyStopping("early_stopping") { request.parameters.beams.earlyStopping = value }
        guard let count = try count(fields, n: request.n) else { return }
        request.parameters.beams.count = count
        // A temperature that the line does not ask for itself gives way.
        if count > 1, !fields.has("temperature") { request.parameters.temperature = 0 }
    }

    private static func count(_ fields: FieldReader, n: Int) throws -> Int? {
        let given = ["beams", "num_beams", "use_beam_search"].filter(fields.has)
        if given.count > 1 { throw fields.error(given[1], "and \(given[0]) exclude each other") }
        if let count = try fields.integer("beams") ?? fields.integer("num_beams") { return count }
        guard let isSearch = try fields.bool("use_beam_search") else { return nil }
        return isSearch ? try fields.integer("best_of") ?? n : 1
    }
}

extension FieldReader {
    /// `true`, `false` or `"never"`.
    package func earlyStopping(_ name: String) throws -> BeamParameters.EarlyStopping? {
        guard has(name) else { return nil }
        if let isEarly = try? bool(name) { return isEarly ? .yes : .no }
        guard let value = (try? string(name)).flatMap({ $0 }).flatMap(BeamParameters.EarlyStopping.init) else {
            throw error(name, "must be true, false or \"never\"")
        }
        return value
    }
}
