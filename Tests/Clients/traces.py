"""Arrival times and lengths of real requests, scaled to a small machine.

A trace is a CSV of Azure (`TIMESTAMP,ContextTokens,GeneratedTokens`) or JSON lines of Mooncake (`timestamp` in
milliseconds, `input_length`, `output_length`, `hash_ids`: one id for each 512 tokens of the prompt, equal where prompts
begin alike). Scaling keeps a trace's shape: its bursts, how lengths are spread, and which prompts share a beginning.
"""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

MOONCAKE_BLOCK = 512  # tokens


@dataclass(frozen=True)
class Arrival:
    seconds: float  # since the first one
    prompt_tokens: int
    output_tokens: int
    prefix: tuple[int, ...] = ()  # Mooncake's hash_ids


@dataclass(frozen=True)
class Scaling:
    rate: float  # requests per second, on average
    prompt: float = 1.0  # prompts' lengths are multiplied by that
    output: float = 1.0
    longest_prompt: int = 1 << 30
    longest_output: int = 1 << 30


def read(path: Path, count: int, skip: int = 0) -> list[Arrival]:
    """`count` requests of the trace, behind the first `skip`."""
    with path.open(newline="") as file:
        rows = list(
            islice(csv.DictReader(file) if path.suffix == ".csv" else map(json.loads, file), skip, skip + count)
        )
    if not rows:
        raise SystemExit(f"{path} has no request behind the first {skip}")
    arrivals = [_azure(row) if path.suffix == ".csv" else _mooncake(row) for row in rows]
    arrivals.sort(key=lambda arrival: arrival.seconds)
    first = arrivals[0].seconds
    return [Arrival(a.seconds - first, a.prompt_tokens, a.output_tokens, a.prefix) for a in arrivals]


def _azure(row: dict[str, str]) -> Arrival:
    whole, _, fraction = row["TIMESTAMP"].partition(".")
    seconds = datetime.fromisoformat(whole).timestamp() + float(f"0.{fraction or 0}")
    return Arrival(seconds, int(row["ContextTokens"]), int(row["GeneratedTokens"]))


def _mooncake(row: dict) -> Arrival:
    return Arrival(row["timestamp"] / 1000, row["input_length"], row["output_length"], tuple(row["hash_ids"]))


def scale(arrivals: list[Arrival], scaling: Scaling) -> list[Arrival]:
    span = arrivals[-1].seconds
    stretch = (len(arrivals) - 1) / scaling.rate / span if span else 0

    def length(tokens: int, factor: float, longest: int) -> int:
        return max(1, min(longest, round(tokens * factor)))

    return [
        Arrival(
            a.seconds * stretch,
            length(a.prompt_tokens, scaling.prompt, scaling.longest_prompt),
            length(a.output_tokens, scaling.output, scaling.longest_output),
            a.prefix,
        )
        for a in arrivals
    ]


class Prompts:
    """Token ids for arrivals: random, and alike where the trace's prompts were."""

    def __init__(self, lowest: int, highest: int, scaling: Scaling, seed: int) -> None:
        self.ids = range(lowest, highest + 1)
        self.block = max(1, round(MOONCAKE_BLOCK * scaling.prompt))
        self.seed = seed

    def make(self, index: int, arrival: Arrival) -> list[int]:
        ids: list[int] = []
        for block in arrival.prefix:
            ids += self._random(f"block {block}", min(self.block, arrival.prompt_tokens - len(ids)))
        return ids + self._random(f"own {index}", arrival.prompt_tokens - len(ids))

    def _random(self, name: str, count: int) -> list[int]:
        return random.Random(f"{self.seed} {name}").choices(self.ids, k=max(0, count))
