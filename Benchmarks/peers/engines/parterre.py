"""Parterre itself, through its command line.

Whole requests (prefill, the mix, greedy tokens) go as JSON lines to a `parterre generate` that stays loaded. Steps
cannot be told apart there, so `parterre bench` times a decoding behind the same prompts, in a process of its own for
each run.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from peers.engines.base import Engine, Limits, NotAvailable, Stopwatch, Timing
from peers.formats import Format, Models


class Parterre(Engine):
    def load(self, models: Models, format: Format, limits: Limits) -> None:
        self.binary = Path(os.environ["PARTERRE"])
        if not os.access(self.binary, os.X_OK):
            raise NotAvailable(f"there is no release build at {self.binary}: swift build -c release --product parterre")
        checkpoint = self.checkpoint(models, format)
        # What --kv-cache auto stands for, said aloud so that the report's settings are those in force.
        self.cache = {Format.F32: "f32", Format.BF16: "bf16"}.get(format, "int8")
        self.model = ["--model", str(checkpoint), "--weights", format, "--kv-cache", self.cache]
        # Rounds repeat their prompts, and no other engine here may keep what it computed of them.
        self.model += ["--threads", str(limits.threads), "--no-prefix-cache"]
        cache = -(-limits.cache_bytes(width=4) >> 20)  # MiB
        self.began = time.time()
        self.process = subprocess.Popen(
            [str(self.binary), "generate", *self.model, "--input", "-", "--temperature", "0", "--quiet"]
            + ["--max-batch", str(limits.batch), "--cache-memory", f"{cache}MiB"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.requests = 0

    def checkpoint(self, models: Models, format: Format) -> Path:
        """int8 and int4 are made from the float32 weights, as the peers' are."""
        return models.hugging_face(Format.BF16 if format is Format.BF16 else Format.F32)

    def describe(self) -> dict[str, str]:
        version = self._command("--version").strip()
        return {"version": f"parterre {version}", "settings": f"cache {self.cache}; weights packed or quantised at load"}

    def prefill(self, prompt: list[int]) -> Timing:
        watch = Stopwatch()
        tokens = self._answers([prompt], [1])
        return Timing([watch.seconds], tokens)

    def mixed(self, prompts: list[list[int]], outputs: list[int]) -> Timing:
        watch = Stopwatch()
        tokens = self._answers(prompts, outputs)
        return Timing([watch.seconds], tokens)

    def greedy(self, prompts: list[list[int]], count: int) -> list[list[int]]:
        return self._answers(prompts, [count] * len(prompts))

    def decode(self, prompts: list[list[int]], steps: int, windows: int = 1) -> Timing:
        return self._bench(f"decode_b{len(prompts)}", prompts, steps, windows)

    def long(self, prompts: list[list[int]], steps: int, windows: int) -> Timing:
        self.process.kill()  # its memory is needed
        name = f"long{len(prompts[0])}_b{len(prompts)}"
        return self._bench(name, prompts, steps, windows)

    def _answers(self, prompts: list[list[int]], outputs: list[int]) -> list[list[int]]:
        """All requests at once; waits for the last answer."""
        first = self.requests
        self.requests += len(prompts)
        for index, (prompt, count) in enumerate(zip(prompts, outputs, strict=True)):
            line = {"id": str(first + index), "prompt_token_ids": prompt, "max_tokens": count, "ignore_eos": True}
            self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answers: dict[str, list[int]] = {}
        while len(answers) < len(prompts):
            if not (line := self.process.stdout.readline()):
                raise RuntimeError(f"parterre generate ended with status {self.process.wait()}; its log says why")
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(answer["error"]["message"])
            answers[answer["id"]] = answer["token_ids"]
        return [answers[str(first + index)] for index in range(len(prompts))]

    def _bench(self, workload: str, prompts: list[list[int]], steps: int, runs: int) -> Timing:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.writelines(json.dumps({"prompt_token_ids": prompt}) + "\n" for prompt in prompts)
            file.flush()
            output = self._command(
                *("bench", *self.model, "--workload", workload, "--prompts", file.name),
                *("--prompt", str(len(prompts[0])), "--steps", str(steps), "--runs", str(runs), "--json", "--quiet"),
            )
        result = json.loads(output.splitlines()[0])
        if result["kv_cache"] != self.cache:
            raise RuntimeError(f"the cache is {result['kv_cache']} where {self.cache} was asked for")
        more = {name: result.get(name) for name in ("isa", "bound", "peak_rss_bytes", "context_fill", "limits")}
        return Timing([len(prompts) * steps / rate for rate in result["runs"]], more=more)

    def _command(self, *arguments: str) -> str:
        done = subprocess.run([str(self.binary), *arguments], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or [f"status {done.returncode}"])[0])
        return done.stdout


class PackedParterre(Parterre):
    """The same from the file that `parterre quantize` wrote, as the peers that convert start from theirs."""

    def checkpoint(self, models: Models, format: Format) -> Path:
        return models.packed(format)
