"""What clients do to a server, well-meant and not. Each returns what came of it: a status, "cut", "left"."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field

from wire import Address, Connection, Head

WORDS = [*"once upon a time the little dog ran to a big red ball and Tom said I love you very much".split(" ")]


@dataclass
class World:
    address: Address
    model: str
    longest_output: int
    chats: bool  # whether there is a chat template
    idle: list[Connection] = field(default_factory=list)  # kept alive


async def completion(world: World, rng: random.Random) -> str:
    status, _ = await exchange(world, good_request(world, rng), rng.random() < 0.5)
    return str(status)


async def stream(world: World, rng: random.Random) -> str:
    connection, head = await begin_stream(world, good_request(world, rng))
    try:
        if head.status != 200:
            await connection.body(head)
            return str(head.status)
        last = ""
        async for event in connection.events(head):
            last = event
        return "200" if last == "[DONE]" else "no [DONE]"
    finally:
        await connection.close()


async def cut_stream(world: World, rng: random.Random) -> str:
    """Goes away after some events, gently or with a reset."""
    connection, head = await begin_stream(world, good_request(world, rng))
    if head.status != 200:
        await connection.body(head)
        await connection.close()
        return str(head.status)
    left = rng.randrange(8)
    async for _ in connection.events(head):
        if left == 0:
            break
        left -= 1
    if rng.random() < 0.5:
        connection.abort()
    else:
        await connection.close()
    return "cut"


async def leave_before_answer(world: World, rng: random.Random) -> str:
    connection = await Connection.open(world.address)
    await send(connection, good_request(world, rng))
    await asyncio.sleep(rng.random() * 0.3)
    connection.abort()
    return "left"


async def slow_reader(world: World, rng: random.Random) -> str:
    """Reads a little at a time, for some seconds, from a small buffer."""
    body = good_text(world, rng) | {"max_tokens": 4 * world.longest_output, "logprobs": 5, "ignore_eos": True}
    body.pop("use_beam_search", None)
    connection = await Connection.open(world.address, read_limit=1024)
    try:
        await connection.send_json("/v1/completions", body | {"stream": True}, keep_alive=False)
        head = await connection.read_head()
        if head.status != 200:
            await connection.body(head)
            return str(head.status)
        for _ in range(rng.randrange(4, 30)):
            if not await connection.reader.read(512):
                return "200"
            await asyncio.sleep(0.3)
        if rng.random() < 0.5:
            return "cut"
        while await connection.reader.read(1 << 16):
            pass
        return "200"
    except ConnectionResetError:
        return "cut"  # a server may lose its patience
    finally:
        connection.abort()


async def bad_fields(world: World, rng: random.Random) -> str:
    fault = rng.choice(
        [
            {"n": 0}, {"n": 10**9}, {"prompt": ""}, {"prompt": []}, {"prompt": [-1]}, {"prompt": [1 << 40]},
            {"prompt": None}, {"prompt": {"a": 1}}, {"max_tokens": -5}, {"max_tokens": 1e30}, {"max_tokens": "ten"},
            {"temperature": -1}, {"temperature": "hot"}, {"top_p": 7}, {"stop": [1, 2]}, {"stop": ["x"] * 10_000},
            {"logit_bias": {"x": 1}}, {"logit_bias": {"999999999": 1}}, {"logprobs": 10**9}, {"seed": 1.5},
            {"suffix": "end"}, {"best_of": 1, "n": 4}, {"model": "no-such-model"}, {"stream": "yes"},
            {"stream_options": {"include_usage": True}}, {"beams": 10**6},
        ]
    )  # fmt: skip
    status, body = await exchange(world, good_request(world, rng) | fault, rng.random() < 0.5)
    if status != 200 and not isinstance(json.loads(body).get("error"), dict):
        return f"{status} without OpenAI's form"
    return str(status) if status != 200 else f"200 for {json.dumps(fault)[:60]}"


async def bad_chat(world: World, rng: random.Random) -> str:
    fault = rng.choice(
        [
            {"messages": []}, {"messages": None}, {"messages": "Hello"}, {"messages": [{}]}, {"messages": [[]]},
            {"messages": [{"role": "king", "content": "x"}]}, {"messages": [{"role": "user"}]},
            {"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]},
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            {"messages": [{"role": "user", "content": {"text": "x"}}]}, {"tools": [{"type": "function"}]},
            {"response_format": {"type": "json_object"}}, {"chat_template": "{% for %}"}, {"logprobs": 3},
            {"top_logprobs": 30}, {"max_completion_tokens": 0}, {"echo": True}, {"prompt": "Once"},
            {"chat_template_kwargs": {"messages": []}}, {"continue_final_message": True, "add_generation_prompt": True},
        ]
    )  # fmt: skip
    status, body = await exchange(world, good_chat(world, rng) | fault, rng.random() < 0.5)
    if status != 200 and not isinstance(json.loads(body).get("error"), dict):
        return f"{status} without OpenAI's form"
    return str(status) if status != 200 else f"200 for {json.dumps(fault)[:60]}"


async def bad_json(world: World, rng: random.Random) -> str:
    good = json.dumps(good_request(world, rng)).encode()
    body = rng.choice(
        [good[: rng.randrange(1, len(good))], b"[]", b"null", b'"text"', b"\xff\xfe", b"{}", b"[" * 100_000,
         b'{"prompt":' * 5000, bytes(rng.randrange(256) for _ in range(200)), good + b"}"]
    )  # fmt: skip
    connection = await Connection.open(world.address)
    try:
        await connection.send("POST", "/v1/completions", body, keep_alive=False)
        head = await connection.read_head()
        await connection.body(head)
        return str(head.status)
    finally:
        await connection.close()


async def wrong_place(world: World, rng: random.Random) -> str:
    method, path = rng.choice(
        [("GET", "/v1/completions"), ("POST", "/v1/none"), ("GET", "/../../etc/passwd"), ("PUT", "/metrics"),
         ("GET", "/v1/files/..%2f..%2fx"), ("DELETE", "/v1/models"), ("GET", "/%00"), ("GET", "/" + "a" * 2000)]
    )  # fmt: skip
    connection = await Connection.open(world.address)
    try:
        await connection.send(method, path, keep_alive=False)
        head = await connection.read_head()
        await connection.body(head)
        return str(head.status)
    finally:
        await connection.close()


async def huge_body(world: World, rng: random.Random) -> str:
    """Announces or sends up to 1 GiB; stops sending when told off."""
    connection = await Connection.open(world.address)
    try:
        connection.writer.write(connection.head("POST", "/v1/completions", 1 << 30) + b'{"prompt": "')
        answer = asyncio.ensure_future(connection.read_head())
        for _ in range(1024):
            if answer.done():
                break
            connection.writer.write(b"a" * (1 << 16))
            await connection.writer.drain()
            await asyncio.sleep(0)
        head = await answer
        return str(head.status) if b"body_too_large" in await connection.body(head) else f"{head.status} cut short"
    finally:
        connection.abort()


async def half_body(world: World, rng: random.Random) -> str:
    connection = await Connection.open(world.address)
    connection.writer.write(connection.head("POST", "/v1/completions", 1000) + b'{"prompt": "Once')
    await connection.writer.drain()
    await asyncio.sleep(rng.random() * 3)
    connection.abort()
    return "left"


async def no_http(world: World, rng: random.Random) -> str:
    connection = await Connection.open(world.address)
    try:
        connection.writer.write(
            rng.choice(
                [bytes(rng.randrange(256) for _ in range(300)), b"\x16\x03\x01\x02\x00\x01\x00" * 20, b"HELLO\r\n\r\n"]
            )
        )
        await connection.writer.drain()
        async with asyncio.timeout(5):
            return str((await connection.read_head()).status)
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return "cut"
    except TimeoutError:
        return "cut"  # it waits for the rest of the head: ours to end
    finally:
        connection.abort()


async def slow_head(world: World, rng: random.Random) -> str:
    """A byte at a time, never to the end."""
    connection = await Connection.open(world.address)
    try:
        for byte in connection.head("POST", "/v1/completions", 100)[: rng.randrange(10, 60)]:
            connection.writer.write(bytes([byte]))
            await connection.writer.drain()
            await asyncio.sleep(0.1)
        return "left"
    except ConnectionError:
        return "cut"
    finally:
        connection.abort()


async def long_prompt(world: World, rng: random.Random) -> str:
    prompt = [5] * rng.randrange(1_000_000, 2_000_000) if rng.random() < 0.5 else "a very long story " * 200_000
    request = good_text(world, rng) | {"prompt": prompt}
    if isinstance(prompt, str) and world.chats and rng.random() < 0.5:
        request = good_chat(world, rng) | {"messages": [{"role": "user", "content": prompt}]}
    status, _ = await exchange(world, request, keep_alive=False)
    return str(status)


async def side_doors(world: World, rng: random.Random) -> str:
    method, path, body = rng.choice(
        [("GET", "/metrics", None), ("GET", "/health", None), ("GET", "/v1/models", None),
         ("POST", "/tokenize", {"prompt": sentence(rng, 30)}), ("POST", "/detokenize", {"tokens": [300, 301, 302]})]
    )  # fmt: skip
    connection = await Connection.open(world.address)
    try:
        await connection.send(method, path, json.dumps(body).encode() if body else b"", keep_alive=False)
        head = await connection.read_head()
        await connection.body(head)
        return str(head.status)
    finally:
        await connection.close()


def sentence(rng: random.Random, longest: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randrange(1, longest + 1)))


def good_request(world: World, rng: random.Random) -> dict:
    """For the endpoint that `send` chooses by its fields."""
    return good_chat(world, rng) if world.chats and rng.random() < 0.35 else good_text(world, rng)


def good_chat(world: World, rng: random.Random) -> dict:
    roles = ["user", "assistant"] * rng.randrange(0, 4) + ["user"]
    messages = [{"role": role, "content": sentence(rng, 30)} for role in roles]
    if rng.random() < 0.3:
        messages.insert(0, {"role": "system", "content": sentence(rng, 10)})
    if rng.random() < 0.2:
        messages[-1]["content"] = [{"type": "text", "text": sentence(rng, 9)} for _ in range(rng.randrange(1, 4))]
    request: dict = {"model": world.model, "messages": messages}
    request[rng.choice(["max_tokens", "max_completion_tokens"])] = rng.randrange(1, world.longest_output + 1)
    request["temperature"] = rng.choice([0, 0.7, 1.0])
    if rng.random() < 0.2:
        request["n"] = rng.randrange(2, 5)
    if rng.random() < 0.3:
        request["seed"] = rng.randrange(1 << 63)
    if rng.random() < 0.2:
        request |= {"logprobs": True, "top_logprobs": rng.randrange(0, 6)}
    if rng.random() < 0.2:
        request["stop"] = rng.choice([".", ["dog", "cat"], "\n\n"])
    if rng.random() < 0.1:
        messages.append({"role": "assistant", "content": sentence(rng, 5)})
        request["continue_final_message"] = True
    if rng.random() < 0.1:
        request["chat_template_kwargs"] = {"opening": sentence(rng, 3)}
    return request


def good_text(world: World, rng: random.Random) -> dict:
    request: dict = {"model": world.model, "max_tokens": rng.randrange(1, world.longest_output + 1)}
    kind = rng.random()
    if kind < 0.7:
        request["prompt"] = sentence(rng, 40)
    elif kind < 0.85:
        request["prompt"] = [rng.randrange(300, 3000) for _ in range(rng.randrange(1, 200))]
    else:
        request["prompt"] = [sentence(rng, 10) for _ in range(rng.randrange(2, 5))]
    request["temperature"] = rng.choice([0, 0, 0.7, 1.0])
    if rng.random() < 0.2:
        request["n"] = rng.randrange(2, 5)
    if rng.random() < 0.3:
        request["seed"] = rng.randrange(1 << 63)
    if rng.random() < 0.2:
        request["logprobs"] = rng.randrange(0, 6)
    if rng.random() < 0.2:
        request["stop"] = rng.choice([".", ["dog", "cat"], "\n\n"])
    if rng.random() < 0.1:
        request["echo"] = True
    if rng.random() < 0.1:
        request |= {"frequency_penalty": 0.5, "presence_penalty": 0.2}
    if rng.random() < 0.05:
        plain = {name: request[name] for name in ("model", "max_tokens", "prompt")}
        return plain | {"use_beam_search": True, "n": 2, "temperature": 0}
    return request


async def send(connection: Connection, request: dict, keep_alive: bool = True) -> None:
    path = "/v1/chat/completions" if "messages" in request else "/v1/completions"
    await connection.send_json(path, request, keep_alive)


async def begin_stream(world: World, request: dict) -> tuple[Connection, Head]:
    request = request | {"stream": True}
    request.pop("use_beam_search", None)
    connection = await Connection.open(world.address)
    await send(connection, request, keep_alive=False)
    return connection, await connection.read_head()


async def exchange(world: World, request: dict, keep_alive: bool) -> tuple[int, bytes]:
    """A whole answer, over a connection that others used before where there is one and `keep_alive` says so."""
    reused = bool(keep_alive and world.idle)
    connection = world.idle.pop() if reused else await Connection.open(world.address)
    try:
        await send(connection, request, keep_alive)
        head = await connection.read_head()
        body = await connection.body(head)
    except (ConnectionError, asyncio.IncompleteReadError):
        connection.abort()
        if reused:  # the server may have closed it meanwhile
            return await exchange(world, request, keep_alive=False)
        raise
    except asyncio.CancelledError:
        connection.abort()
        raise
    if keep_alive and head.keeps_alive and len(world.idle) < 8:
        world.idle.append(connection)
    else:
        await connection.close()
    return head.status, body


async def answer(world: World, request: dict) -> bytes:
    """The choices of an answer as JSON, for comparing."""
    while True:
        status, body = await exchange(world, {"model": world.model} | request, keep_alive=True)
        if status == 200:
            return json.dumps(json.loads(body)["choices"], sort_keys=True).encode()
        if status != 429:
            raise RuntimeError(f"the probe was answered with {status}: {body[:200]!r}")
        await asyncio.sleep(0.5)
