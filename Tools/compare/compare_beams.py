"""Compares Parterre's beam search with `transformers`' on random float32 checkpoints and random requests. See README.md."""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import torch
from beam_reference import BeamRequest, is_robust, load, random_request, search
from random_checkpoint import Recipe, write_checkpoint

SCORE_TOLERANCE = 1e-4


def random_recipe(source: random.Random, seed: int) -> Recipe:
    return Recipe(
        heads=source.choice([1, 2, 3, 4, 6]),
        head_dim=source.choice([4, 6, 8]),
        layers=source.choice([1, 2, 3]),
        vocabulary=source.choice([110, 128, 211, 400]),
        post_layernorm=source.random() < 0.3,
        seed=seed,
    )


def parterre(executable: Path, folder: Path, requests: list[BeamRequest], arguments: list[str]) -> list[list[dict]]:
    """The completions of each request, best first."""
    lines = "\n".join(json.dumps({"id": i, **asdict(request)}) for i, request in enumerate(requests))
    command = [str(executable), "generate", "--model", str(folder), "--weights", "f32", "--kv-cache", "f32"]
    run = subprocess.run(
        [*command, "--cache-memory", "64MiB", *arguments, "--input", "-"], input=lines, capture_output=True, text=True
    )
    answers: list[list[dict]] = [[] for _ in requests]
    for line in run.stdout.splitlines():
        answer = json.loads(line)
        if "error" in answer:
            raise SystemExit(f"request {answer['id']}: {answer['error']['message']}\n{requests[answer['id']]}")
        answers[answer["id"]].append(answer)
    if run.returncode:
        raise SystemExit(run.stderr)
    return [sorted(completions, key=lambda c: c["index"]) for completions in answers]


def difference(expected: list[tuple[list[int], float]], found: list[dict]) -> str | None:
    if len(found) != len(expected):
        return f"{len(found)} texts instead of {len(expected)}"
    for place, ((tokens, score), text) in enumerate(zip(expected, found)):
        if text["token_ids"] != tokens:
            return f"text {place}: {text['token_ids']} instead of {tokens}"
        if abs(text["score"] - score) > SCORE_TOLERANCE * max(1.0, abs(score)):
            return f"text {place}: score {text['score']} instead of {score}"
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parterre", type=Path, default=Path(".build/release/parterre"))
    parser.add_argument("--checkpoints", type=int, default=8)
    parser.add_argument("--requests", type=int, default=20, help="for each checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("arguments", nargs="*", help="passed on to parterre generate, after --")
    options = parser.parse_args()
    torch.set_num_threads(1)
    equal = ties = 0
    faults: list[str] = []
    for number in range(options.checkpoints):
        source = random.Random(f"{options.seed} {number}")
        recipe = random_recipe(source, seed=1000 * options.seed + number)
        with tempfile.TemporaryDirectory() as folder:
            write_checkpoint(Path(folder), recipe)
            model = load(folder)
            requests = [random_request(source, model) for _ in range(options.requests)]
            answers = parterre(options.parterre, Path(folder), requests, options.arguments)
            for request, answer in zip(requests, answers):
                fault = difference(search(model, request), answer)
                if fault is None:
                    equal += 1
                elif not is_robust(model, request, trials=12):
                    ties += 1
                else:
                    faults.append(f"{recipe}\n  {request}\n  {fault}")
        print(f"checkpoint {number + 1}: {equal} equal, {ties} near ties, {len(faults)} different", flush=True)
    print("\n".join(faults))
    sys.exit(1 if faults or not equal else 0)


if __name__ == "__main__":
    main()
