import Foundation

/// The random part of the names that OpenAI's forms give to answers.
package enum UniqueName {
    package static func make() -> String { UUID().uuidString.replacing("-", with: "").lowercased() }
}
