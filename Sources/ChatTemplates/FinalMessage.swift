/// Leaving the last message open, as transformers does it: a mark is put behind its text, and the rendering ends where the mark is
/// found.
enum FinalMessage {
    private static let mark = "CONTINUE_FINAL_MESSAGE_TAG"

    /// The messages with the mark, and the text in front of it.
    static func opened(_ messages: [ChatMessage]) throws(ChatTemplateError) -> ([ChatMessage], String) {
        guard var final = messages.last else {
            throw .refused("There is no final message to continue: give at least one message.")
        }
        var text = final.content
        switch final.parts {
        case nil: final.content += mark + " "
        case .string(let content):
            text = content
            final.parts = .string(content + mark + " ")
        case .array(var parts):
            guard let (index, found) = lastText(parts) else {
                throw .refused("The final message cannot be continued: it has no text.")
            }
            guard case .object(var members) = parts[index] else { break }
            for place in members.indices where members[place].name == "text" {
                members[place].value = .string(found + mark + " ")
            }
            text = found
            parts[index] = .object(members)
            final.parts = .array(parts)
        default: throw .refused("The final message cannot be continued: it has no text.")
        }
        return (messages.dropLast() + [final], text)
    }

    private static func lastText(_ parts: [TemplateValue]) -> (Int, String)? {
        for index in parts.indices.reversed() {
            guard case .object(let members) = parts[index],
                case .string(let text)? = members.last(where: { $0.name == "text" })?.value
            else { continue }
            return (index, text)
        }
        return nil
    }

    static func cut(_ text: String, after final: String) throws(ChatTemplateError) -> String {
        let budget = Budget(RenderingLimits())
        let stripped = final.strippedOfSpace()
        guard let place = try? budget.search(text, for: mark, last: true),
            (try? budget.search(text, for: stripped)) != nil
        else {
            throw .refused("The final message cannot be continued: the chat template does not show all of its text.")
        }
        let kept = String(decoding: text.utf8.prefix(place), as: UTF8.self)
        // Where the template took the space behind the mark away, it would have done so with the text's, too.
        let keepsSpace = text.utf8.dropFirst(place + mark.utf8.count).first == UInt8(ascii: " ")
        return keepsSpace ? kept : kept.strippedOfSpace(left: false)
    }
}
