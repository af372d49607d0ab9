/// Fields of OpenAI's chats that ask for what is not served: each is fine with the value that asks for nothing.
enum UnservedChatFields {
    static let names: Set<String> = [
        "response_format", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "modalities",
        "audio", "store", "echo",
    ]

    static func check(_ fields: FieldReader) throws {
        if let format = try fields.object("response_format") {
            guard try format.string("type") == "text" else {
                throw format.error("type", "must be \"text\": no answer is bound to a form")
            }
            try format.refuseAllBut(["type"])
        }
        for name in ["tools", "functions"] {
            if let list = try fields.objects(name), !list.isEmpty {
                throw fields.error(name, "is not served: the model calls nothing, it writes text")
            }
        }
        for name in ["tool_choice", "function_call"] where fields.has(name) {
            guard (try? fields.string(name)) == "none" else {
                throw fields.error(name, "is not served unless it is \"none\"")
            }
        }
        // Of calls that are not made.
        _ = try fields.bool("parallel_tool_calls")
        if let kinds = try fields.strings("modalities"), kinds != ["text"] {
            throw fields.error("modalities", "must be [\"text\"]")
        }
        if fields.has("audio") { throw fields.error("audio", "is not served: the model writes text") }
        if try fields.bool("store") == true { throw fields.error("store", "is not served: nothing is kept") }
        if try fields.bool("echo") == true { throw fields.error("echo", "is not served in chats") }
    }
}
