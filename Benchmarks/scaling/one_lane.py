"""Times one lane by the CPU seconds it uses: `python3 -m scaling.one_lane BINARY SHAPE WEIGHTS`.

So a machine shared with others can still be measured: what they take does not count, except of the memory's bandwidth.
Prompts that are only read have a known number of steps: one each. A prompt of one token is a step of decoding.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

WORKLOADS = ("prefill1", "prefill8", "prefill32", "prefill128")
ROUNDS = 3  # the least disturbed counts
STEPS = 2


def main(binary: str, shape: str, weights: str) -> None:
    command = [binary, "bench", "--shape", shape, "--weights", weights, "--threads", "1", "--json"]
    command += ["--runs", str(STEPS - 1)]  # and one that warms up
    for workload in ("prefill2", *WORKLOADS * ROUNDS):  # the first only says when loading is over
        command += ["--workload", workload]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        spent = list(cpu_seconds_by_workload(process))
        results = {item["workload"]: item for item in map(json.loads, process.stdout)}
    for name in WORKLOADS:
        print(json.dumps(line_of(results[name], [seconds / STEPS for other, seconds in spent if other == name])))


def cpu_seconds_by_workload(process: subprocess.Popen) -> Iterator[tuple[str, float]]:
    """As each ends, it writes a line."""
    before = 0.0
    for line in process.stderr:
        if match := re.search(r"(prefill\d+): .*tokens/s", line):
            now = cpu_seconds(process.pid)
            yield match[1], now - before
            before = now


def cpu_seconds(process: int) -> float:
    """Of all its threads; the kernel counts them in nanoseconds."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{process}/task").glob("*/schedstat")) / 1e9


def line_of(item: dict, seconds: list[float]) -> dict:
    """As bench writes it, with tokens of a CPU second, and without limits: those need a machine of one's own."""
    rates = [round(int(item["workload"].removeprefix("prefill")) / each, 3) for each in seconds]
    kept = ("workload", "weights", "isa", "model", "threads", "weight_bytes", "barriers_per_step")
    spread = round((max(rates) - min(rates)) / max(rates), 4)
    return {name: item[name] for name in kept} | {"tokens_per_second": max(rates), "runs": rates, "spread": spread}


if __name__ == "__main__":
    main(*sys.argv[1:])
