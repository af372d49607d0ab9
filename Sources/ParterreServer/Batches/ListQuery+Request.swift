import Batches
import Forms
import HummingbirdCore

extension ListQuery {
    /// From a request's `after`, `limit` and `order`.
    ///
    /// - Throws: `FieldError`.
    init(_ request: Request, limits: ClosedRange<Int>, standard: Int) throws(FieldError) {
        let parameters = request.uri.queryParameters
        var limit = standard
        if let given = parameters["limit"] {
            guard let number = Int(given), limits.contains(number) else {
                throw FieldError(
                    "must be a whole number between \(limits.lowerBound) and \(limits.upperBound)", field: "limit")
            }
            limit = number
        }
        self.init(after: parameters["after"].map(String.init), limit: limit)
        if let given = parameters["order"] {
            guard let order = Order(rawValue: String(given)) else {
                throw FieldError("must be \"asc\" or \"desc\"", field: "order")
            }
            self.order = order
        }
    }
}
