import Basics
import Foundation
package import Parterre

/// Any key of a JSON object.
package struct FieldName: CodingKey {
    package var stringValue: String
    package var intValue: Int? { nil }

    package init(_ name: String) { stringValue = name }
    package init?(stringValue: String) { self.stringValue = stringValue }
    package init?(intValue: Int) { nil }
}

/// Reads the fields of one JSON object and says in a sentence what is wrong with one. A `null` is a field left out.
package struct FieldReader {
    private let container: KeyedDecodingContainer<FieldName>
    /// What stands before a field's name in messages, e.g. `body.`.
    private let prefix: String

    package init(_ decoder: any Decoder, prefix: String = "") throws {
        container = try decoder.container(keyedBy: FieldName.self)
        self.prefix = prefix
    }

    package func has(_ name: String) -> Bool {
        let key = FieldName(name)
        return container.contains(key) && (try? container.decodeNil(forKey: key)) != true
    }

    /// A misspelt field would silently change the answer, so a field that nobody reads is an error.
    package func refuseAllBut(_ known: Set<String>) throws {
        let unknown = container.allKeys.map(\.stringValue).filter { !known.contains($0) }.sorted()
        if let first = unknown.first { throw FieldError("unknown field", field: prefix + first) }
    }

    package func string(_ name: String) throws -> String? { try read(String.self, name, wanted: "a string") }

    package func bool(_ name: String) throws -> Bool? { try read(Bool.self, name, wanted: "true or false") }

    package func integer(_ name: String) throws -> Int? { try read(Int.self, name, wanted: "a whole number") }

    package func float(_ name: String) throws -> Float? { try read(Float.self, name, wanted: "a number") }

    package func double(_ name: String) throws -> Double? { try read(Double.self, name, wanted: "a number") }

    /// Seconds, maybe with a fraction.
    package func duration(_ name: String) throws -> Duration? {
        let wanted = "a number of seconds"
        guard let seconds = try read(Double.self, name, wanted: wanted) else { return nil }
        guard let duration = Duration(wholeOrFractionalSeconds: seconds) else { throw error(name, "must be \(wanted)") }
        return duration
    }

    /// A seed may use all 64 bits, written as unsigned or as negative.
    package func seed(_ name: String) throws -> UInt64? {
        guard has(name) else { return nil }
        if let value = try? container.decode(UInt64.self, forKey: FieldName(name)) { return value }
        return try read(Int64.self, name, wanted: "a whole number of 64 bits").map { UInt64(bitPattern: $0) }
    }

    /// One string or several.
    package func strings(_ name: String) throws -> [String]? {
        guard has(name) else { return nil }
        if let one = try? container.decode(String.self, forKey: FieldName(name)) { return [one] }
        return try read([String].self, name, wanted: "a string or an array of strings")
    }

    package func tokenIDs(_ name: String) throws -> [TokenID]? {
        try read([TokenID].self, name, wanted: "an array of token ids")
    }

    /// OpenAI's `logit_bias`: an object from a token id, written as a string, to a number.
    package func biases(_ name: String) throws -> [TokenID: Float]? {
        let wanted = "an object from token ids to numbers"
        guard let written = try read([String: Float].self, name, wanted: wanted) else { return nil }
        var biases: [TokenID: Float] = [:]
        for (key, bias) in written {
            guard let id = Int32(key) else {
                throw FieldError("\(quoted(key)) is not a token id", field: prefix + name)
            }
            biases[TokenID(rawValue: id)] = bias
        }
        return biases
    }

    /// A text, token ids, or an array of either.
    package func prompts(_ name: String) throws -> [Prompt]? {
        guard has(name) else { return nil }
        let key = FieldName(name)
        if let text = try? container.decode(String.self, forKey: key) { return [.text(text)] }
        if let ids = try? container.decode([TokenID].self, forKey: key) { return [.tokens(ids)] }
        if let texts = try? container.decode([String].self, forKey: key) { return texts.map(Prompt.text) }
        let lists = try read([[TokenID]].self, name, wanted: "a string, an array of token ids, or an array of these")
        return lists?.map(Prompt.tokens)
    }

    /// The object in that field.
    package func object(_ name: String) throws -> FieldReader? {
        guard has(name) else { return nil }
        do {
            return FieldReader(
                try container.nestedContainer(keyedBy: FieldName.self, forKey: FieldName(name)),
                prefix: prefix + name + ".")
        } catch {
            throw FieldError("must be an object", field: prefix + name)
        }
    }

    /// The objects in that field's array; their fields are called `name[0].field`.
    package func objects(_ name: String) throws -> [FieldReader]? {
        guard has(name) else { return nil }
        guard var list = try? container.nestedUnkeyedContainer(forKey: FieldName(name)) else {
            throw error(name, "must be an array")
        }
        var readers: [FieldReader] = []
        while !list.isAtEnd {
            let place = "\(prefix)\(name)[\(list.currentIndex)]"
            guard let object = try? list.nestedContainer(keyedBy: FieldName.self) else {
                throw FieldError("must be an object", field: place)
            }
            readers.append(FieldReader(object, prefix: place + "."))
        }
        return readers
    }

    package func error(_ name: String, _ reason: String) -> FieldError { FieldError(reason, field: prefix + name) }

    private init(_ container: KeyedDecodingContainer<FieldName>, prefix: String) {
        self.container = container
        self.prefix = prefix
    }

    package func read<Value: Decodable>(_ type: Value.Type, _ name: String, wanted: String) throws -> Value? {
        guard has(name) else { return nil }
        do {
            return try container.decode(type, forKey: FieldName(name))
        } catch {
            throw FieldError("must be \(wanted)", field: prefix + name)
        }
    }
}
