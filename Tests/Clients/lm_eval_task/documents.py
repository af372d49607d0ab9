"""Makes the tasks' documents from prompts, with what `parterre` itself says of them, without a server.

Each line of `documents.jsonl` has `text`, its `context` and `last_word`, four `words` to choose from, and
`continuation`: the greedy text that `parterre generate` writes behind it.
"""

from __future__ import annotations

import json
import random
import re
import struct
import subprocess
from pathlib import Path

import numpy as np

STOP, TOKENS = ".", 24  # as in parterre_continue.yaml


class Parterre:
    """The command line, reading and writing JSON lines."""

    def __init__(self, binary: Path, model: Path | None) -> None:
        self.binary = binary
        self.model = ["--model", str(model)] if model else []

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        return [line["token_ids"] for line in self._lines(["tokenize"], [{"text": text} for text in texts])]

    def generate(self, texts: list[str]) -> list[str]:
        options = [
            "generate",
            "--input",
            "-",
            "--temperature",
            "0",
            "--max-tokens",
            str(TOKENS),
            "--stop",
            STOP,
            "--quiet",
        ]
        return [line["text"] for line in self._lines(options, [{"prompt": text} for text in texts])]

    def log_probabilities(self, rows: list[list[int]], folder: Path) -> list[list[float]]:
        """Of each token but a row's first, from the logits of `parterre logits` in float64."""
        source, target = folder / "ids.jsonl", folder / "logits.safetensors"
        source.write_text("".join(json.dumps({"id": i, "prompt_token_ids": ids}) + "\n" for i, ids in enumerate(rows)))
        self._run(["logits", "--input", str(source), "--output", str(target), "--quiet"])
        tensors = read_safetensors(target)
        target.unlink()
        return [token_log_probabilities(tensors[str(i)], ids) for i, ids in enumerate(rows)]

    def _lines(self, options: list[str], lines: list[dict]) -> list[dict]:
        """The answers in the lines' order, whatever order they were written in."""
        text = "".join(json.dumps({"id": str(i)} | line) + "\n" for i, line in enumerate(lines))
        answers = {answer["id"]: answer for answer in map(json.loads, self._run(options, text).splitlines())}
        return [answers[str(i)] for i in range(len(lines))]

    def _run(self, options: list[str], text: str = "") -> str:
        done = subprocess.run([self.binary, *options, *self.model], input=text, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"parterre {options[0]} failed: {done.stderr.strip() or done.stdout[-300:]}")
        return done.stdout


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Float32 tensors."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return tensors


def token_log_probabilities(logits: np.ndarray, ids: list[int]) -> list[float]:
    rows = logits[:-1].astype(np.float64)
    rows -= rows.max(axis=1, keepdims=True)
    rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
    return [float(row[token]) for row, token in zip(rows, ids[1:], strict=True)]


def read_texts(path: Path, count: int) -> list[str]:
    """Prompts of some words each from MT-Bench's lines or from lines with a `prompt`."""
    lines = map(json.loads, path.read_text().splitlines())
    texts = [re.sub(r"\s+", " ", line["turns"][0] if "turns" in line else line["prompt"]).strip() for line in lines]
    return [" ".join(text.split(" ")[:60]) for text in texts if len(text.split(" ")) >= 6][:count]


def make(texts: list[str], parterre: Parterre, seed: int) -> list[dict]:
    rng = random.Random(seed)
    contexts, lasts = zip(*(text.rsplit(" ", 1) for text in texts), strict=True)
    documents = []
    for text, context, last, continuation in zip(texts, contexts, lasts, parterre.generate(texts), strict=True):
        words = [last, *rng.sample(sorted(set(lasts) - {last}), 3)]
        rng.shuffle(words)
        documents.append(
            {"text": text, "context": context, "last_word": last, "words": words, "continuation": continuation}
        )
    return documents
