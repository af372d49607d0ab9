"""Beam search as `transformers` does it, on random requests, in the words of Parterre's input lines."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from transformers import BloomForCausalLM, LogitsProcessor, LogitsProcessorList

MODEL_EOS = 2


@dataclass
class BeamRequest:
    prompt_token_ids: list[int]
    beams: int
    n: int
    length_penalty: float
    early_stopping: bool | str
    max_tokens: int
    min_tokens: int = 0
    stop_token_ids: list[int] = field(default_factory=list)
    ignore_eos: bool = False
    repetition_penalty: float = 1.0
    logit_bias: dict[str, float] = field(default_factory=dict)

    @property
    def ends(self) -> list[int]:
        return sorted({*self.stop_token_ids, *([] if self.ignore_eos else [MODEL_EOS])})


def random_request(source: random.Random, model: BloomForCausalLM) -> BeamRequest:
    """Some end tokens are such as the model likes to write, so that some searches meet one at every turn and some never."""
    vocabulary = model.config.vocab_size
    while True:
        max_tokens = source.choice([1, 5, 12, 24, 24, 40])
        beams = source.choice([2, 2, 3, 4, 5, 8, 13])
        request = BeamRequest(
            prompt_token_ids=[source.randrange(vocabulary) for _ in range(source.choice([1, 2, 5, 16, 17, 33, 60]))],
            beams=beams,
            n=source.randint(1, beams),
            length_penalty=source.choice([1.0, 1.0, 0.0, 0.5, 2.0, -1.0, 1.3]),
            early_stopping=source.choice([False, True, "never"]),
            max_tokens=max_tokens,
            min_tokens=source.choice([0, 0, 0, min(3, max_tokens), max_tokens]),
            ignore_eos=source.random() < 0.3,
            repetition_penalty=source.choice([1.0, 1.0, 1.3, 0.8]),
        )
        # transformers adds biases before the penalty, Parterre behind it; so never both.
        if request.repetition_penalty == 1 and source.random() < 0.3:
            request.logit_bias = {str(source.randrange(vocabulary)): source.choice([-100.0, -2.0, 1.5]) for _ in range(4)}
        likely = sorted({token for tokens, _ in search(model, request) for token in tokens})
        ends = source.choice([0, 1, 1, 2, 2, 4])
        request.stop_token_ids = source.sample(likely, min(ends, len(likely)))
        if source.random() < 0.3:
            request.stop_token_ids = source.sample(range(vocabulary), ends)
        kept = max(2, 1 + len(request.ends))
        if beams * kept <= vocabulary - len(request.ends):
            return request


class Noise(LogitsProcessor):
    """Moves every score a little: a search that then ends otherwise hangs on a near tie."""

    def __init__(self, size: float, seed: int):
        self.size = size
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        return scores + self.size * (2 * torch.rand(scores.shape, generator=self.generator) - 1)


@torch.no_grad()
def search(
    model: BloomForCausalLM, request: BeamRequest, noise: float = 0, seed: int = 0
) -> list[tuple[list[int], float]]:
    """The returned texts, best first: their tokens, end token included, and `transformers`' `sequences_scores`."""
    prompt = torch.tensor([request.prompt_token_ids])
    model.generation_config.eos_token_id = request.ends or None
    bias = {(int(token),): value for token, value in request.logit_bias.items()}
    out = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=False,
        num_beams=request.beams,
        num_return_sequences=request.n,
        length_penalty=request.length_penalty,
        early_stopping=request.early_stopping,
        max_new_tokens=request.max_tokens,
        min_new_tokens=request.min_tokens or None,
        repetition_penalty=request.repetition_penalty,
        sequence_bias=bias or None,
        logits_processor=LogitsProcessorList([Noise(noise, seed)] if noise else []),
        pad_token_id=3,
        return_dict_in_generate=True,
        output_scores=True,
        use_cache=True,
    )
    width = prompt.shape[1]
    lengths = (out.beam_indices >= 0).sum(dim=1).tolist()
    rows = [row[width : width + length].tolist() for row, length in zip(out.sequences, lengths)]
    return list(zip(rows, out.sequences_scores.tolist()))


def is_robust(model: BloomForCausalLM, request: BeamRequest, noise: float = 3e-5, trials: int = 4) -> bool:
    """Whether rounding cannot change the outcome, as far as some trials tell."""
    texts = [tokens for tokens, _ in search(model, request)]
    return all(
        [tokens for tokens, _ in search(model, request, noise, seed)] == texts for seed in range(1, trials + 1)
    )


def load(folder) -> BloomForCausalLM:
    return BloomForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
