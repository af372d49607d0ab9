"""What the machine allows at one moment: on shared machines clocks and memory change from minute to minute.

They are measured before and after every timed run, of every engine, so that engines whose turns fell into different
minutes can be held against each other.
"""

from __future__ import annotations

import json
import os
import subprocess
import time

from peers import machine
from peers.formats import Format, Shape
from peers.workloads import Workload

FRESH = 2.0  # seconds for which a measurement says what is now
ROOM = 3 << 30  # bytes; measuring takes one GiB for a second
MULTIPLY_ADD = 2  # operations

Roof = dict[str, float]  # as `parterre bench --limits --json` names them


class NoLimits(Exception):
    """The binary does not measure them; the message says why."""


def measure(threads: int) -> Roof | None:
    """The limits now, in about a second; nothing where memory is too full to measure."""
    if machine.memory("MemAvailable") < ROOM:
        return None
    command = [os.environ["PARTERRE"], "bench", "--limits", "--json", "--threads", str(threads)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise NoLimits(f"{command[0]} does not start: {error.strerror}") from None
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[0]
        raise NoLimits(f"{command[0]} does not measure the machine's limits (is it an old build?): {reason}")
    return json.loads(done.stdout)


class Gauge:
    """The limits around the runs of one invocation: what was measured after one run is what holds before the next."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.latest: Roof | None = None
        self.at = 0.0

    def now(self) -> Roof | None:
        if self.latest is None or time.monotonic() - self.at > FRESH:
            self.latest = measure(self.threads)
            self.at = time.monotonic()
        return self.latest

    def since(self, before: Roof | None) -> Roof | None:
        """The means of what was then and what is now; nothing where one is not known."""
        self.latest = None
        after = self.now()
        return {name: (before[name] + after[name]) / 2 for name in after} if before and after else None


def allowed(roof: Roof, shape: Shape, format: Format, workload: Workload) -> float:
    """Tokens/s that nothing exceeds which reads each weight once a step and multiplies at the peak of the format.

    A mix counts as if all its products ran at the peak; attention counts behind a long context alone. An engine whose
    int8 or int4 products run on floats has a lower peak than this one.
    """
    bandwidth, peak = roof["read_bytes_per_second"], peak_of(roof, format)

    def step(rows: int, wanted: int) -> float:
        operations = MULTIPLY_ADD * (rows * shape.layer_weights + wanted * shape.head_weights)
        return max(shape.weight_bytes(format) / bandwidth, operations / peak)

    rows = len(workload.prompts)
    match workload.kind:
        case "prefill":
            return workload.counted_tokens / step(workload.counted_tokens, 1)
        case "mixed":
            written = sum(workload.outputs)
            return written / step(sum(map(len, workload.prompts)) + written, written)
        case "long":
            cached = rows * len(workload.prompts[0]) * shape.cached_numbers * (4 if format is Format.F32 else 2)
            return rows / (step(rows, rows) + cached / bandwidth)
        case _:
            return rows / step(rows, rows)


def peak_of(roof: Roof, format: Format) -> float:
    """Operations per second that products in that format reach at most."""
    f32 = roof["f32_operations_per_second"]
    match format:
        case Format.F32:
            return f32
        case Format.BF16:
            return max(f32, roof["bf16_operations_per_second"])
        case _:
            return roof["int8_operations_per_second"] or f32
