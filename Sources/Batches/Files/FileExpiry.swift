package import Forms

/// OpenAI's `expires_after`: seconds from a file's creation on, one hour to 30 days.
package enum FileExpiry {
    package static let range = 3600...2_592_000

    /// From a JSON object.
    package static func read(_ fields: FieldReader) throws -> Int {
        try fields.refuseAllBut(["anchor", "seconds"])
        guard try fields.string("anchor") == "created_at" else { throw fields.error("anchor", badAnchor) }
        guard let seconds = try fields.integer("seconds"), range.contains(seconds) else {
            throw fields.error("seconds", badSeconds)
        }
        return seconds
    }

    /// From a form, where `expires_after[anchor]` and `expires_after[seconds]` are fields of their own.
    package static func read(anchor: String?, seconds: String?) throws(FieldError) -> Int? {
        if anchor == nil && seconds == nil { return nil }
        guard anchor == "created_at" else { throw FieldError(badAnchor, field: "expires_after[anchor]") }
        guard let seconds = seconds.flatMap({ Int($0) }), range.contains(seconds) else {
            throw FieldError(badSeconds, field: "expires_after[seconds]")
        }
        return seconds
    }

    private static let badAnchor = "must be \"created_at\""
    private static let badSeconds = "must be a whole number between \(range.lowerBound) and \(range.upperBound)"
}
