"""What `transformers` says: logits in float32 and float64, greedy continuations with the margin of every choice."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import numpy as np
import torch
from transformers import BloomForCausalLM


class Reference:
    """One checkpoint in `transformers`, in float32 and in float64 (weights widened without loss)."""

    def __init__(self, folder: Path):
        self.single, loading = BloomForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        unexpected = [k for k in loading["unexpected_keys"] if k != "lm_head.weight"]
        if loading["missing_keys"] or unexpected:
            raise SystemExit(f"{folder}: transformers misses {loading['missing_keys']} and did not expect {unexpected}")
        self.single.eval()
        self.double = BloomForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
        self.vocabulary = self.single.config.vocab_size
        # Greedy runs must reach their full length: end-of-sequence is a token like any other here.
        for setting in (self.single.generation_config, self.single.config):
            setting.eos_token_id = None

    @torch.no_grad()
    def logits(self, tokens: list[int], last: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """[tokens, vocabulary] in float32 and in float64; of the last position only with `last`."""
        ids = torch.tensor([tokens])
        keep = 1 if last else 0
        return (
            self.single(ids, logits_to_keep=keep).logits[0].numpy(),
            self.double(ids, logits_to_keep=keep).logits[0].numpy(),
        )

    @torch.no_grad()
    def greedy(
        self, prompts: list[list[int]], steps: int, repetition_penalty: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Tokens [rows, steps] and margins [rows, steps] (the best score less the second best, after the penalty), the
        prompts left-padded into one batch where there are several."""
        width, pad = max(map(len, prompts)), 3
        ids = torch.tensor([[pad] * (width - len(p)) + p for p in prompts])
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
        out = self.single.generate(
            ids,
            attention_mask=mask,
            do_sample=False,
            max_new_tokens=steps,
            min_new_tokens=steps,
            use_cache=True,
            repetition_penalty=repetition_penalty,
            pad_token_id=pad,
            eos_token_id=None,
            output_scores=True,
            return_dict_in_generate=True,
        )
        best = torch.stack(out.scores, dim=1).topk(2, dim=-1).values
        return out.sequences[:, width:].numpy(), (best[..., 0] - best[..., 1]).numpy()
