"""Checks the `parterre` binary against `transformers` and against itself; prints a table, exits with 1 on a failure.

    python compare_with_transformers.py --parterre .build/release/parterre                # random checkpoints of every layout
    python compare_with_transformers.py --parterre .build/release/parterre --model DIR    # this checkpoint

For each checkpoint, with random prompts as token ids:

* law: the logits of every mode (uncached, cached, batched, padded), block size, prefill chunk, thread count and order of the lines
  have the same bits as the uncached run, for each weight format;
* accuracy: float32 logits are no further from transformers' float64 run than twice transformers' own float32 run is;
* greedy: `parterre generate` gives transformers' greedy tokens, alone and left-padded in a batch, with and without
  repetition_penalty, up to the first step whose best two scores are closer than 0.001.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from random_checkpoint import Recipe, write_checkpoint
from reference import Reference

MODES = ("uncached", "cached", "batched", "padded")
BLOCK_SIZES, CHUNKS, THREADS = (16, 32, 64), (1, 7, 16, 512), (1, 2)
TIE = 1e-3

RANDOM_CHECKPOINTS = {
    "heads4-f32": Recipe(heads=4, head_dim=16, layers=3, vocabulary=211, dtype="f32"),
    "heads6-f16-noprefix": Recipe(heads=6, head_dim=16, layers=2, vocabulary=300, dtype="f16", prefix=False),
    "heads7-bf16-postln": Recipe(heads=7, head_dim=8, layers=3, vocabulary=131, dtype="bf16", post_layernorm=True),
    "heads12-f32-postln-sharded": Recipe(
        heads=12, head_dim=8, layers=2, vocabulary=257, dtype="f32", post_layernorm=True, shards=3
    ),
    "heads16-bf16-sharded-noprefix": Recipe(
        heads=16, head_dim=4, layers=2, vocabulary=128, dtype="bf16", prefix=False, shards=2
    ),
    "heads2-f32-wide-head": Recipe(heads=2, head_dim=80, layers=2, vocabulary=199, dtype="f32", tied_head_stored=True),
}


@dataclass
class Table:
    rows: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def add(self, model: str, what: str, outcome: str, passed: bool) -> None:
        self.rows.append((model, what, outcome, passed))
        print(f"{'ok  ' if passed else 'FAIL'}  {model:<32} {what:<44} {outcome}", flush=True)

    @property
    def failures(self) -> int:
        return sum(not passed for *_, passed in self.rows)


class Parterre:
    def __init__(self, binary: Path, folder: Path, work: Path):
        self.binary, self.folder, self.work = binary, folder, work

    def _run(self, command: str, lines: list[dict], suffix: str, *options: str) -> Path:
        source, output = self.work / "input.jsonl", self.work / f"output{suffix}"
        source.write_text("".join(json.dumps(line) + "\n" for line in lines))
        output.unlink(missing_ok=True)
        arguments = [self.binary, command, "--model", self.folder, "--input", source, "--output", output, *options]
        done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
        if done.returncode != 0 or not output.exists():
            raise RuntimeError(f"{' '.join(map(str, arguments))}\nexit code {done.returncode}: {done.stderr.strip()}")
        return output

    def logits(self, prompts: dict[str, list[int]], mode: str, *options: str) -> dict[str, np.ndarray]:
        lines = [{"id": name, "prompt_token_ids": tokens} for name, tokens in prompts.items()]
        return load_file(self._run("logits", lines, ".safetensors", "--mode", mode, *options))

    def greedy(self, prompts: dict[str, list[int]], steps: int, penalty: float, *options: str) -> dict[str, list[int]]:
        extra = {"max_tokens": steps, "temperature": 0, "repetition_penalty": penalty, "ignore_eos": True}
        lines = [{"id": name, "prompt_token_ids": tokens, **extra} for name, tokens in prompts.items()]
        answers = map(json.loads, self._run("generate", lines, ".jsonl", *options).read_text().splitlines())
        return {answer["id"]: answer["token_ids"] for answer in answers}


def variations(thorough: bool) -> list[tuple[str, ...]]:
    """Options of one run: every combination if `thorough`, else each value of each option at least once."""
    grid = [(b, c, t) for b in BLOCK_SIZES for c in CHUNKS for t in THREADS]
    if not thorough:
        grid = [(16, 1, 1), (16, 512, 2), (32, 7, 2), (32, 16, 1), (64, 16, 2), (64, 7, 1)]
    return [("--block-size", str(b), "--prefill-chunk", str(c), "--threads", str(t)) for b, c, t in grid]


def same_bits(a: dict[str, np.ndarray], b: dict[str, np.ndarray], names) -> list[str]:
    """What differs, in words; nothing if every named tensor has the same bits."""
    wrong = []
    for name in names:
        if name not in b:
            wrong.append(f"{name} is missing")
        elif a[name].shape != b[name].shape or a[name].dtype != np.float32:
            wrong.append(f"{name} has shape {b[name].shape} instead of {a[name].shape}")
        elif not np.array_equal(a[name].view(np.uint32), b[name].view(np.uint32)):
            rows = np.nonzero((a[name].view(np.uint32) != b[name].view(np.uint32)).any(axis=1))[0]
            wrong.append(
                f"{name}: {len(rows)} rows differ from row {rows[0]}, by up to {np.abs(a[name] - b[name]).max():.1e}"
            )
    return wrong


def check_law(
    table: Table, model: str, parterre: Parterre, prompts: dict[str, list[int]], weights: str, thorough: bool
) -> dict:
    base = parterre.logits(prompts, "uncached", "--weights", weights)
    wrong = same_bits(base, base, prompts)
    finite = all(np.isfinite(v).all() for v in base.values())
    table.add(
        model,
        f"{weights}: uncached",
        "complete and finite" if finite and not wrong else f"not finite; {wrong[:1]}",
        finite and not wrong,
    )
    for mode in MODES:
        runs, wrong = 0, []
        for options in variations(thorough):
            found = parterre.logits(prompts, mode, "--weights", weights, *options)
            runs += 1
            wrong += [f"{' '.join(options)}: {w}" for w in same_bits(base, found, prompts)]
        backwards = dict(reversed(list(prompts.items())[: len(prompts) // 2 + 1]))
        found = parterre.logits(backwards, mode, "--weights", weights)
        wrong += [f"fewer lines, backwards: {w}" for w in same_bits(base, found, backwards)]
        table.add(
            model,
            f"{weights}: {mode}, same bits in {runs + 1} runs",
            "yes" if not wrong else f"{len(wrong)} differences, {wrong[0]}",
            not wrong,
        )
    return base


def check_accuracy(
    table: Table, model: str, reference: Reference, prompts: dict[str, list[int]], logits: dict[str, np.ndarray]
) -> None:
    ours = theirs = 0.0
    for name, tokens in prompts.items():
        single, double = reference.logits(tokens)
        theirs = max(theirs, float(np.abs(single - double).max()))
        ours = max(ours, float(np.abs(logits[name] - double).max()))
    passed = ours <= 2 * theirs
    what = f"accuracy at {max(map(len, prompts.values()))} tokens"
    table.add(model, what, f"{ours:.2e} from float64 (transformers' float32: {theirs:.2e})", passed)


def check_greedy(
    table: Table, model: str, parterre: Parterre, reference: Reference, prompts: dict[str, list[int]], steps: int
) -> None:
    for penalty in (1.0, 1.3):
        got = parterre.greedy(prompts, steps, penalty, "--weights", "f32")
        for batched in (False, True):
            groups = [list(prompts)] if batched else [[name] for name in prompts]
            wrong, compared = [], 0
            for names in groups:
                tokens, margins = reference.greedy([prompts[n] for n in names], steps, penalty)
                for name, expected, margin in zip(names, tokens, margins):
                    close = np.nonzero(margin < TIE)[0]
                    until = int(close[0]) if len(close) else steps
                    compared += until
                    answer = got.get(name, [])
                    if len(answer) != steps:
                        wrong.append(f"{name}: {len(answer)} tokens instead of {steps}")
                    elif answer[:until] != expected[:until].tolist():
                        first = next(i for i in range(until) if answer[i] != expected[i])
                        wrong.append(f"{name}: token {first} differs, margin {margin[first]:.4f}")
            how = "left-padded batch" if batched else "alone"
            what = f"greedy, transformers {how}" + (f", penalty {penalty}" if penalty != 1 else "")
            table.add(model, what, f"{compared} tokens equal" if not wrong else wrong[0], not wrong)


def check(table: Table, name: str, folder: Path, options: argparse.Namespace, work: Path) -> None:
    reference = Reference(folder)
    source = random.Random(f"{options.seed} {name}")

    def prompt(length: int) -> list[int]:
        return [source.randrange(reference.vocabulary) for _ in range(length)]

    lengths = [1, 2, options.max_length] + [source.randint(1, options.max_length) for _ in range(options.prompts - 3)]
    prompts = {f"line-{i}": prompt(length) for i, length in enumerate(lengths)}
    parterre = Parterre(options.parterre, folder, work)
    try:
        base = {}
        for weights in options.weights.split(","):
            base[weights] = check_law(table, name, parterre, prompts, weights, options.thorough)
        single = base["f32"] if "f32" in base else parterre.logits(prompts, "uncached", "--weights", "f32")
        check_accuracy(table, name, reference, prompts, single)
        if options.long:
            long = {"long": prompt(options.long)}
            # All positions: in a single one it is chance which scores of some thousand a rounding tips over, in both runs.
            found = parterre.logits(long, "uncached", "--weights", "f32")
            check_accuracy(table, name, reference, long, found)
            wrong = same_bits(found, parterre.logits(long, "batched", "--weights", "f32"), long)
            table.add(
                name, f"f32: batched at {options.long} tokens, same bits", "yes" if not wrong else wrong[0], not wrong
            )
        check_greedy(table, name, parterre, reference, dict(list(prompts.items())[:5]), options.steps)
    except RuntimeError as error:
        table.add(name, "runs", str(error), False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parterre", type=Path, required=True, help="the binary to check")
    parser.add_argument(
        "--model", type=Path, action="append", help="checkpoint folder (may be repeated); default: random ones"
    )
    parser.add_argument("--only", help="of the random checkpoints, those whose name contains this")
    parser.add_argument("--weights", default="f32,auto", help="weight formats to check the law in (default: f32,auto)")
    parser.add_argument("--prompts", type=int, default=7, help="lines in a batch, at least 4")
    parser.add_argument("--max-length", type=int, default=70, help="tokens of the longest prompt")
    parser.add_argument("--long", type=int, default=2100, help="tokens of one long prompt; 0: none")
    parser.add_argument("--steps", type=int, default=200, help="greedy tokens")
    parser.add_argument("--thorough", action="store_true", help="every combination of block size, chunk and threads")
    parser.add_argument("--seed", type=int, default=0, help="of the checkpoints and prompts")
    options = parser.parse_args()
    options.prompts = max(4, options.prompts)
    if not os.access(options.parterre, os.X_OK):
        parser.error(
            f"{options.parterre} is no executable file; build it with: swift build -c release --product parterre"
        )

    table = Table()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        if options.model:
            for folder in options.model:
                check(table, folder.resolve().name, folder, options, work)
        else:
            for name, recipe in RANDOM_CHECKPOINTS.items():
                if options.only and options.only not in name:
                    continue
                folder = work / name
                write_checkpoint(folder, Recipe(**{**recipe.__dict__, "seed": recipe.heads + 1000 * options.seed}))
                check(table, name, folder, options, work)
    print(f"\n{len(table.rows) - table.failures} of {len(table.rows)} checks passed")
    sys.exit(1 if table.failures or not table.rows else 0)


if __name__ == "__main__":
    main()
