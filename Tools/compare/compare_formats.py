"""What each weight format costs in quality: perplexity, and how far its distributions are from float32's. Prints a Markdown table.

    python compare_formats.py --parterre .build/release/parterre --text held-out.txt              # the bundled model
    python compare_formats.py --parterre .build/release/parterre --model DIR --random             # random token ids: no text needed

For every position of every window, with p the softmax of the float32 run's logits and q that of the format's:

* perplexity: exp of the mean of −log q(next token), of a text alone;
* KL: mean of Σ p·log(p/q) in nats a token, beside the mean entropy of p;
* same choice: share of positions whose greatest logit is float32's.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors import safe_open

FILE_BYTES = 1 << 30  # of logits on the disk at a time


@dataclass(frozen=True)
class Format:
    weights: str
    cache: str

    @staticmethod
    def parse(text: str) -> Format:
        weights, _, cache = text.partition(":")
        return Format(weights, cache or "auto")


@dataclass
class Sums:
    positions: int = 0
    predicted: int = 0
    surprise: float = 0.0
    divergence: float = 0.0
    entropy: float = 0.0
    same: int = 0
    worst: list[float] = field(default_factory=list)

    def add(self, reference: np.ndarray, logits: np.ndarray, tokens: list[int]) -> None:
        for position, (expected, actual) in enumerate(zip(reference, logits)):
            log_p, log_q = log_softmax(expected), log_softmax(actual)
            p = np.exp(log_p)
            divergence = float(p @ (log_p - log_q))
            self.positions += 1
            self.divergence += divergence
            self.worst.append(divergence)
            self.entropy -= float(p @ log_p)
            self.same += int(expected.argmax() == actual.argmax())
            if position + 1 < len(tokens):
                self.predicted += 1
                self.surprise -= float(log_q[tokens[position + 1]])

    @property
    def perplexity(self) -> float:
        return float(np.exp(self.surprise / self.predicted))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - float(logits.max())
    return shifted - np.log(np.exp(shifted).sum())


def parterre(options: argparse.Namespace, *arguments: str, given: str | None = None) -> str:
    model = ["--model", options.model] if options.model else []
    run = subprocess.run([options.parterre, arguments[0], *model, *arguments[1:]], input=given, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"compare-formats: parterre {arguments[0]} failed: {run.stderr.strip().splitlines()[-1]}")
    return run.stdout


def vocabulary_size(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        logits, prompt = Path(folder, "one.safetensors"), Path(folder, "one.jsonl")
        prompt.write_text(json.dumps({"id": "one", "prompt_token_ids": [1]}) + "\n")
        parterre(options, "logits", "--weights", "int8", "--input", str(prompt), "--output", str(logits))
        with safe_open(logits, "numpy") as file:
            return file.get_slice("one").get_shape()[1]


def windows(options: argparse.Namespace, vocabulary: int) -> list[list[int]]:
    if options.random:
        generator = random.Random(options.seed)
        tokens = [generator.randrange(vocabulary) for _ in range(options.tokens)]
    else:
        text = Path(options.text).read_text(encoding="utf-8")
        line = parterre(options, "tokenize", given=json.dumps({"id": 0, "text": text}) + "\n")
        tokens = json.loads(line)["token_ids"][-options.tokens :]
    cut = [tokens[at : at + options.window] for at in range(0, len(tokens), options.window)]
    return [window for window in cut if len(window) > 1]


def measure(options: argparse.Namespace) -> dict[Format, Sums]:
    vocabulary = vocabulary_size(options)
    parts = windows(options, vocabulary)
    at_a_time = max(1, FILE_BYTES // (options.window * vocabulary * 4))
    sums = {form: Sums() for form in options.formats}
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        for first in range(0, len(parts), at_a_time):
            group = dict(enumerate(parts[first : first + at_a_time], first))
            prompts = Path(folder, "windows.jsonl")
            lines = [json.dumps({"id": str(number), "prompt_token_ids": window}) for number, window in group.items()]
            prompts.write_text("\n".join(lines) + "\n")

            def run(form: Format, output: Path) -> None:
                parterre(
                    options, "logits", "--mode", "batched", "--weights", form.weights, "--kv-cache", form.cache,
                    "--input", str(prompts), "--output", str(output))

            reference, other = Path(folder, "f32.safetensors"), Path(folder, "other.safetensors")
            run(Format("f32", "f32"), reference)
            for form, total in sums.items():
                other.unlink(missing_ok=True)
                run(form, other)
                with safe_open(reference, "numpy") as expected, safe_open(other, "numpy") as actual:
                    for number, window in group.items():
                        total.add(expected.get_tensor(str(number)), actual.get_tensor(str(number)), window)
                print(f"{form.weights}: {total.positions} positions", file=sys.stderr)
            reference.unlink()
    return sums


def table(sums: dict[Format, Sums], with_text: bool) -> str:
    head = ["weights", "cache"] + (["perplexity", "change"] if with_text else [])
    head += ["KL from f32, nats a token", "95th percentile", "same choice"]
    rows = [head, ["---"] * 2 + ["---:"] * (len(head) - 2)]
    base = next(iter(sums.values())).perplexity if with_text else 0
    for form, total in sums.items():
        quality = [f"{total.perplexity:.3f}", f"{100 * (total.perplexity / base - 1):+.2f} %"] if with_text else []
        rows.append(
            [form.weights, form.cache, *quality, f"{total.divergence / total.positions:.5f}",
             f"{np.quantile(total.worst, 0.95):.5f}", f"{100 * total.same / total.positions:.1f} %"])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parterre", required=True, help="the release binary")
    parser.add_argument("--model", help="folder of a checkpoint (default: the bundled model)")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", help="held-out text; its last --tokens tokens are taken")
    source.add_argument("--random", action="store_true", help="random token ids in its place")
    parser.add_argument("--tokens", type=int, default=8192, help="how many (default: %(default)s)")
    parser.add_argument("--window", type=int, default=512, help="tokens of a context (default: %(default)s)")
    parser.add_argument("--formats", default="f32,bf16,int8,int4", help="weights[:cache]; the change of perplexity is from the first")
    parser.add_argument("--seed", type=int, default=0, help="of the random ids")
    parser.add_argument("--scratch", help="folder for up to 2 GiB of logits (default: the system's)")
    options = parser.parse_args()
    options.formats = [Format.parse(form) for form in options.formats.split(",")]
    sums = measure(options)
    first = next(iter(sums.values()))
    print(f"{first.positions} positions in windows of {options.window}; float32's entropy is "
          f"{first.entropy / first.positions:.2f} nats a token\n")
    print(table(sums, with_text=not options.random))


if __name__ == "__main__":
    main()
