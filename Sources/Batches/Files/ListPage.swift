package import Forms

/// Which part of a list is wanted, in OpenAI's words.
package struct ListQuery: Sendable, Equatable {
    package enum Order: String, Sendable {
        case ascending = "asc"
        case descending = "desc"
    }

    /// The id of the last object that is known already.
    package var after: String?
    package var limit: Int
    /// By the time of creation.
    package var order = Order.descending

    package init(after: String? = nil, limit: Int, order: Order = .descending) {
        self.after = after
        self.limit = limit
        self.order = order
    }
}

/// A part of a list.
package struct ListPage<Element: Sendable>: Sendable {
    package var elements: [Element]
    package var hasMore: Bool

    /// - Parameters:
    ///   - all: in ascending order of creation.
    ///   - keep: whether an element belongs to the list at all; `query.after` may name one that does not.
    /// - Throws: `BatchesError.invalid` when nothing has the id that `query.after` names.
    init(
        _ all: [Element], _ query: ListQuery, id: (Element) -> String, keep: (Element) -> Bool
    ) throws(BatchesError) {
        var rest = query.order == .ascending ? all[...] : all.reversed()[...]
        if let after = query.after {
            guard let index = rest.firstIndex(where: { id($0) == after }) else {
                throw .invalid(field: "after", reason: "nothing in this list has the id \(after)")
            }
            rest = rest[(index + 1)...]
        }
        var elements: [Element] = []
        hasMore = false
        for element in rest where keep(element) {
            if elements.count == query.limit {
                hasMore = true
                break
            }
            elements.append(element)
        }
        self.elements = elements
    }

    /// OpenAI's form of a list.
    package func json(id: (Element) -> String, _ element: (Element) -> JSON) -> JSON {
        .object([
            "object": "list",
            "data": .array(elements.map(element)),
            "first_id": elements.first.map { .string(id($0)) } ?? .null,
            "last_id": elements.last.map { .string(id($0)) } ?? .null,
            "has_more": .bool(hasMore),
        ])
    }
}
