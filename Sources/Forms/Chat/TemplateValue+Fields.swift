package import Parterre

extension FieldReader {
    /// An object as variables of a chat template, in the order of their names: that of the text is lost when it is decoded.
    package func variables(_ name: String) throws -> [TemplateValue.Member]? {
        let read = try read([String: DecodedValue].self, name, wanted: "an object")
        return read.map(DecodedValue.members)
    }
}

/// Any JSON value.
private struct DecodedValue: Decodable {
    var value: TemplateValue

    init(from decoder: any Decoder) throws {
        let single = try decoder.singleValueContainer()
        value =
            if single.decodeNil() {
                .none
            } else if let integer = try? single.decode(Int.self) {
                .integer(integer)
            } else if let number = try? single.decode(Double.self) {
                .number(number)
            } else if let text = try? single.decode(String.self) {
                .string(text)
            } else if let truth = try? single.decode(Bool.self) {
                .bool(truth)
            } else if let values = try? single.decode([DecodedValue].self) {
                .array(values.map(\.value))
            } else {
                .object(Self.members(try single.decode([String: DecodedValue].self)))
            }
    }

    static func members(_ values: [String: DecodedValue]) -> [TemplateValue.Member] {
        values.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value.value) }
    }
}
