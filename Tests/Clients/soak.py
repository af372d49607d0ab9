"""A soak: random requests, good and bad, some cut off, and a watch over the server's memory, threads and open files.

    python3 Tests/Clients/soak.py --base-url http://127.0.0.1:8000 --pid PID --minutes 60 --csv soak.csv

Checks, at the end: every answer was of the kind its request deserves (never 5xx, never a connection that hangs); a
probe that is asked again and again got the same bytes each time; nothing runs, waits or holds a block any more;
resident memory, threads and open files are where they were after the warm-up. The same seed plays the same requests.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import misdeeds
import wire
from checks import Checks
from misdeeds import World
from server import Server, load_gauges
from wire import Address

PROBE = {"prompt": "The little dog", "temperature": 1, "seed": 11, "max_tokens": 24, "logprobs": 1, "n": 2}
CHAT = {
    "messages": [{"role": "user", "content": "Tell me of the little dog"}],
    "temperature": 1, "seed": 11, "max_tokens": 24, "logprobs": True, "top_logprobs": 1,
}  # fmt: skip

# How often each kind of request comes, and what may come of it.
KINDS: list[tuple[int, Callable[[World, random.Random], Awaitable[str]], set[str]]] = [
    (30, misdeeds.completion, {"200", "429"}),
    (25, misdeeds.stream, {"200", "429"}),
    (10, misdeeds.cut_stream, {"cut", "429"}),
    (6, misdeeds.leave_before_answer, {"left"}),
    (4, misdeeds.slow_reader, {"200", "cut", "429"}),
    (6, misdeeds.bad_fields, {"400", "404"}),
    (4, misdeeds.bad_chat, {"400"}),
    (4, misdeeds.bad_json, {"400"}),
    (3, misdeeds.wrong_place, {"404", "405"}),
    (2, misdeeds.huge_body, {"413"}),
    (2, misdeeds.half_body, {"left"}),
    (2, misdeeds.no_http, {"400", "cut"}),
    (2, misdeeds.slow_head, {"left", "cut"}),
    (2, misdeeds.long_prompt, {"400", "413"}),
    (6, misdeeds.side_doors, {"200"}),
]


class Samples:
    """What /proc and /metrics say, every few seconds."""

    FIELDS = ("seconds", "rss_kib", "anonymous_kib", "threads", "files", "running", "waiting", "kv_usage", "requests")

    def __init__(self, pid: int, server: Server, path: Path | None) -> None:
        self.pid = pid
        self.server = server
        self.rows: list[dict[str, float]] = []
        self.file = path.open("w", newline="") if path else None
        self.writer = csv.DictWriter(self.file, self.FIELDS) if self.file else None
        if self.writer:
            self.writer.writeheader()

    def take(self, seconds: float, requests: int) -> None:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{self.pid}/status").read_text().splitlines())
        running, waiting, usage = load_gauges(self.server.metrics()).values()
        row = {
            "seconds": round(seconds),
            "rss_kib": int(status["VmRSS"].split()[0]),
            "anonymous_kib": int(status["RssAnon"].split()[0]),
            "threads": int(status["Threads"]),
            "files": len(list(Path(f"/proc/{self.pid}/fd").iterdir())),
            "running": running,
            "waiting": waiting,
            "kv_usage": usage,
            "requests": requests,
        }
        self.rows.append(row)
        if self.writer and self.file:
            self.writer.writerow(row)
            self.file.flush()

    def median(self, name: str, begin: float, end: float) -> float:
        """Over a part of the time, e.g. 0.25 … 0.5."""
        count = len(self.rows)
        part = self.rows[int(begin * count) : max(int(end * count), int(begin * count) + 1)]
        return statistics.median(row[name] for row in part)

    def slope(self, name: str) -> float:
        """Per hour, by least squares over the last three quarters."""
        rows = self.rows[len(self.rows) // 4 :]
        times = [row["seconds"] / 3600 for row in rows]
        if len(set(times)) < 2:
            return 0
        return statistics.linear_regression(times, [row[name] for row in rows]).slope


class Soak:
    def __init__(self, world: World, rate: float, seed: int, probe: Callable[[], Awaitable[bytes]]) -> None:
        self.world = world
        self.rate = rate
        self.random = random.Random(seed)
        self.probe = probe
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.surprises: list[str] = []
        self.longest = 0.0  # seconds that one request took
        self.probes = 0

    async def run(self, seconds: float, samples: Samples, interval: float) -> None:
        began = time.monotonic()
        wanted = await self.probe()
        tasks: set[asyncio.Task[None]] = set()
        next_sample = 0.0
        while (elapsed := time.monotonic() - began) < seconds:
            if elapsed >= next_sample:
                await asyncio.to_thread(samples.take, elapsed, sum(self.outcomes.values()))
                self.probes += 1
                if await self.probe() != wanted:
                    self.surprises.append(f"{elapsed:.0f} s: the probe's answer changed")
                next_sample = elapsed + interval
            if len(tasks) < 200:
                task = asyncio.create_task(self._one(random.Random(self.random.random())))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await asyncio.sleep(self.random.expovariate(self.rate))
        await asyncio.gather(*tasks)

    async def _one(self, rng: random.Random) -> None:
        _, kind, allowed = rng.choices(KINDS, weights=[kind[0] for kind in KINDS])[0]
        began = time.monotonic()
        lines: list[str] = []
        wire.exchanged.set(lines)  # the task's own
        try:
            async with asyncio.timeout(120):
                outcome = await kind(self.world, rng)
        except TimeoutError:
            outcome = "hangs"
        except (OSError, asyncio.IncompleteReadError) as error:
            outcome = type(error).__name__
        self.longest = max(self.longest, time.monotonic() - began)
        self.outcomes[kind.__name__, outcome] += 1
        if outcome not in allowed and len(self.surprises) < 50:
            self.surprises.append(f"{kind.__name__}: {outcome}")
            print("\n      ".join([f"   surprise: {kind.__name__}: {outcome}", *lines]), flush=True)


def judge(soak: Soak, samples: Samples, server: Server, growth: float, check: Checks) -> dict[str, float]:
    for kind, outcome in sorted(soak.outcomes):
        print(f"   {soak.outcomes[kind, outcome]:7} {kind}: {outcome}")
    print(f"   {len(samples.rows)} samples, {soak.probes} probes; the longest request took {soak.longest:.1f} s")
    check.equal("every answer was of the kind its request deserves, the probe's always the same", soak.surprises, [])
    gauges = server.wait_until_idle(60)
    check.equal("nothing runs, waits or holds a block in the end", set(gauges.values()), {0.0})
    early, late = (samples.median("rss_kib", *part) / 1024 for part in ((0.25, 0.5), (0.75, 1.0)))
    slope = samples.slope("rss_kib") / 1024
    check.true(
        f"resident memory is flat: median {early:.1f} MiB in the second quarter, {late:.1f} MiB in the last, "
        f"{slope:+.1f} MiB/h by least squares; {growth:.1f} MiB allowed",
        late - early <= growth,
    )
    for name in ("threads", "files"):
        early, late = samples.median(name, 0.25, 0.5), samples.rows[-1][name]
        check.true(f"{name}: median {early:.0f} in the second quarter, {late:.0f} at the end", late <= early + 20)
    return {"rss_slope_mib_per_hour": round(slope, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--base-url", required=True)
    add("--pid", type=int, required=True, help="the server's process, on this machine")
    add("--minutes", type=float, default=60)
    add("--rate", type=float, default=4, help="requests per second, arriving at random")
    add("--interval", type=float, default=10, help="seconds between samples")
    add("--longest-output", type=int, default=120, help="tokens")
    add("--growth", type=float, default=8, help="MiB that the median may grow by from the second quarter to the last")
    add("--csv", type=Path)
    add("--json", type=Path)
    add("--seed", type=int, default=random.randrange(1 << 31))
    o = parser.parse_args()

    server = Server(o.base_url)
    model = server.json("/v1/models")["data"][0]["id"]
    print(f"soak of {o.minutes:g} minutes, {o.rate:g} requests/s, seed {o.seed}, model {model}", flush=True)
    chats = server.call("/tokenize", {"messages": CHAT["messages"]})[0] == 200
    world = World(Address.of(o.base_url), model, o.longest_output, chats)
    probes = [PROBE, CHAT] if chats else [PROBE]

    async def probe() -> bytes:
        return b"".join([await misdeeds.answer(world, request) for request in probes])

    soak = Soak(world, o.rate, o.seed, probe)
    samples = Samples(o.pid, server, o.csv)
    began = time.monotonic()
    asyncio.run(soak.run(60 * o.minutes, samples, o.interval))
    samples.take(time.monotonic() - began, sum(soak.outcomes.values()))
    server.wait_until_idle(60)
    time.sleep(1)
    samples.take(time.monotonic() - began, sum(soak.outcomes.values()))
    check = Checks()
    figures = judge(soak, samples, server, o.growth, check)
    if o.json:
        outcomes = {f"{kind}: {outcome}": count for (kind, outcome), count in sorted(soak.outcomes.items())}
        report = {"minutes": o.minutes, "rate": o.rate, "seed": o.seed, "requests": sum(soak.outcomes.values())}
        report |= figures | {"outcomes": outcomes, "surprises": soak.surprises, "last": samples.rows[-1]}
        o.json.write_text(json.dumps(report, indent=1) + "\n")
    check.finish()


if __name__ == "__main__":
    main()
