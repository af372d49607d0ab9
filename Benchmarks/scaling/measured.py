"""What `parterre bench --json` measured: one object a line, files as `measure` names them."""

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
    spread: float
    bound: float
    barriers_per_step: float

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
    return Measurement(
        run,
        name,
        step,
        tokens,
        machine(item["threads"], item["limits"]),
        item["limits"]["barrier_seconds"],
        item["tokens_per_second"],
        item["spread"],
        item["bound"],
        item["barriers_per_step"],
    )


def machine(lanes: int, limits: dict) -> Machine:
    read = limits["read_bytes_per_second"]
    peaks = {name: limits[f"{name}_operations_per_second"] / lanes for name in ("f32", "bf16", "int8")}
    return Machine("here", (lanes,), read, read, peaks, NEAR, NEAR, read)
