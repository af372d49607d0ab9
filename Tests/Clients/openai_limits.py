"""The unmodified `openai` client against a server with API keys and a short queue: who is refused, and how.

parterre serve --api-keys KEYS --max-batch 2 --max-queue 4 …
python3 Tests/Clients/openai_limits.py --base-url http://127.0.0.1:8000 --api-key KEY
"""

from __future__ import annotations

import argparse
import asyncio

import openai
from checks import Checks
from openai import AsyncOpenAI, OpenAI
from server import Server


def keys(server: Server, check: Checks, model: str) -> None:
    def ask(key: str) -> object:
        client = OpenAI(base_url=server.openai, api_key=key, max_retries=0)
        return client.completions.create(model=model, prompt="Once", max_tokens=2)

    check.true("the key opens", ask(server.api_key or ""))
    error = check.raises("a wrong key: AuthenticationError", openai.AuthenticationError, lambda: ask("wrong"))
    if error is not None:
        check.equal("with OpenAI's code", error.code, "invalid_api_key")
    check.raises(
        "a key's beginning is not enough", openai.AuthenticationError, lambda: ask((server.api_key or "")[:-1])
    )
    without = Server(server.url)
    check.equal("no key: 401", without.call("/v1/completions", {"model": model, "prompt": "Once"})[0], 401)
    check.equal("/v1/models needs it too", without.call("/v1/models")[0], 401)
    check.equal("/health is open: balancers have no keys", without.call("/health")[0], 200)


async def crowd(server: Server, model: str, size: int) -> list[object]:
    async with AsyncOpenAI(base_url=server.openai, api_key=server.api_key, max_retries=0, timeout=120) as client:
        request = {"model": model, "temperature": 0, "max_tokens": 200, "extra_body": {"ignore_eos": True}}
        return await asyncio.gather(
            *(client.completions.create(prompt=f"Story {i}", **request) for i in range(size)), return_exceptions=True
        )


async def patient_crowd(server: Server, model: str, size: int) -> list[object]:
    """The client's own retries, which obey Retry-After."""
    async with AsyncOpenAI(base_url=server.openai, api_key=server.api_key, max_retries=20, timeout=120) as client:
        request = {"model": model, "temperature": 0, "max_tokens": 50}
        return await asyncio.gather(
            *(client.completions.create(prompt=f"Story {i}", **request) for i in range(size)), return_exceptions=True
        )


def overload(server: Server, check: Checks, model: str) -> None:
    answers = asyncio.run(crowd(server, model, 40))
    refused = [a for a in answers if isinstance(a, openai.RateLimitError)]
    others = [a for a in answers if isinstance(a, Exception) and not isinstance(a, openai.RateLimitError)]
    check.true("of 40 at once some are refused with RateLimitError", refused, answers[:3])
    check.equal("none fails otherwise", others, [])
    check.true("some are served", len(refused) < 40)
    if refused:
        seconds = refused[0].response.headers.get("retry-after", "")
        check.true("Retry-After is a number of seconds", seconds.isdigit() and 0 < int(seconds) <= 120, seconds)
    status, _ = server.call("/v1/completions", {"model": model, "prompt": "Once", "n": 0})
    check.equal("a bad request is 400 whatever the load", status, 400)
    gauges = server.wait_until_idle(30)
    check.equal("then nothing is left behind", set(gauges.values()), {0.0})
    patient = asyncio.run(patient_crowd(server, model, 16))
    check.true(
        "with the client's own retries all 16 are served", not any(isinstance(a, Exception) for a in patient),
        [a for a in patient if isinstance(a, Exception)],
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--api-key", required=True)
    options = parser.parse_args()
    print(f"openai {openai.__version__}")
    server, check = Server(options.base_url, options.api_key), Checks()
    model = server.json("/v1/models")["data"][0]["id"]
    for part in (keys, overload):
        with check.section(part.__name__):
            part(server, check, model)
    check.finish()


if __name__ == "__main__":
    main()
