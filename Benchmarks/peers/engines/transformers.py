"""Hugging Face transformers on torch: a loop of our own to decode, `generate` over left-padded batches for the mix."""

from __future__ import annotations

import torch
import transformers
from transformers import BloomForCausalLM, DynamicCache

from peers.engines.base import Engine, Limits, Stopwatch, Timing, step_windows
from peers.formats import Format, Models

STATIC_BATCH = 16  # rows per `generate`; more rows wait longer for the longest of them
PAD = 3


class Transformers(Engine):
    def load(self, models: Models, format: Format, limits: Limits) -> None:
        torch.set_num_threads(limits.threads)
        torch.set_grad_enabled(False)
        self.dtype = torch.bfloat16 if format is Format.BF16 else torch.float32
        folder = models.hugging_face(Format.BF16 if format is Format.BF16 else Format.F32)
        self.model = BloomForCausalLM.from_pretrained(folder, dtype=self.dtype).eval()
        self.settings = f"activations and cache {str(self.dtype).removeprefix('torch.')}"
        if format is Format.INT8:
            self.model = torch.ao.quantization.quantize_dynamic(self.model, {torch.nn.Linear}, dtype=torch.qint8)
            self.settings = "linear layers dynamically quantised, rest float32"

    def describe(self) -> dict[str, str]:
        return {
            "version": f"transformers {transformers.__version__}, torch {torch.__version__}",
            "settings": f"{self.settings}; mix in static batches of {STATIC_BATCH}",
        }

    def prefill(self, prompt: list[int]) -> Timing:
        ids = torch.tensor([prompt])
        watch = Stopwatch()
        token = self._next(self.model(input_ids=ids, use_cache=True, logits_to_keep=1).logits)
        return Timing([watch.seconds], token.tolist())

    def decode(self, prompts: list[list[int]], steps: int, windows: int = 1) -> Timing:
        ids = torch.tensor(prompts)
        output = self.model(input_ids=ids, use_cache=True, logits_to_keep=1)
        return self._steps(self._next(output.logits), output.past_key_values, ids.shape[1], steps, windows)

    def mixed(self, prompts: list[list[int]], outputs: list[int]) -> Timing:
        watch, tokens = Stopwatch(), []
        for first in range(0, len(prompts), STATIC_BATCH):
            rows, wanted = prompts[first : first + STATIC_BATCH], outputs[first : first + STATIC_BATCH]
            width = max(map(len, rows))
            written = self.model.generate(
                input_ids=torch.tensor([[PAD] * (width - len(row)) + row for row in rows]),
                attention_mask=torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows]),
                do_sample=False,
                min_new_tokens=max(wanted),
                max_new_tokens=max(wanted),
                pad_token_id=PAD,
            )
            tokens += [row[width : width + count].tolist() for row, count in zip(written, wanted, strict=True)]
        return Timing([watch.seconds], tokens)

    def long(self, prompts: list[list[int]], steps: int, windows: int) -> Timing:
        """Reading such prompts takes minutes and much memory, so the cache is filled with random numbers."""
        config, rows, length = self.model.config, len(prompts), len(prompts[0])
        shape = (rows, config.n_head, length, config.hidden_size // config.n_head)
        cache = DynamicCache()
        for layer in range(config.n_layer):
            cache.update(torch.randn(shape, dtype=self.dtype), torch.randn(shape, dtype=self.dtype), layer)
        return self._steps(torch.tensor([[row[-1]] for row in prompts]), cache, length, steps, windows)

    def _steps(self, token: torch.Tensor, cache: DynamicCache, length: int, steps: int, windows: int) -> Timing:
        written = [token]
        mask = torch.ones(len(token), length + steps * windows, dtype=torch.long)

        def step() -> None:
            output = self.model(
                input_ids=written[-1],
                attention_mask=mask[:, : length + len(written)],
                past_key_values=cache,
                use_cache=True,
            )
            written.append(self._next(output.logits))

        seconds = step_windows(step, steps, windows)
        return Timing(seconds, torch.cat(written, 1).tolist())

    @staticmethod
    def _next(logits: torch.Tensor) -> torch.Tensor:
        return logits[:, -1:].argmax(-1)
