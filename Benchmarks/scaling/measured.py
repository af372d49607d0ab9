"""What was measured: one JSON object a line, as `parterre bench --json` writes it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from scaling.formats import FORMATS
from scaling.machine import Machine
from scaling.parameters import Parameters
from scaling.shape import SHAPES
from scaling.step import Step, Times

NEAR = 60e-9  # seconds for a cache line from the other core: an assumption that two lanes hardly feel


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
        return self.step.times(self.machine, p, self.pair)

    def predicted(self, p: Parameters) -> float:
        """Tokens per second."""
        return self.tokens / self.times(p).total

    def ratio(self, p: Parameters) -> float:
        return self.predicted(p) / self.per_second


def read(folder: Path) -> list[Measurement]:
    return [
        measurement(path.stem, json.loads(line))
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def measurement(run: str, item: dict) -> Measurement:
    """The run in the middle, and the limits of its moment: memory changes from minute to minute."""
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
    limits, lanes, runs = item["limits"], item["threads"], item["runs"]
    middle = sorted(range(len(runs)), key=runs.__getitem__)[len(runs) // 2]
    read = item["read_limits"][middle]
    peaks = {name: limits[f"{name}_operations_per_second"] / lanes for name in ("f32", "bf16", "int8")}
    machine = Machine("here", (lanes,), read, read, peaks, NEAR, NEAR, read)
    bound = item["bounds"][middle] if item["bounds"] else None
    return Measurement(run, name, step, tokens, machine, limits["barrier_seconds"], runs[middle], item["spread"], bound)
