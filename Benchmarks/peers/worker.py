"""One engine in a process of its own: requests come as JSON lines on stdin, answers leave as JSON lines on stdout.

python -m peers.worker ENGINE
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TextIO

from peers.engines import ENGINES
from peers.engines.base import Engine, Limits, NotAvailable
from peers.formats import Format, Models
from peers.workloads import Workload, read_workloads


class Worker:
    """Holds the loaded engine between requests."""

    def __init__(self, driver: str) -> None:
        module, name = ENGINES[driver].path.split(":")
        self.engine: Engine = getattr(importlib.import_module(module), name)()
        self.workloads: dict[str, Workload] = {}

    def load(self, models: str, format: str, limits: dict, workloads: str) -> dict:
        self.workloads = read_workloads(Path(workloads))
        self.engine.load(Models(Path(models)), Format(format), Limits(**limits))
        return self.engine.describe()

    def start(self, models: str, format: str, limits: dict, prompt: list[int]) -> dict:
        """Loads and writes one token, in a process that has done nothing yet."""
        self.engine.load(Models(Path(models)), Format(format), Limits(**limits))
        self.engine.greedy([prompt], 1)
        return {"began": self.engine.began, "ended": time.time()}

    def run(self, workload: str, windows: int = 1) -> dict:
        timing = self.engine.run(self.workloads[workload], windows)
        return {"seconds": timing.seconds, **timing.more}

    def greedy(self, workload: str, count: int) -> dict:
        return {"tokens": self.engine.greedy(self.workloads[workload].prompts, count)}

    def answer(self, request: dict) -> dict:
        try:
            operation = {"load": self.load, "start": self.start, "run": self.run, "greedy": self.greedy}[
                request.pop("op")
            ]
            return {"ok": True, **operation(**request)}
        except NotAvailable as reason:
            return {"ok": False, "reason": str(reason)}
        except Exception as error:
            traceback.print_exc()
            return {"ok": False, "reason": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}


def claim_stdout() -> TextIO:
    """The real stdout for us alone: what libraries print there goes to stderr, that is, to the log."""
    ours = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return ours


def end_with_parent() -> None:
    """A parent that is killed cannot end us, and we may be standing still: the kernel does it (prctl(2))."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def main() -> None:
    end_with_parent()
    answers = claim_stdout()
    try:
        worker = Worker(sys.argv[1])
    except Exception as error:
        traceback.print_exc()
        print(json.dumps({"ok": False, "reason": f"does not import: {error}"}), file=answers)
        return
    print(json.dumps({"ok": True}), file=answers)
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), file=answers)


if __name__ == "__main__":
    main()
