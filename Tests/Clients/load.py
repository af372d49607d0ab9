"""An open-loop load: requests arrive when a real trace says, whether or not earlier ones have been answered.

    python3 Tests/Clients/load.py --base-url http://127.0.0.1:8000 --rate 2 --requests 100 \\
        --trace ../shared/data/traces/AzureLLMInferenceTrace_conv.csv --prompt-scale 0.1 --output-scale 0.2

Every request sends token ids, streams its text back and ends at its length, never at an end token. Times are counted
from the moment at which the trace wanted the request, so a client that is late does not flatter the server.

  ttft  first event with a token          itl   between two events of one answer
  e2e   the whole answer                  tpot  (e2e - ttft) / (tokens - 1)

Exit code 1 when a request failed with anything but 429, or none was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import traces
from server import Server
from traces import Arrival, Prompts, Scaling
from wire import Address, Connection


@dataclass
class Result:
    arrival: Arrival
    error: str | None = None  # an HTTP status, or what happened to the connection
    sent: float = 0.0  # seconds after the arrival: how late this client was
    first: float = math.nan
    end: float = math.nan
    gaps: list[float] = field(default_factory=list)
    prompt_tokens: int = 0
    tokens: int = 0


class Load:
    def __init__(self, address: Address, model: str, prompts: Prompts, timeout: float, extra: dict) -> None:
        self.address = address
        self.model = model
        self.prompts = prompts
        self.timeout = timeout
        self.extra = extra

    async def run(self, arrivals: list[Arrival]) -> tuple[list[Result], float]:
        """The results in the trace's order, and the seconds from the first arrival to the last answer."""
        bodies = [self._body(index, arrival) for index, arrival in enumerate(arrivals)]
        began = time.perf_counter()

        async def one(arrival: Arrival, body: bytes) -> Result:
            due = began + arrival.seconds
            await asyncio.sleep(due - time.perf_counter())
            result = Result(arrival, sent=time.perf_counter() - due)
            try:
                async with asyncio.timeout(self.timeout):
                    await self._ask(body, due, result)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
                result.error = type(error).__name__
            return result

        results = await asyncio.gather(*map(one, arrivals, bodies))
        return results, time.perf_counter() - began

    def _body(self, index: int, arrival: Arrival) -> bytes:
        return json.dumps(
            {
                "model": self.model,
                "prompt": self.prompts.make(index, arrival),
                "max_tokens": arrival.output_tokens,
                "temperature": 0,
                "ignore_eos": True,
                "stream": True,
                "stream_options": {"include_usage": True},
            }
            | self.extra
        ).encode()

    async def _ask(self, body: bytes, due: float, result: Result) -> None:
        connection = await Connection.open(self.address)
        try:
            await connection.send("POST", "/v1/completions", body, keep_alive=False)
            head = await connection.read_head()
            if head.status != 200:
                result.error = str(head.status)
                return
            last = None
            async for event in connection.events(head):
                now = time.perf_counter() - due
                if event == "[DONE]":
                    break
                chunk = json.loads(event)
                if usage := chunk.get("usage"):
                    result.prompt_tokens, result.tokens = usage["prompt_tokens"], usage["completion_tokens"]
                if not any(choice["text"] for choice in chunk["choices"]):
                    continue
                if last is None:
                    result.first = now
                else:
                    result.gaps.append(now - last)
                last = result.end = now
            else:
                result.error = "no [DONE]"
        finally:
            connection.abort()


def percentiles(values: list[float]) -> dict[str, float]:
    """In milliseconds."""
    if not values:
        return {}
    ordered = sorted(values)

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    named = {"mean": statistics.fmean(ordered), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": ordered[-1]}
    return {name: round(1000 * value, 2) for name, value in named.items()}


def summary(results: list[Result], seconds: float) -> dict:
    done = [r for r in results if r.error is None and r.tokens]
    short = sum(r.tokens != r.arrival.output_tokens for r in done)
    return {
        "requests": len(results),
        "answered": len(done),
        "errors": dict(Counter(r.error for r in results if r.error)),
        "of_other_length": short,
        "seconds": round(seconds, 2),
        "requests_per_second": round(len(done) / seconds, 3),
        "prompt_tokens_per_second": round(sum(r.prompt_tokens for r in done) / seconds, 1),
        "output_tokens_per_second": round(sum(r.tokens for r in done) / seconds, 1),
        "ttft_ms": percentiles([r.first for r in done if not math.isnan(r.first)]),
        "itl_ms": percentiles([gap for r in done for gap in r.gaps]),
        "tpot_ms": percentiles([(r.end - r.first) / (r.tokens - 1) for r in done if r.tokens > 1 and r.end > r.first]),
        "e2e_ms": percentiles([r.end for r in done if not math.isnan(r.end)]),
        "client_lateness_ms": percentiles([r.sent for r in results]),
    }


def print_table(report: dict) -> None:
    print(
        f"{report['answered']} of {report['requests']} answered in {report['seconds']} s; "
        f"errors {report['errors'] or 'none'}; "
        f"{report['requests_per_second']} requests/s, {report['prompt_tokens_per_second']} prompt and "
        f"{report['output_tokens_per_second']} output tokens/s"
    )
    print(f"{'ms':>8} {'mean':>9} {'p50':>9} {'p95':>9} {'p99':>9} {'max':>9}")
    for name in ("ttft", "itl", "tpot", "e2e", "client_lateness"):
        row = report[f"{name}_ms"]
        print(f"{name[:8]:>8} " + " ".join(f"{value:9.1f}" for value in row.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--base-url", required=True)
    add("--model", help="the first that the server lists")
    add("--trace", type=Path, required=True)
    add("--requests", type=int, default=100)
    add("--skip", type=int, default=0, help="begin behind that many requests of the trace")
    add("--rate", type=float, required=True, help="requests per second on average; the trace's bursts stay")
    add("--prompt-scale", type=float, default=1.0)
    add("--output-scale", type=float, default=1.0)
    add("--longest-prompt", type=int, default=1 << 30)
    add("--longest-output", type=int, default=1 << 30)
    add("--ids", default="300,3000", help="lowest and highest token id of prompts")
    add("--extra", type=json.loads, default={}, help="fields to send in every request, as JSON")
    add("--timeout", type=float, default=300, help="seconds a request may take")
    add("--seed", type=int, default=1)
    add("--json", type=Path, help="write the figures there")
    o = parser.parse_args()

    scaling = Scaling(o.rate, o.prompt_scale, o.output_scale, o.longest_prompt, o.longest_output)
    arrivals = traces.scale(traces.read(o.trace, o.requests, o.skip), scaling)
    lowest, highest = map(int, o.ids.split(","))
    model = o.model or Server(o.base_url).json("/v1/models")["data"][0]["id"]
    print(
        f"{o.trace.name}: {len(arrivals)} requests behind {o.skip}, {o.rate}/s, prompts x {o.prompt_scale} "
        f"(mean {statistics.fmean(a.prompt_tokens for a in arrivals):.0f} tokens), outputs x {o.output_scale} "
        f"(mean {statistics.fmean(a.output_tokens for a in arrivals):.0f}), seed {o.seed}",
        flush=True,
    )
    load = Load(Address.of(o.base_url), model, Prompts(lowest, highest, scaling, o.seed), o.timeout, o.extra)
    before = os.times()
    results, seconds = asyncio.run(load.run(arrivals))
    after = os.times()
    settings = {name: value for name, value in vars(o).items() if name not in ("base_url", "json", "trace", "model")}
    report = {"settings": settings | {"trace": o.trace.name}} | summary(results, seconds)
    report["client_cpu_seconds"] = round(after.user + after.system - before.user - before.system, 2)
    print_table(report)
    if o.json:
        o.json.write_text(json.dumps(report, indent=1) + "\n")
    unexpected = {error for error in report["errors"] if error != "429"}
    raise SystemExit(1 if unexpected or not report["answered"] or report["of_other_length"] else 0)


if __name__ == "__main__":
    main()
