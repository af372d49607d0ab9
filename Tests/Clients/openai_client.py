"""The unmodified `openai` client against a server: completions of every kind, streams, errors, and the law over HTTP.
Chats are in openai_chat.py.

    python3 Tests/Clients/openai_client.py --base-url http://127.0.0.1:8000

The law over HTTP: a text that was asked for alone equals the same text asked for in a crowd, sampled or greedy, whole
or streamed, with all its log-probabilities.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from typing import Any

import openai
from checks import Checks
from hanging_up import hangs_up
from openai import AsyncOpenAI, OpenAI
from server import Server

STORIES = (
    "Once upon a time",
    "The little dog",
    "One day, Tom and his sister",
    "Lily had a red ball and",
    "The king was very",
    "In the garden there was",
)


class Session:
    """The server under test, its clients, and a completion of a few greedy tokens as the default to vary."""

    def __init__(self, server: Server, check: Checks, seed: int) -> None:
        self.server = server
        self.check = check
        self.random = random.Random(seed)
        self.client = OpenAI(base_url=server.openai, api_key=server.api_key or "none", max_retries=0, timeout=120)
        self.model = self.client.models.list().data[0].id

    def request(self, **fields: Any) -> dict[str, Any]:
        return {"model": self.model, "prompt": STORIES[0], "max_tokens": 24, "temperature": 0} | fields

    def complete(self, **fields: Any) -> Any:
        return self.client.completions.create(**self.request(**fields))

    def text(self, **fields: Any) -> str:
        return self.complete(**fields).choices[0].text


def models(s: Session) -> None:
    listed = s.client.models.list().data
    s.check.true("models.list names one model at least", listed and listed[0].object == "model", listed)
    s.check.equal("models.retrieve returns it", s.client.models.retrieve(s.model).id, s.model)
    s.check.raises(
        "an unknown model is NotFoundError", openai.NotFoundError, lambda: s.client.models.retrieve("no-such-model")
    )


def one_completion(s: Session) -> None:
    answer = s.complete(extra_body={"ignore_eos": True})
    choice = answer.choices[0]
    s.check.equal("object", answer.object, "text_completion")
    s.check.equal("model", answer.model, s.model)
    s.check.true("id begins with cmpl-", answer.id.startswith("cmpl-"), answer.id)
    s.check.true("created is now", abs(answer.created - time.time()) < 60, answer.created)
    s.check.true("there is text", choice.text)
    s.check.equal("finish_reason is length", choice.finish_reason, "length")
    s.check.equal("usage counts the tokens asked for", answer.usage.completion_tokens, 24)
    s.check.equal("usage counts the prompt's", answer.usage.prompt_tokens, len(s.server.tokenize(STORIES[0])))
    s.check.equal("usage adds up", answer.usage.total_tokens, answer.usage.prompt_tokens + 24)
    bare = s.client.completions.create(model=s.model, prompt=STORIES[0], extra_body={"ignore_eos": True})
    s.check.equal("max_tokens is 16 where nothing is said", bare.usage.completion_tokens, 16)


def prompts(s: Session) -> None:
    ids = [s.server.tokenize(text) for text in STORIES[:3]]
    alone = [s.text(prompt=text) for text in STORIES[:3]]
    s.check.equal("token ids give what the text gives", s.text(prompt=ids[0]), alone[0])
    several = s.complete(prompt=list(STORIES[:3]))
    s.check.equal("a list of texts: one choice each, in order", [c.text for c in several.choices], alone)
    s.check.equal("their indices", [c.index for c in several.choices], [0, 1, 2])
    s.check.equal("their usage", several.usage.prompt_tokens, sum(map(len, ids)))
    s.check.equal("a list of token ids: the same", [c.text for c in s.complete(prompt=ids).choices], alone)
    s.check.equal(
        "/detokenize gives the text back", s.server.json("/detokenize", {"tokens": ids[0]})["prompt"], STORIES[0]
    )


def sampling(s: Session) -> None:
    def sampled(**fields: Any) -> list[str]:
        return [c.text for c in s.complete(temperature=1.0, seed=7, **fields).choices]

    s.check.equal("the same seed, the same text", sampled(), sampled())
    s.check.true("another seed, another text", sampled() != [s.text(temperature=1.0, seed=8)])
    five = sampled(n=5)
    s.check.equal("n=5: five choices", len(five), 5)
    s.check.true("that differ", len(set(five)) > 1, five)
    s.check.equal("n=5 of two prompts: ten choices", len(sampled(n=5, prompt=list(STORIES[:2]))), 10)
    s.check.equal("and the first prompt's are the same as alone", sampled(n=5, prompt=list(STORIES[:2]))[:5], five)
    s.check.equal("top_p near 0 is greedy", sampled(top_p=1e-6)[0], s.text())
    s.check.true(
        "a frequency penalty changes a text", s.text(frequency_penalty=2, max_tokens=60) != s.text(max_tokens=60)
    )
    s.check.true(
        "a presence penalty changes a text", s.text(presence_penalty=2, max_tokens=60) != s.text(max_tokens=60)
    )
    beams = s.complete(extra_body={"use_beam_search": True}, n=2, max_tokens=8)
    s.check.equal("vLLM's use_beam_search is understood", len({c.text for c in beams.choices}), 2)
    best = s.complete(best_of=3, n=1, temperature=1.0, seed=7)
    s.check.equal("best_of=3, n=1: one choice", len(best.choices), 1)
    likeliest = s.complete(n=3, temperature=1.0, seed=7, logprobs=1).choices
    mean = {c.text: sum(c.logprobs.token_logprobs) / len(c.logprobs.token_logprobs) for c in likeliest}
    s.check.equal("and it is the likeliest of the three", best.choices[0].text, max(mean, key=mean.__getitem__))


def logit_bias(s: Session) -> None:
    greedy = s.complete(logprobs=1, max_tokens=1).choices[0].text
    token = s.server.tokenize(STORIES[0] + greedy)[len(s.server.tokenize(STORIES[0]))]
    banned = s.text(max_tokens=1, logit_bias={str(token): -100})
    s.check.true("a bias of -100 bans a token", banned != greedy, (banned, greedy))
    forced = s.server.tokenize(" dog")[0]
    s.check.equal("a bias of 100 forces one", s.text(max_tokens=3, logit_bias={str(forced): 100}), " dog dog dog")


def stops(s: Session) -> None:
    text = s.text(max_tokens=40)
    stop = text[len(text) // 2 :][:4]
    answer = s.complete(max_tokens=40, stop=stop).choices[0]
    s.check.equal("a stop string ends the text before it", answer.text, text[: text.index(stop)])
    s.check.equal("finish_reason is stop", answer.finish_reason, "stop")
    four = s.text(max_tokens=40, stop=["never seen", "\x00", stop, "nor this"])
    s.check.equal("one of four does too", four, answer.text)
    streamed = "".join(c.choices[0].text for c in s.complete(max_tokens=40, stop=stop, stream=True))
    s.check.equal("a stream never shows a part of it", streamed, answer.text)


def logprobs(s: Session) -> None:
    answer = s.complete(logprobs=3, max_tokens=10, extra_body={"ignore_eos": True}).choices[0]
    lp = answer.logprobs
    s.check.equal(
        "four lists of one entry a token",
        {len(lp.tokens), len(lp.token_logprobs), len(lp.top_logprobs), len(lp.text_offset)},
        {10},
    )
    s.check.equal("tokens spell the text", "".join(lp.tokens), answer.text)
    s.check.equal(
        "the offsets are where they begin", lp.text_offset[:3], [0, len(lp.tokens[0]), len(lp.tokens[0] + lp.tokens[1])]
    )
    s.check.true("three alternatives each", all(1 <= len(top) <= 4 for top in lp.top_logprobs), lp.top_logprobs)
    greedy = all(max(top.values()) == own for top, own in zip(lp.top_logprobs, lp.token_logprobs, strict=True))
    s.check.true("a greedy token is the likeliest", greedy)
    s.check.true("log-probabilities are not above 0", max(lp.token_logprobs) <= 0, lp.token_logprobs)


def echo(s: Session) -> None:
    ids = s.server.tokenize(STORIES[0])
    text = s.text(max_tokens=6)
    s.check.equal("echo puts the prompt in front", s.text(max_tokens=6, echo=True), STORIES[0] + text)
    answer = s.complete(prompt=ids, max_tokens=6, echo=True, logprobs=1).choices[0]
    s.check.equal("of token ids too", answer.text, STORIES[0] + text)
    s.check.equal("the first token has no log-probability", answer.logprobs.token_logprobs[0], None)
    s.check.equal("all others have", sum(x is not None for x in answer.logprobs.token_logprobs), len(ids) + 5)
    own = s.complete(max_tokens=6, logprobs=1).choices[0].logprobs.token_logprobs
    s.check.equal("the new tokens' are those without echo, to the last bit", answer.logprobs.token_logprobs[-6:], own)
    scored = s.complete(prompt=ids, max_tokens=0, echo=True, logprobs=1).choices[0]
    s.check.equal("max_tokens=0 scores a prompt and writes nothing", scored.text, STORIES[0])
    s.check.equal("with the same numbers", scored.logprobs.token_logprobs, answer.logprobs.token_logprobs[:-6])
    written = s.complete(max_tokens=8, logprobs=1, extra_body={"ignore_eos": True}).choices[0]
    again = s.complete(prompt=STORIES[0] + written.text, max_tokens=0, echo=True, logprobs=1).choices[0]
    if again.logprobs.tokens[len(ids) :] == written.logprobs.tokens:
        s.check.equal(
            "a text scored whole has the numbers it was written with",
            again.logprobs.token_logprobs[len(ids) :],
            written.logprobs.token_logprobs,
        )


def streams(s: Session) -> None:
    whole = s.complete()
    chunks = list(s.complete(stream=True))
    s.check.true("a stream comes in pieces", len(chunks) > 5, len(chunks))
    s.check.equal("that spell the whole text", "".join(c.choices[0].text for c in chunks), whole.choices[0].text)
    s.check.equal("under one id", len({c.id for c in chunks}), 1)
    reasons = [c.choices[0].finish_reason for c in chunks]
    s.check.true("only the last has a finish_reason", reasons[-1] and not any(reasons[:-1]), reasons)
    s.check.true("no usage unless asked for", all(c.usage is None for c in chunks))

    chunks = list(s.complete(stream=True, stream_options={"include_usage": True}))
    s.check.equal("include_usage: a last chunk without choices", chunks[-1].choices, [])
    s.check.equal("with the usage of the whole", chunks[-1].usage, whole.usage)
    s.check.true("and none before it", all(c.usage is None for c in chunks[:-1]))

    both = {"n": 3, "temperature": 1.0, "seed": 5, "prompt": list(STORIES[:2])}
    texts: dict[int, str] = {}
    for chunk in s.complete(stream=True, **both):
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + choice.text
    s.check.equal(
        "n=3 of two prompts, streamed", [texts[i] for i in range(6)], [c.text for c in s.complete(**both).choices]
    )

    told = s.complete(logprobs=2).choices[0].logprobs
    parts = [c.choices[0].logprobs for c in s.complete(logprobs=2, stream=True) if c.choices[0].logprobs]
    s.check.equal(
        "streamed log-probabilities are the same", [x for p in parts for x in p.token_logprobs], told.token_logprobs
    )
    s.check.equal("and their offsets", [x for p in parts for x in p.text_offset], told.text_offset)
    echoed = "".join(c.choices[0].text for c in s.complete(echo=True, stream=True))
    s.check.equal("echo, streamed", echoed, STORIES[0] + whole.choices[0].text)


def hanging_up(s: Session) -> None:
    hangs_up(s.check, s.server, lambda: s.complete(stream=True, max_tokens=2000, extra_body={"ignore_eos": True}))


def mistakes(s: Session) -> None:
    vocabulary = 1 << 30
    bad: list[tuple[str, dict[str, Any]]] = [
        ("an empty prompt", {"prompt": ""}),
        ("an empty list of prompts", {"prompt": []}),
        ("a token id beyond the vocabulary", {"prompt": [vocabulary]}),
        ("a negative token id", {"prompt": [-1]}),
        ("n=0", {"n": 0}),
        ("a huge n", {"n": 1_000_000}),
        ("max_tokens=-1", {"max_tokens": -1}),
        ("a huge max_tokens", {"max_tokens": 1 << 62}),
        ("temperature=-1", {"temperature": -1}),
        ("top_p=2", {"top_p": 2}),
        ("logprobs=-1", {"logprobs": -1}),
        ("a huge logprobs", {"logprobs": 1_000_000}),
        ("best_of < n", {"n": 3, "best_of": 2}),
        ("a suffix", {"suffix": "the end"}),
        ("a bias of a token that is none", {"logit_bias": {"no token": 1}}),
        ("a bias beyond the vocabulary", {"logit_bias": {str(vocabulary): 1}}),
        ("a thousand stop strings", {"stop": [f"stop {i}" for i in range(1000)]}),
        ("a field of the wrong type", {"extra_body": {"max_tokens": "many"}}),
        ("stream_options without a stream", {"stream_options": {"include_usage": True}}),
    ]
    for what, fields in bad:
        error = s.check.raises(f"{what}: BadRequestError", openai.BadRequestError, lambda f=fields: s.complete(**f))
        if error is not None and not (error.type and error.body and error.body.get("message")):
            s.check.true(f"{what}: in OpenAI's form", False, error.body)
    error = s.check.raises("n=0 names its field", openai.BadRequestError, lambda: s.complete(n=0))
    if error is not None:
        s.check.equal("as param", error.param, "n")
        s.check.equal("and its type", error.type, "invalid_request_error")
    s.check.raises(
        "an unknown model: NotFoundError",
        openai.NotFoundError,
        lambda: s.complete(model="no-such-model"),
        "no-such-model",
    )
    s.check.raises(
        "an unknown path: NotFoundError",
        openai.NotFoundError,
        lambda: s.client.embeddings.create(model=s.model, input="x"),
    )
    s.check.raises(
        "an error is thrown from a stream too", openai.BadRequestError, lambda: list(s.complete(stream=True, n=0))
    )
    s.check.raises(
        "chat without a chat template: BadRequestError that says so",
        openai.BadRequestError,
        lambda: s.client.chat.completions.create(model=s.model, messages=[{"role": "user", "content": "Hello"}]),
        "chat template",
    )
    s.check.true("after all this it still answers", s.text())


def crowd_requests(s: Session) -> list[dict[str, Any]]:
    """Requests of many kinds, each reproducible by its own fields."""
    kinds: list[dict[str, Any]] = [
        {"temperature": 0},
        {"temperature": 1.0},
        {"temperature": 0.8, "top_p": 0.9},
        {"temperature": 1.0, "n": 3},
        {"temperature": 0.7, "extra_body": {"top_k": 20, "repetition_penalty": 1.2}},
        {"temperature": 0, "frequency_penalty": 0.5, "presence_penalty": 0.5},
    ]
    requests = []
    for index in range(18):
        text = STORIES[index % len(STORIES)] + " very" * s.random.randrange(12)
        fields = kinds[index % len(kinds)] | {"prompt": text, "seed": s.random.randrange(1 << 31), "logprobs": 2}
        requests.append(s.request(max_tokens=s.random.randrange(8, 48), **fields))
    return requests


def signature(answer: Any) -> list[tuple[Any, ...]]:
    """All that the law holds equal: texts, reasons, and log-probabilities with `==` on the floats."""
    return [
        (
            c.text,
            c.finish_reason,
            tuple(c.logprobs.token_logprobs),
            tuple(tuple(t.items()) for t in c.logprobs.top_logprobs),
        )
        for c in answer.choices
    ]


async def ask_together(s: Session, requests: list[dict[str, Any]]) -> list[Any]:
    async with AsyncOpenAI(base_url=s.server.openai, api_key=s.server.api_key or "none", max_retries=0) as client:
        noise = [
            asyncio.create_task(
                client.completions.create(**s.request(prompt=f"Noise {i}", temperature=1.0, n=2, max_tokens=20 + i))
            )
            for i in range(8)
        ]
        answers = await asyncio.gather(*(client.completions.create(**request) for request in requests))
        await asyncio.gather(*noise)
        return answers


async def stream_together(s: Session, requests: list[dict[str, Any]]) -> list[list[str]]:
    async def texts(client: AsyncOpenAI, request: dict[str, Any]) -> list[str]:
        found = [""] * request.get("n", 1)
        async for chunk in await client.completions.create(**request, stream=True):
            for choice in chunk.choices:
                found[choice.index] += choice.text
        return found

    async with AsyncOpenAI(base_url=s.server.openai, api_key=s.server.api_key or "none", max_retries=0) as client:
        return await asyncio.gather(*(texts(client, request) for request in requests))


def law(s: Session) -> None:
    requests = crowd_requests(s)
    alone = [s.client.completions.create(**request) for request in requests]
    together = asyncio.run(ask_together(s, requests))
    shuffled = s.random.sample(range(len(requests)), len(requests))
    again = asyncio.run(ask_together(s, [requests[i] for i in shuffled]))
    streamed = asyncio.run(stream_together(s, requests))
    s.check.equal(
        "18 requests alone = in a crowd, to the last bit", [*map(signature, together)], [*map(signature, alone)]
    )
    s.check.equal("= in another order", [*map(signature, again)], [signature(alone[i]) for i in shuffled])
    s.check.equal("= streamed in a crowd", streamed, [[c.text for c in answer.choices] for answer in alone])


PARTS = (
    models,
    one_completion,
    prompts,
    sampling,
    logit_bias,
    stops,
    logprobs,
    echo,
    streams,
    hanging_up,
    mistakes,
    law,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--api-key")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    options = parser.parse_args()
    print(f"openai {openai.__version__}, seed {options.seed}")
    check = Checks()
    session = Session(Server(options.base_url, options.api_key), check, options.seed)
    for part in PARTS:
        with check.section(part.__name__.replace("_", " ")):
            part(session)
    check.finish()


if __name__ == "__main__":
    main()
