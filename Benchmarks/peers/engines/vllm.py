"""vLLM's build for CPU, its engine in this process, driven step by step."""

from __future__ import annotations

import math
import os

from peers.engines.base import Engine, Limits, Stopwatch, Timing, check_count, step_windows
from peers.formats import Format, Models


class VLLM(Engine):
    def load(self, models: Models, format: Format, limits: Limits) -> None:
        width = 4 if format is Format.F32 else 2  # bytes
        cores = sorted(os.sched_getaffinity(0))[: limits.threads]
        os.environ |= {
            "VLLM_CPU_KVCACHE_SPACE": str(math.ceil(limits.cache_bytes(width) / 2**30)),
            "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, cores)),
            "VLLM_CPU_NUM_OF_RESERVED_CPU": "0",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            "VLLM_NO_USAGE_STATS": "1",
            "DO_NOT_TRACK": "1",
            "HF_HUB_OFFLINE": "1",
        }
        import vllm  # only now: it reads its environment

        self.vllm = vllm
        self.llm = vllm.LLM(
            model=str(models.hugging_face(format)),
            dtype="float32" if format is Format.F32 else "bfloat16",
            skip_tokenizer_init=True,
            max_model_len=limits.context,
            max_num_seqs=limits.batch,
            max_num_batched_tokens=limits.step_tokens,
            enable_prefix_caching=False,
            disable_log_stats=True,
        )
        self.engine = self.llm.llm_engine
        self.format = format
        self.requests = 0

    def describe(self) -> dict[str, str]:
        import torch

        return {
            "version": f"vllm-cpu {self.vllm.__version__}, torch {torch.__version__}",
            "settings": f"activations and cache {'float32' if self.format is Format.F32 else 'bfloat16'}",
        }

    def prefill(self, prompt: list[int]) -> Timing:
        watch = Stopwatch()
        self._add([prompt], [1])
        tokens = self._finish()
        return Timing([watch.seconds], tokens)

    def decode(self, prompts: list[list[int]], steps: int, windows: int = 1) -> Timing:
        # Rows that were read in an earlier step are ahead of the last one: with more tokens to write they stay too.
        spare = math.ceil(sum(map(len, prompts)) / 256)
        ids = self._add(prompts, [1 + steps * windows + spare] * len(prompts))
        written: dict[str, list[int]] = {id: [] for id in ids}
        while not all(written.values()):
            self._step(written)
        before = sum(map(len, written.values()))
        seconds = step_windows(lambda: self._step(written), steps, windows)
        check_count(sum(map(len, written.values())) - before, steps * windows * len(prompts))
        self._finish()
        return Timing(seconds, [row[: 1 + steps * windows] for row in written.values()])

    def mixed(self, prompts: list[list[int]], outputs: list[int]) -> Timing:
        watch = Stopwatch()
        self._add(prompts, outputs)
        tokens = self._finish()
        return Timing([watch.seconds], tokens)

    def _add(self, prompts: list[list[int]], outputs: list[int]) -> list[str]:
        ids = []
        for prompt, count in zip(prompts, outputs, strict=True):
            parameters = self.vllm.SamplingParams(
                temperature=0, max_tokens=count, min_tokens=count, ignore_eos=True, detokenize=False
            )
            ids.append(str(self.requests))
            self.engine.add_request(ids[-1], {"prompt_token_ids": prompt}, parameters)
            self.requests += 1
        return ids

    def _step(self, written: dict[str, list[int]]) -> None:
        for output in self.engine.step():
            written[output.request_id] = list(output.outputs[0].token_ids)

    def _finish(self) -> list[list[int]]:
        written: dict[str, list[int]] = {}
        while self.engine.has_unfinished_requests():
            self._step(written)
        return [written[id] for id in sorted(written, key=int)]
