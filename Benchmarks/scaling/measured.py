"""What was measured: one JSON object a line, as `parterre bench --json` or `one_lane.py` writes it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from scaling.formats import FORMATS
from scaling.machine import Machine
from scaling.parameters import Parameters
from scaling.shape import SHAPES
from scaling.step import Step, Times

NEAR = 60e-9  # seconds for a cache line from the other core; assumed, as in profiles.py


@dataclass(frozen=True)
class Measurement:
    run: str  # the file's name
    workload: str
    step: Step
    tokens: int  # of one step
    machine: Machine
    pair: float  # seconds of a barrier
    per_second: float  # tokens, median of the runs
    spread: float | None
    bound: float | None

    def times(self, p: Parameters) -> Times:
        return self.step.times(replace(self.machine, lane_read=p.lane_read), p, self.pair)

    def predicted(self, p: Parameters) -> float:
        """Tokens per second."""
        return self.tokens / self.times(p).total

    def ratio(self, p: Parameters) -> float:
        return self.predicted(p) / self.per_second


def read(folder: Path) -> list[Measurement]:
    """Runs of one lane have no limits of their own: theirs are those of the same weights on all lanes."""
    items = [
        (path.stem, json.loads(line))
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    limits = {item["weights"]: per_lane(item) for _, item in reversed(items) if "limits" in item}
    return [
        measurement(run, item, per_lane(item) if "limits" in item else limits[item["weights"]])
        for run, item in items
    ]


def per_lane(item: dict) -> tuple[dict, dict[str, float]]:
    """A run's limits, and the peaks of one lane."""
    limits = item["limits"]
    return limits, {name: limits[f"{name}_operations_per_second"] / item["threads"] for name in ("f32", "bf16", "int8")}


def measurement(run: str, item: dict, of_machine: tuple[dict, dict[str, float]]) -> Measurement:
    format, shape = FORMATS[item["weights"]], SHAPES[item["model"]]
    name = item["workload"]
    if match := re.fullmatch(r"prefill(\d+)", name):
        tokens = int(match[1])
        step = Step.prefill(shape, format, tokens)
    elif match := re.fullmatch(r"(?:decode|long\d+)_b(\d+)", name):
        tokens = int(match[1])
        step = Step.decode(shape, format, tokens, item["context"])
    else:
        raise ValueError(f"{run}: the model knows no workload {name}")
    limits, peaks = of_machine
    read = limits["read_bytes_per_second"]
    machine = Machine("here", (item["threads"],), read, read, peaks, NEAR, NEAR, read)
    pair, rate = limits["barrier_seconds"], item["tokens_per_second"]
    return Measurement(run, name, step, tokens, machine, pair, rate, item.get("spread"), item.get("bound"))
