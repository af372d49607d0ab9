"""OpenVINO GenAI: its continuous batching pipeline over paged attention, driven step by step."""

from __future__ import annotations

import math

import numpy as np
import openvino
import openvino_genai

from peers.engines.base import Engine, Limits, Stopwatch, Timing, check_count, step_windows
from peers.formats import Format, Models

EOS = 2


class OpenVINO(Engine):
    def load(self, models: Models, format: Format, limits: Limits) -> None:
        width = 4 if format is Format.F32 else 2  # bytes
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.cache_size = math.ceil(limits.cache_bytes(width) / 2**30)
        scheduler.max_num_seqs = limits.batch
        scheduler.max_num_batched_tokens = limits.step_tokens
        scheduler.enable_prefix_caching = False
        scheduler.dynamic_split_fuse = True
        properties = {"INFERENCE_NUM_THREADS": limits.threads, **self.properties(format)}
        self.pipeline = openvino_genai.ContinuousBatchingPipeline(
            str(models.openvino(format)), scheduler, "CPU", properties
        )
        self.settings = ", ".join(f"{name} {value}" for name, value in self.properties(format).items())
        self.requests = 0

    @staticmethod
    def properties(format: Format) -> dict[str, str]:
        """The cache is as wide as the weights for f32 and bf16; for int8 and int4 it is OpenVINO's own choice (u8).

        A processor without bf16 gets float32 for it: OpenVINO refuses a bf16 cache there.
        """
        has_bf16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        width = "bf16" if has_bf16 and format is not Format.F32 else "f32"
        precision = {"INFERENCE_PRECISION_HINT": width}
        return precision | {"KV_CACHE_PRECISION": width} if format in (Format.F32, Format.BF16) else precision

    def describe(self) -> dict[str, str]:
        versions = (openvino.__version__, openvino_genai.__version__)
        runtime, genai = (version.partition("-")[0] for version in versions)
        return {"version": f"openvino {runtime}, genai {genai}", "settings": self.settings}

    def prefill(self, prompt: list[int]) -> Timing:
        watch = Stopwatch()
        handles = self._add([prompt], [1])
        self._finish()
        return Timing([watch.seconds], self._tokens(handles))

    def decode(self, prompts: list[list[int]], steps: int, windows: int = 1) -> Timing:
        # Rows that were read in an earlier step are ahead of the last one: with more tokens to write they stay too.
        spare = math.ceil(sum(map(len, prompts)) / 256)
        handles = self._add(prompts, [1 + steps * windows + spare] * len(prompts))
        written: list[list[int]] = [[] for _ in prompts]
        while not all(written):
            self.pipeline.step()
            self._read(handles, written)
        before = sum(map(len, written))
        seconds = step_windows(self.pipeline.step, steps, windows)
        self._read(handles, written)
        check_count(sum(map(len, written)) - before, steps * windows * len(prompts))
        self._finish()
        return Timing(seconds, [row[: 1 + steps * windows] for row in written])

    def mixed(self, prompts: list[list[int]], outputs: list[int]) -> Timing:
        watch = Stopwatch()
        handles = self._add(prompts, outputs)
        self._finish()
        return Timing([watch.seconds], self._tokens(handles))

    def _add(self, prompts: list[list[int]], outputs: list[int]) -> list[openvino_genai.GenerationHandle]:
        handles = []
        for prompt, count in zip(prompts, outputs, strict=True):
            config = openvino_genai.GenerationConfig()
            config.max_new_tokens = config.min_new_tokens = count
            config.do_sample, config.ignore_eos, config.eos_token_id = False, True, EOS
            ids = openvino.Tensor(np.array([prompt], dtype=np.int64))
            handles.append(self.pipeline.add_request(self.requests, ids, config))
            self.requests += 1
        return handles

    def _finish(self) -> None:
        while self.pipeline.has_non_finished_requests():
            self.pipeline.step()

    @staticmethod
    def _read(handles: list[openvino_genai.GenerationHandle], written: list[list[int]]) -> None:
        for handle, row in zip(handles, written, strict=True):
            while handle.can_read():
                for output in handle.read().values():
                    row += output.generated_ids

    @staticmethod
    def _tokens(handles: list[openvino_genai.GenerationHandle]) -> list[list[int]]:
        return [handle.read_all()[0].generated_ids for handle in handles]
