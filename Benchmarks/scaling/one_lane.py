"""Times one lane by the CPU seconds it uses: `python3 -m scaling.one_lane BINARY SHAPE WEIGHTS`.

So a machine shared with others can still be measured: what they take does not count, except of the memory's bandwidth.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

STEPS = 10
# A session computes its one-token prompts in a step of their own, and has often begun another when its reader leaves.
FURTHER_STEPS = 1.5
SESSIONS = 2  # one warms up: all count
TICKS = os.sysconf("SC_CLK_TCK")


def main(binary: str, shape: str, weights: str) -> None:
    command = [binary, "bench", "--shape", shape, "--weights", weights, "--threads", "1", "--prompt", "1"]
    command += ["--steps", str(STEPS), "--runs", str(SESSIONS - 1)]
    # The first only says when loading is over.
    for workload in ("prefill1", "decode_b1", "decode_b8", "prefill128"):
        command += ["--workload", workload]
    with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        spent: dict[str, float] = {}
        before = 0.0
        for line in process.stderr:
            now = cpu_seconds(process.pid)
            if match := re.search(r"((?:decode_b|prefill)\d+): .*tokens/s", line):
                spent[match[1]] = now - before
                before = now
        results = {item["workload"]: item for item in map(json.loads, process.stdout)}
    for name, seconds in spent.items():
        if name != "prefill1":
            print(json.dumps(line_of(results[name], seconds)), flush=True)


def cpu_seconds(process: int) -> float:
    """Of all its threads, in user and in kernel mode."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def line_of(item: dict, seconds: float) -> dict:
    """As bench writes it, with tokens of a CPU second, and without limits: those need a machine of one's own."""
    rows = int(re.sub(r"\D", "", item["workload"]))
    tokens = rows * SESSIONS * (STEPS + FURTHER_STEPS if item["workload"].startswith("decode") else 1)
    kept = ("workload", "weights", "isa", "context", "model", "threads", "weight_bytes", "barriers_per_step")
    return {name: item[name] for name in kept} | {
        "tokens_per_second": round(tokens / seconds, 3),
        "cpu_seconds": round(seconds, 2),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
