"""The parent's side of worker.py: starts an engine's process, asks it, stops it from running between its turns."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from pathlib import Path

from peers import machine
from peers.engines import ENGINES
from peers.venvs import Environments


class Failed(Exception):
    """The engine did not do what was asked; the message is for the report."""


class Child:
    """One engine's process. It runs only while it answers; between its turns a signal stops it, threads and all."""

    def __init__(
        self, engine: str, environments: Environments, log: Path, threads: int, settings: dict[str, str]
    ) -> None:
        self.engine = engine
        self.timeout = 1_800.0
        python = environments.python(ENGINES[engine].environment)
        self.started = time.time()
        self.process = subprocess.Popen(
            [python, "-m", "peers.worker", engine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("ab"),
            env=child_environment(python, threads) | settings,
            start_new_session=True,
            bufsize=0,
        )
        self.pending = b""
        atexit.register(self.close)
        try:
            self._receive()
        except Failed:
            self.close()
            raise

    @property
    def session(self) -> int:
        return self.process.pid

    def ask(self, **request: object) -> dict:
        """Sends a request and waits for its answer; afterwards the process is stopped."""
        self._signal(signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            return self._receive()
        except BrokenPipeError:
            raise Failed(self._obituary()) from None
        finally:
            self._signal(signal.SIGSTOP)

    def peak_memory(self) -> int:
        """In bytes, of all its processes together."""
        return sum(machine.peak_memory(pid) for pid in machine.session_members(self.session))

    def close(self) -> None:
        atexit.unregister(self.close)
        self._signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def _receive(self) -> dict:
        deadline = time.monotonic() + self.timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.pending:
                if not selector.select(deadline - time.monotonic()):
                    raise Failed(f"no answer within {self.timeout:.0f} s")
                if not (data := os.read(self.process.stdout.fileno(), 1 << 20)):
                    raise Failed(self._obituary())
                self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        answer = json.loads(line)
        if not answer.pop("ok"):
            raise Failed(answer["reason"])
        return answer

    def _obituary(self) -> str:
        code = self.process.wait()
        return (
            f"its process ended by {signal.Signals(-code).name}"
            if code < 0
            else f"its process ended with status {code}"
        )

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # it ended already
            os.killpg(self.session, number)


def child_environment(python: Path, threads: int) -> dict[str, str]:
    """The parent's environment, where nothing but the number of threads tunes a numerical library."""
    tuning = ("OMP_", "KMP_", "GOMP_", "MKL_", "OPENBLAS_", "LD_PRELOAD")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(tuning)}
    return kept | {
        "PYTHONPATH": str(Path(__file__).parent.parent),
        "PYTHONDONTWRITEBYTECODE": "",
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "OMP_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
