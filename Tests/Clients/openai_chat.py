"""The unmodified `openai` client chats with a server: whole, streamed, several answers, log-probabilities, errors.

    parterre serve --chat-template Tests/Clients/chat.jinja …
    python3 Tests/Clients/openai_chat.py --base-url http://127.0.0.1:8000

Each answer is compared with the completion of the text that the template makes of the messages, token for token.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from typing import Any

import openai
from checks import Checks
from hanging_up import hangs_up
from openai import AsyncOpenAI, OpenAI
from server import Server

Message = dict[str, Any]

HELLO: list[Message] = [
    {"role": "system", "content": "You tell stories."},
    {"role": "user", "content": "Tell me of Lily and her ball."},
]


def rendered(messages: list[Message], opening: str = "<|im_start|>assistant\n") -> str:
    """What chat.jinja makes of messages."""
    texts = [f"<|im_start|>{m['role']}\n{m['content'].strip()}<|im_end|>\n" for m in messages]
    return "".join(texts) + opening


class Session:
    """The server under test, its client, and a chat of a few sampled tokens as the default to vary."""

    def __init__(self, server: Server, check: Checks) -> None:
        self.server = server
        self.check = check
        self.client = OpenAI(base_url=server.openai, api_key=server.api_key or "none", max_retries=0, timeout=120)
        self.model = self.client.models.list().data[0].id
        self.sampling: dict[str, Any] = {"model": self.model, "max_tokens": 24, "temperature": 0.8, "seed": 7}

    def chat(self, messages: list[Message] = HELLO, **fields: Any) -> Any:
        return self.client.chat.completions.create(messages=messages, **(self.sampling | fields))

    def complete(self, prompt: str, **fields: Any) -> Any:
        return self.client.completions.create(prompt=prompt, **(self.sampling | fields))

    def tokens(self, **fields: Any) -> list[int]:
        return self.server.json("/tokenize", fields)["tokens"]


def one_answer(s: Session) -> None:
    answer = s.chat()
    choice = answer.choices[0]
    text = s.complete(rendered(HELLO))
    s.check.equal("object", answer.object, "chat.completion")
    s.check.equal("model", answer.model, s.model)
    s.check.true("id begins with chatcmpl-", answer.id.startswith("chatcmpl-"), answer.id)
    s.check.true("created is now", abs(answer.created - time.time()) < 60, answer.created)
    s.check.equal("the assistant speaks", choice.message.role, "assistant")
    s.check.true("and says something", choice.message.content)
    s.check.equal("it is the completion of the rendered text", choice.message.content, text.choices[0].text)
    s.check.equal("that ended for the same reason", choice.finish_reason, text.choices[0].finish_reason)
    s.check.equal("with the same usage", answer.usage, text.usage)
    s.check.equal("nothing is refused", choice.message.refusal, None)
    s.check.equal("or called", choice.message.tool_calls, None)
    newer = s.chat(max_tokens=openai.omit, max_completion_tokens=24)
    s.check.equal("max_completion_tokens says the same", newer.choices[0].message.content, choice.message.content)
    open_ended = s.chat(max_tokens=openai.omit)
    s.check.true("without it the answer is longer", open_ended.usage.completion_tokens >= 24, open_ended.usage)
    begin = open_ended.choices[0].message.content
    s.check.true("and begins with the same text", begin.startswith(text.choices[0].text), begin)


def a_conversation(s: Session) -> None:
    messages = list(HELLO)
    for turn in ("What then?", "And in the end?"):
        message = s.chat(messages).choices[0].message
        # As the client's own loops send answers back, with all its nulls.
        messages += [message.model_dump(), {"role": "user", "content": turn}]
        again = s.complete(rendered(messages)).choices[0].text
        s.check.equal("an answer goes back as it came", s.chat(messages).choices[0].message.content, again)


def messages(s: Session) -> None:
    s.check.equal("/tokenize reads messages", s.tokens(messages=HELLO), s.tokens(prompt=rendered(HELLO)))
    parts = [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]
    s.check.equal(
        "parts of a text are its lines",
        s.tokens(messages=parts),
        s.tokens(prompt=rendered([{"role": "user", "content": "a\nb"}])),
    )
    told = {"chat_template_kwargs": {"opening": "Once"}}
    s.check.equal(
        "variables reach the template", s.tokens(messages=HELLO, **told), s.tokens(prompt=rendered(HELLO) + "Once")
    )
    s.check.equal(
        "in a chat too",
        s.chat(extra_body=told).choices[0].message.content,
        s.complete(rendered(HELLO) + "Once").choices[0].text,
    )
    begun = [*HELLO, {"role": "assistant", "content": "Once upon"}]
    s.check.equal(
        "a message that is continued goes on",
        s.chat(begun, extra_body={"continue_final_message": True, "add_generation_prompt": False})
        .choices[0]
        .message.content,
        s.complete(rendered(HELLO) + "Once upon").choices[0].text,
    )


def several(s: Session) -> None:
    three = s.chat(n=3)
    texts = [c.message.content for c in three.choices]
    s.check.equal("n=3: three answers", [c.index for c in three.choices], [0, 1, 2])
    s.check.true("that differ", len(set(texts)) > 1, texts)
    s.check.equal("those of the rendered text", texts, [c.text for c in s.complete(rendered(HELLO), n=3).choices])
    s.check.equal("the same again", [c.message.content for c in s.chat(n=3).choices], texts)
    s.check.true("another seed, other answers", [c.message.content for c in s.chat(n=3, seed=8).choices] != texts)


def stops(s: Session) -> None:
    greedy = {"temperature": 0, "max_tokens": 40}
    text = s.chat(**greedy).choices[0].message.content
    stop = text[len(text) // 2 :][:4]
    answer = s.chat(stop=[stop], **greedy).choices[0]
    s.check.equal("a stop string ends the message before it", answer.message.content, text[: text.index(stop)])
    s.check.equal("finish_reason is stop", answer.finish_reason, "stop")


def streams(s: Session) -> None:
    whole = s.chat(n=2)
    chunks = list(s.chat(n=2, stream=True, stream_options={"include_usage": True}))
    s.check.equal("object", {c.object for c in chunks}, {"chat.completion.chunk"})
    s.check.equal("under one id", len({c.id for c in chunks}), 1)
    for index in range(2):
        parts = [c.choices[0] for c in chunks if c.choices and c.choices[0].index == index]
        first, last = parts[0].delta, parts[-1].delta
        s.check.equal("the first chunk says who speaks", (first.role, first.content), ("assistant", ""))
        s.check.true("no other does", all(p.delta.role is None for p in parts[1:]))
        text = "".join(p.delta.content or "" for p in parts)
        s.check.equal("deltas spell the whole message", text, whole.choices[index].message.content)
        s.check.equal("the last one is empty", (last.role, last.content), (None, None))
        s.check.equal("and says why", parts[-1].finish_reason, whole.choices[index].finish_reason)
        s.check.true("no other does", all(p.finish_reason is None for p in parts[:-1]))
    s.check.equal("the usage comes at the end", (chunks[-1].choices, chunks[-1].usage), ([], whole.usage))
    s.check.true("and nowhere before", all(c.usage is None for c in chunks[:-1]))
    s.check.true("or not at all", all(c.usage is None for c in s.chat(stream=True)))
    # The client's own reading of a stream, which takes an answer that its length ends for an error.
    text = s.chat().choices[0].message.content
    stop = text[len(text) // 2 :][:4]
    with s.client.chat.completions.stream(messages=HELLO, stop=stop, **s.sampling) as stream:
        final = stream.get_final_completion()
    s.check.equal(
        "the client's stream helper has the message", final.choices[0].message.content, text[: text.index(stop)]
    )


def logprobs(s: Session) -> None:
    told = {"max_tokens": 12, "extra_body": {"ignore_eos": True}}
    answer = s.chat(logprobs=True, top_logprobs=3, **told).choices[0]
    content = answer.logprobs.content
    text = s.complete(rendered(HELLO), logprobs=3, **told).choices[0].logprobs
    s.check.equal("one entry a token", len(content), 12)
    s.check.equal("the tokens of the completion", [t.token for t in content], text.tokens)
    s.check.equal("its log-probabilities, to the last bit", [t.logprob for t in content], text.token_logprobs)
    s.check.equal("bytes spell the text", b"".join(bytes(t.bytes) for t in content).decode(), answer.message.content)
    s.check.equal("three alternatives each", {len(t.top_logprobs) for t in content}, {3})
    s.check.equal(
        "the completion's",
        [{a.token: a.logprob for a in t.top_logprobs} for t in content],
        [dict(top) for top in text.top_logprobs],
    )
    parts = [c.choices[0].logprobs for c in s.chat(logprobs=True, top_logprobs=3, stream=True, **told)]
    s.check.equal("streamed, the same", [t for p in parts if p for t in p.content], content)
    s.check.true("none unless asked for", s.chat().choices[0].logprobs is None)


async def ask_together(s: Session, requests: list[dict[str, Any]]) -> list[Any]:
    async with AsyncOpenAI(base_url=s.server.openai, api_key=s.server.api_key or "none", max_retries=0) as client:
        return await asyncio.gather(*(client.chat.completions.create(**request) for request in requests))


def law(s: Session) -> None:
    requests = [
        s.sampling
        | {"messages": [{"role": "user", "content": f"Story {i}"}], "seed": i, "n": 2}
        | {"logprobs": True, "top_logprobs": 2}
        for i in range(12)
    ]
    alone = [s.client.chat.completions.create(**request).choices for request in requests]
    together = [answer.choices for answer in asyncio.run(ask_together(s, requests))]
    s.check.equal("12 chats alone = all at once, to the last bit", together, alone)


def hanging_up(s: Session) -> None:
    hangs_up(s.check, s.server, lambda: s.chat(stream=True, max_tokens=2000, extra_body={"ignore_eos": True}))


def mistakes(s: Session) -> None:
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    bad: list[tuple[str, dict[str, Any], str | None]] = [
        ("no messages", {"messages": []}, "messages"),
        ("a tool's message, which the template refuses", {"messages": [{"role": "tool", "content": "4"}]}, "messages"),
        ("an unknown role", {"messages": [{"role": "wizard", "content": "a"}]}, "messages[0].role"),
        ("a message without content", {"messages": [*HELLO, {"role": "user"}]}, "messages[2].content"),
        ("an image", {"messages": image}, "messages[0].content[0].type"),
        ("tools", {"tools": [tool]}, "tools"),
        ("a form for the answer", {"response_format": {"type": "json_object"}}, "response_format.type"),
        ("audio", {"modalities": ["text", "audio"]}, "modalities"),
        ("two lengths", {"max_completion_tokens": 5}, "max_completion_tokens"),
        ("top_logprobs without logprobs", {"top_logprobs": 2}, "top_logprobs"),
        ("21 top_logprobs", {"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ("n=0", {"n": 0}, "n"),
        ("a huge max_tokens", {"max_tokens": 1 << 40}, "max_tokens"),
        ("more than there is room for", {"max_tokens": (1 << 31) - 1}, "messages"),
        ("a field that is none", {"extra_body": {"temprature": 1}}, "temprature"),
        ("a template of the request's own", {"extra_body": {"chat_template": "x"}}, "chat_template"),
    ]
    for what, fields, param in bad:
        error = s.check.raises(f"{what}: BadRequestError", openai.BadRequestError, lambda f=fields: s.chat(**f))
        if error is not None:
            s.check.equal(f"{what}: names its field", error.param, param)
    s.check.raises(
        "the template refuses in its own words",
        openai.BadRequestError,
        lambda: s.chat([{"role": "tool", "content": "4", "tool_call_id": "t"}]),
        "This model has no tools.",
    )
    s.check.raises("from a stream too", openai.BadRequestError, lambda: list(s.chat([], stream=True)))
    s.check.raises("an unknown model: NotFoundError", openai.NotFoundError, lambda: s.chat(model="gpt-4"), "gpt-4")
    s.check.true("after all this it still answers", s.chat().choices[0].message.content)


PARTS = (one_answer, a_conversation, messages, several, stops, streams, logprobs, law, hanging_up, mistakes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--api-key")
    options = parser.parse_args()
    print(f"openai {openai.__version__}")
    check = Checks()
    session = Session(Server(options.base_url, options.api_key), check)
    for part in PARTS:
        with check.section(part.__name__.replace("_", " ")):
            part(session)
    check.finish()


if __name__ == "__main__":
    main()
