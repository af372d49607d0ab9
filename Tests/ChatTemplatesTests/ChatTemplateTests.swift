import Testing

@testable import ChatTemplates

@Suite("Chat templates")
struct ChatTemplateTests {
    @Test("an error tells its line")
    func lines() throws {
        func error(_ source: String) -> ChatTemplateError? {
            do {
                _ = try ChatTemplate(source).render([ChatMessage(role: "user", content: "x")])
                return nil
            } catch {
                return error
            }
        }
        #expect(error("a\n\n{{ 1 + }}")?.message.contains("line 3") == true)
        #expect(error("a\n{# x\ny #}\n{{ foo.bar }}")?.message.contains("line 4: 'foo' is undefined") == true)
        #expect(
            error("a\n{{ messages[0]\n  .role\n  .zip.code }}")
                == .rendering(line: 4, "'str object' has no attribute 'zip'"))
        #expect(
            error("{% macro m() %}\n{{ 1 / 0 }}{% endmacro %}\n\n{{ m() }}") == .rendering(line: 2, "division by zero"))
        #expect(error("{% macro m() %}\n{% endmacro %}\n\n{{ m() + none }}")?.message.contains("line 4") == true)
        #expect(error("x\n{{ raise_exception('Not like this!') }}") == .refused("Not like this!"))
        #expect(error("{{ raise_exception('a\\nb\\x1b[2J') }}")?.message == #"a\nb\u{1B}[2J"#)
    }

    @Test("a variable of the request goes before a special token of that name")
    func variables() throws {
        let template = try ChatTemplate(
            "{{ bos_token }}{{ eos_token }}{{ x.y }}", specialTokens: ["bos_token": "<s>", "eos_token": "</s>"])
        let text = try template.render(
            [], variables: [.init(name: "eos_token", value: "!"), .init(name: "x", value: ["y": 1])])
        #expect(text == "<s>!1")
    }

    @Test("tools and documents are none where nobody gives them")
    func nothing() throws {
        #expect(try ChatTemplate("{{ tools }}{{ documents }}{{ other is defined }}").render([]) == "NoneNoneFalse")
    }

    @Test("a final message can be continued, but not with a generation prompt behind it")
    func continuing() throws {
        let template = try ChatTemplate("{% for m in messages %}<{{ m.role }}>{{ m.content }}<end>{% endfor %}")
        let messages = [ChatMessage(role: "user", content: "a"), ChatMessage(role: "assistant", content: " b ")]
        #expect(
            try template.render(messages, addGenerationPrompt: false, continueFinalMessage: true)
                == "<user>a<end><assistant> b ")
        #expect(throws: ChatTemplateError.self) { try template.render(messages, continueFinalMessage: true) }
        let trimming = try ChatTemplate("{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}<end>{% endfor %}")
        #expect(
            try trimming.render(messages, addGenerationPrompt: false, continueFinalMessage: true)
                == "<user>a<end><assistant>b")
        let dropping = try ChatTemplate("{{ messages[0].content }}")
        #expect(throws: ChatTemplateError.self) {
            try dropping.render(messages, addGenerationPrompt: false, continueFinalMessage: true)
        }
    }

    @Test("the content of a message may be parts, or missing")
    func parts() throws {
        let template = try ChatTemplate(
            "{% for p in messages[0].content %}{{ p.text }};{% endfor %}{{ messages[0].content is defined }}")
        let parts = ChatMessage(role: "user", parts: [["type": "text", "text": "a"], ["type": "text", "text": "b"]])
        #expect(try template.render([parts]) == "a;b;True")
        #expect(try template.render([ChatMessage(role: "user", parts: nil)]) == "False")
    }

    @Test(
        "a template that goes through the content wants parts",
        arguments: [
            ("{% for m in messages %}{% for p in m.content %}{% endfor %}{% endfor %}", true),
            ("{% for m in messages %}{% for p in m['content'] %}{% endfor %}{% endfor %}", true),
            ("{% for m in messages[1:] %}{% for p in m['content'] | list %}{% endfor %}{% endfor %}", true),
            (
                "{% set rest = messages[1:] %}{% for m in rest %}{% set c = m.content %}{% for p in c %}{% endfor %}{% endfor %}",
                true
            ),
            (
                "{% macro r(c) %}{% for p in c %}{% endfor %}{% endmacro %}{% for m in messages %}{{ r(m.content) }}{% endfor %}",
                true
            ),
            ("{% for p in messages[0].content if p.text %}{% endfor %}", true),
            ("{% for p in messages[0]['content'] %}{% endfor %}", true),
            ("{% for m in messages %}{{ m.content }}{% endfor %}", false),
            ("{% for m in messages %}{% for c in m.tool_calls %}{{ c.content }}{% endfor %}{% endfor %}", false),
            ("{% for d in documents %}{% for p in d.content %}{% endfor %}{% endfor %}", false),
            ("{% for m in messages %}{% for p in m.content.split() %}{% endfor %}{% endfor %}", false),
        ])
    func contentParts(_ source: String, _ wants: Bool) throws {
        #expect(try ChatTemplate(source).wantsContentParts == wants)
    }

    @Test("which of the fixtures' templates want parts")
    func fixtures() throws {
        let wanting = try Set(Fixtures.read().whole.map(\.template)).filter {
            try ChatTemplate(Fixtures.template($0)).wantsContentParts
        }
        #expect(wanting == ["model-turns.jinja", "tools.jinja"])
    }
}
