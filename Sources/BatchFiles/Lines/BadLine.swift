package import Forms

/// A line that cannot be served.
package struct BadLine: Error, Equatable, Sendable {
    /// Counted from 1.
    package var number: Int
    /// `nil` when the line gives none that can be read.
    package var id: LineID?
    package var form: LineForm
    package var error: FieldError

    package init(number: Int, id: LineID?, form: LineForm, error: FieldError) {
        self.number = number
        self.id = id
        self.form = form
        self.error = error
    }
}

/// How a line asks, and so how it is answered.
package enum LineForm: Equatable, Sendable {
    case native
    /// OpenAI's batch form.
    case openAIBatch
}
