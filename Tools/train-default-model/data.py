"""Stories as token rows."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from tokenizers import Tokenizer
from torch import Tensor

from corpus import is_held_out
from vocabulary import EOS


class Documents:
    """The stories of every source as token lists that end with `</s>`, split into training and held-out ones."""

    def __init__(self, corpus: dict[str, list[str]], tokenizer: Tokenizer):
        self.train: list[list[int]] = []
        self.held_out: dict[str, list[list[int]]] = {}
        self.held_out_bytes: dict[str, int] = {}
        for source, stories in corpus.items():
            held = [s for s in stories if is_held_out(s)]
            kept = [s for s in stories if not is_held_out(s)]
            self.train += [e.ids + [EOS] for e in tokenizer.encode_batch(kept)]
            self.held_out[source] = [e.ids + [EOS] for e in tokenizer.encode_batch(held)]
            self.held_out_bytes[source] = sum(len(s.encode()) for s in held)

    @property
    def train_tokens(self) -> int:
        return sum(map(len, self.train))


def rows(documents: list[list[int]], length: int, seed: int) -> Iterator[list[int]]:
    """Endless rows of length + 1 tokens, epoch after epoch in a new order; a story goes on in the next row.

    Every second row begins with a story, as a prompt does.
    """
    epoch = 0
    buffer: list[int] = []
    count = 0
    while True:
        order = list(documents)
        random.Random(seed + epoch).shuffle(order)
        for document in order:
            if count % 2 == 0 and len(buffer) < 32:
                buffer = []  # drop a short tail, begin with this story
            buffer += document
            while len(buffer) > length:
                yield buffer[: length + 1]
                buffer = buffer[length:]
                count += 1
        epoch += 1


def held_out_rows(documents: list[list[int]], length: int, pad: int) -> tuple[Tensor, int]:
    """All documents one after another in rows of length + 1; the first token has no prediction, the rest is padded."""
    stream = [EOS] + [token for document in documents for token in document]
    predicted = len(stream) - 1
    while (len(stream) - 1) % length:
        stream.append(pad)
    grid = [stream[i : i + length + 1] for i in range(0, len(stream) - 1, length)]
    return torch.tensor(grid), predicted
