"""The work that every engine gets: the same token ids, drawn from one seed, with the same number of tokens to write."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path

SPECIAL_TOKENS = 300  # the special ones, and the bytes
UNUSED_TOKENS = 200  # at the end of BLOOM's embedding there are rows without a token


@dataclass(frozen=True)
class Lengths:
    """Numbers of tokens. The defaults are what the workloads' names say; a check with others keeps the names' roots."""

    prefill: int = 512
    decode_prompt: int = 128
    decode_steps: int = 64
    batches: tuple[int, ...] = (1, 8, 32)
    mixed_requests: int = 64
    mixed_prompt: tuple[int, int] = (16, 256)
    mixed_output: tuple[int, int] = (16, 128)
    long_context: int = 8_192
    long_batch: int = 8
    long_steps: int = 16


@dataclass(frozen=True)
class Workload:
    """One row of the report."""

    name: str
    kind: str  # prefill, decode, mixed or long
    prompts: list[list[int]]
    outputs: list[int]  # tokens to write, one number per prompt

    @property
    def counted_tokens(self) -> int:
        """What tokens/s counts: those read for a prefill, those written for the rest."""
        return len(self.prompts[0]) if self.kind == "prefill" else sum(self.outputs)

    @property
    def cached_tokens(self) -> int:
        """Positions that a cache must hold if all requests run at once."""
        return sum(len(prompt) + output + 1 for prompt, output in zip(self.prompts, self.outputs, strict=True))


def make_workloads(seed: int, lengths: Lengths, vocabulary: int) -> list[Workload]:
    """All of them, in the order of the report. Each draws by itself: a length of one does not move another."""

    ordinary = range(SPECIAL_TOKENS, vocabulary - UNUSED_TOKENS)

    def prompts(name: str, sizes: list[int]) -> list[list[int]]:
        draw = random.Random(f"{seed} {name}")
        return [draw.choices(ordinary, k=size) for size in sizes]

    def between(name: str, bounds: tuple[int, int]) -> list[int]:
        draw = random.Random(f"{seed} {name}")
        return [draw.randint(*bounds) for _ in range(lengths.mixed_requests)]

    work = [Workload(f"prefill{lengths.prefill}", "prefill", prompts("prefill", [lengths.prefill]), [1])]
    rows = prompts("decode", [lengths.decode_prompt] * max(lengths.batches))
    work += [
        Workload(f"decode_b{batch}", "decode", rows[:batch], [lengths.decode_steps] * batch)
        for batch in lengths.batches
    ]
    work.append(
        Workload(
            f"mixed{lengths.mixed_requests}",
            "mixed",
            prompts("mixed", between("mixed prompts", lengths.mixed_prompt)),
            between("mixed outputs", lengths.mixed_output),
        )
    )
    work.append(
        Workload(
            f"long{lengths.long_context}_b{lengths.long_batch}",
            "long",
            prompts("long", [lengths.long_context] * lengths.long_batch),
            [lengths.long_steps] * lengths.long_batch,
        )
    )
    return work


def write_workloads(path: Path, workloads: list[Workload]) -> None:
    path.write_text(json.dumps([asdict(workload) for workload in workloads]))


def read_workloads(path: Path) -> dict[str, Workload]:
    return {item["name"]: Workload(**item) for item in json.loads(path.read_text())}
