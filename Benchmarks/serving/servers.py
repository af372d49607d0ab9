"""How each server is started with the same model, batch, threads and room for keys and values."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from peers import machine
from peers.formats import Format


class NotAvailable(Exception):
    """The message is for the report."""


@dataclass(frozen=True)
class Place:
    folder: Path
    parterre: Path
    checkpoint: Path  # Hugging Face's layout, bf16
    gguf: Path
    llama_server: Path
    format: Format  # of weights as each server computes with them: bf16 or f32
    batch: int  # most sequences at once
    threads: int
    context: int  # most tokens of one sequence

    @property
    def cached_tokens(self) -> int:
        """Room for a full batch of the longest sequences."""
        return self.batch * (self.context + 64)

    @property
    def cache_gib(self) -> int:
        """That in the weights' format, in whole GiB."""
        config = json.loads((self.checkpoint / "config.json").read_text())
        bytes_each = 4 if self.format is Format.F32 else 2
        return math.ceil(self.cached_tokens * 2 * config["hidden_size"] * config["n_layer"] * bytes_each / 2**30)


class Running:
    """A server in a session of its own, from `with` to its end."""

    name: str

    def __init__(self, place: Place) -> None:
        self.place = place
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def model(self) -> str:
        """What requests call it."""
        return json.loads(self._get("/v1/models"))["data"][0]["id"]

    @property
    def session(self) -> int:
        return self.process.pid

    def command(self) -> list[object]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def version(self) -> str:
        raise NotImplementedError

    def settings(self) -> str:
        """What the report says about it."""
        raise NotImplementedError

    def describe(self) -> dict[str, str]:
        return {"version": self.version(), "settings": self.settings()}

    def __enter__(self) -> Running:
        log = self.place.folder / f"{self.name}.log"
        try:
            self.process = subprocess.Popen(
                [str(part) for part in self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log.open("wb"),
                stderr=subprocess.STDOUT,
                env=os.environ | self.environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise NotAvailable(f"it cannot be started: {error}") from None
        return self

    def __exit__(self, *_: object) -> None:
        for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 20)):
            try:
                os.killpg(self.session, number)
                self.process.wait(patience)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue

    def wait_until_ready(self, patience: float = 600) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if (code := self.process.poll()) is not None:
                raise NotAvailable(f"it ended with status {code}; its log is {self.name}.log")
            try:
                self._get("/health")
                return
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
        raise NotAvailable(f"it was not ready within {patience:.0f} s")

    def peak_memory(self) -> int:
        """In bytes, of all its processes together."""
        return sum(machine.peak_memory(pid) for pid in machine.session_members(self.session))

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return answer.read()


class Parterre(Running):
    name = "parterre"

    def command(self) -> list[object]:
        p, format = self.place, self.place.format.value
        return [
            *(p.parterre, "serve", "--model", p.checkpoint, "--weights", format, "--kv-cache", format),
            *("--port", self.port, "--threads", p.threads, "--max-batch", p.batch, "--max-queue", 10_000),
            *("--cache-memory", f"{p.cache_gib}GiB"),
        ]

    def version(self) -> str:
        done = subprocess.run([self.place.parterre, "--version"], capture_output=True, text=True)
        return f"parterre {done.stdout.strip()}"

    def settings(self) -> str:
        return f"defaults, {self.place.format.value}"


class Unbounded(Parterre):
    """The same with steps as long as make the most tokens per second: decoding waits longer for others' prompts."""

    name = "parterre-unbounded"

    def command(self) -> list[object]:
        return [*super().command(), "--step-time", "none"]

    def settings(self) -> str:
        return f"{self.place.format.value}, --step-time none"


class LlamaServer(Running):
    name = "llama.cpp"

    def command(self) -> list[object]:
        p = self.place
        return [
            *(p.llama_server, "--model", p.gguf, "--host", "127.0.0.1", "--port", self.port),
            *("--threads", p.threads, "--threads-batch", p.threads, "--parallel", p.batch),
            *("--ctx-size", p.cached_tokens, "--kv-unified"),
        ]

    def version(self) -> str:
        done = subprocess.run([self.place.llama_server, "--version"], capture_output=True, text=True)
        return "llama-server " + (done.stderr + done.stdout).strip().splitlines()[0]

    def settings(self) -> str:
        return f"{self.place.format.value} weights, f16 cache, one slot a sequence, unified cache"


DTYPES = {Format.BF16: "bfloat16", Format.F32: "float32"}


class VLLM(Running):
    name = "vllm"

    def command(self) -> list[object]:
        p = self.place
        return [
            # The package for CPUs is not called vllm, and the command `vllm serve` stumbles over that.
            *(sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", p.checkpoint),
            *("--host", "127.0.0.1", "--port", self.port, "--dtype", DTYPES[p.format], "--served-model-name", "bloom"),
            *("--max-model-len", p.context + 64, "--max-num-seqs", p.batch),
        ]

    def environment(self) -> dict[str, str]:
        p = self.place
        cores = sorted(os.sched_getaffinity(0))[: p.threads]
        return {
            "VLLM_CPU_KVCACHE_SPACE": str(p.cache_gib),
            "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, cores)),
            "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_OFFLINE": "1",
            "VLLM_CACHE_ROOT": str(p.folder / "cache" / "vllm"),
            "TORCHINDUCTOR_CACHE_DIR": str(p.folder / "cache" / "inductor"),
            "OMP_NUM_THREADS": str(p.threads),
        }

    def version(self) -> str:
        from importlib.metadata import version

        return f"vllm-cpu {version('vllm-cpu')}, torch {version('torch')}"

    def settings(self) -> str:
        return f"{DTYPES[self.place.format]}, defaults (chunked prefill, prefix cache)"


SERVERS: dict[str, type[Running]] = {server.name: server for server in (Parterre, Unbounded, LlamaServer, VLLM)}
