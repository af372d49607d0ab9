/// A value inside a chat template, as Jinja (that is, Python) knows them.
public indirect enum TemplateValue: Sendable, Equatable {
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([TemplateValue])
    /// Members in their order, as in a Python dict.
    case object([Member])

    public struct Member: Sendable, Equatable {
        public var name: String
        public var value: TemplateValue

        public init(name: String, value: TemplateValue) {
            self.name = name
            self.value = value
        }
    }
}

extension TemplateValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .none }
    public init(arrayLiteral elements: TemplateValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, TemplateValue)...) {
        self = .object(elements.map { Member(name: $0.0, value: $0.1) })
    }
}
