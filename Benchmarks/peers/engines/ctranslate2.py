"""CTranslate2: static batches; a callback on each step tells when it happened and which rows have enough."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import pairwise

import ctranslate2

from peers.engines.base import Engine, Limits, NotAvailable, Stopwatch, Timing
from peers.formats import Format, Models

STATIC_BATCH = 16
COMPUTE_TYPES = {Format.F32: "float32", Format.BF16: "bfloat16", Format.INT8: "int8"}


class CTranslate2(Engine):
    def load(self, models: Models, format: Format, limits: Limits) -> None:
        folder, wanted = models.ctranslate2(format), COMPUTE_TYPES[format]
        self.generator = ctranslate2.Generator(
            str(folder), device="cpu", compute_type=wanted, inter_threads=1, intra_threads=limits.threads
        )
        if not self.generator.compute_type.startswith(wanted):
            raise NotAvailable(
                f"computes {self.generator.compute_type} where {wanted} was asked for, on this processor"
            )
        self.vocabulary: list[str] = json.loads((folder / "vocabulary.json").read_text())

    def describe(self) -> dict[str, str]:
        return {
            "version": f"ctranslate2 {ctranslate2.__version__}",
            "settings": f"computes {self.generator.compute_type}; mix in static batches of {STATIC_BATCH}",
        }

    def prefill(self, prompt: list[int]) -> Timing:
        rows = self._rows([prompt])
        watch = Stopwatch()
        tokens = self._generate(rows, 1)
        return Timing([watch.seconds], tokens)

    def decode(self, prompts: list[list[int]], steps: int, windows: int = 1) -> Timing:
        ends: dict[int, float] = {}

        def note(result: ctranslate2.GenerationStepResult) -> bool:
            ends[result.step] = time.perf_counter()  # of the last row to report the step
            return False

        tokens = self._generate(self._rows(prompts), steps * windows + 1, note)
        borders = [ends[step] for step in sorted(ends)][::steps]
        if len(ends) != steps * windows + 1:
            raise RuntimeError(f"{len(ends)} steps for {steps * windows + 1} tokens")
        return Timing([end - start for start, end in pairwise(borders)], tokens)

    def mixed(self, prompts: list[list[int]], outputs: list[int]) -> Timing:
        watch, tokens = Stopwatch(), []
        for first in range(0, len(prompts), STATIC_BATCH):
            tokens += self._static_batch(prompts[first : first + STATIC_BATCH], outputs[first : first + STATIC_BATCH])
        return Timing([watch.seconds], tokens)

    def long(self, prompts: list[list[int]], steps: int, windows: int) -> Timing:
        raise NotAvailable("reads a prompt in one piece: the scores of these would not fit in memory")

    def greedy(self, prompts: list[list[int]], count: int) -> list[list[int]]:
        return self._generate(self._rows(prompts), count)

    def _static_batch(self, prompts: list[list[int]], outputs: list[int]) -> list[list[int]]:
        """Each row stops when it has its own number of tokens.

        Prompts are read together up to the length of the shortest. The rest of the others is forced token by token in
        steps that count like any.
        """
        shortest = min(map(len, prompts))
        last = [len(prompt) - shortest + output for prompt, output in zip(prompts, outputs, strict=True)]
        written = self._generate(
            self._rows(prompts), max(outputs), lambda result: result.step + 1 >= last[result.batch_id]
        )
        return [row[:output] for row, output in zip(written, outputs, strict=True)]

    def _generate(
        self,
        rows: list[list[str]],
        count: int,
        callback: Callable[[ctranslate2.GenerationStepResult], bool] | None = None,
    ) -> list[list[int]]:
        results = self.generator.generate_batch(
            rows,
            max_length=count,
            min_length=count,
            beam_size=1,
            sampling_topk=1,
            include_prompt_in_result=False,
            end_token=[],
            callback=callback,
        )
        return [result.sequences_ids[0] for result in results]

    def _rows(self, prompts: list[list[int]]) -> list[list[str]]:
        return [[self.vocabulary[token] for token in prompt] for prompt in prompts]
