"""BLOOM's decoder as a plain torch module that trains fast on a CPU.

The same function as `transformers`' BloomForCausalLM (the export checks that), with the weights of query, key and value kept
apart so that the optimizer sees three matrices, and with attention by `scaled_dot_product_attention`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Shape:
    vocabulary: int = 3072
    hidden: int = 192
    layers: int = 6
    heads: int = 6

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def alibi_slopes(heads: int) -> list[float]:
    """Press et al. 2021, https://arxiv.org/abs/2108.12409; the same rule as `transformers`' build_alibi_tensor."""
    power = 2 ** math.floor(math.log2(heads))
    slopes = [2 ** (-8 * (i + 1) / power) for i in range(power)]
    slopes += [2 ** (-4 * (2 * i + 1) / power) for i in range(heads - power)]
    return slopes


def alibi_bias(heads: int, length: int) -> Tensor:
    """[1, heads, length, length]: slope × (key position − query position), minus infinity for the future."""
    position = torch.arange(length, dtype=torch.float32)
    distance = position[None, :] - position[:, None]
    bias = torch.tensor(alibi_slopes(heads))[:, None, None] * distance
    return bias.masked_fill(distance > 0, float("-inf"))[None]


class Block(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        hidden, self.heads = shape.hidden, shape.heads
        self.input_layernorm = nn.LayerNorm(hidden)
        self.qkv_weight = nn.Parameter(torch.empty(3, hidden, hidden))
        self.qkv_bias = nn.Parameter(torch.zeros(3, hidden))
        self.dense = nn.Linear(hidden, hidden)
        self.post_attention_layernorm = nn.LayerNorm(hidden)
        self.dense_h_to_4h = nn.Linear(hidden, 4 * hidden)
        self.dense_4h_to_h = nn.Linear(4 * hidden, hidden)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        normed = self.input_layernorm(x)
        qkv = F.linear(normed, self.qkv_weight.flatten(0, 1), self.qkv_bias.flatten())
        q, k, v = qkv.view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # [batch, heads, length, head dim]
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        x = x + self.dense(attended.transpose(1, 2).reshape(batch, length, hidden))
        normed = self.post_attention_layernorm(x)
        return x + self.dense_4h_to_h(F.gelu(self.dense_h_to_4h(normed), approximate="tanh"))


class Bloom(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.word_embeddings = nn.Embedding(shape.vocabulary, shape.hidden)
        self.word_embeddings_layernorm = nn.LayerNorm(shape.hidden)
        self.h = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.ln_f = nn.LayerNorm(shape.hidden)
        self.initialize()

    @torch.no_grad()
    def initialize(self) -> None:
        nn.init.normal_(self.word_embeddings.weight, std=0.02)
        bound = self.shape.hidden**-0.5
        for block in self.h:
            nn.init.normal_(block.qkv_weight, std=bound)
            nn.init.normal_(block.dense_h_to_4h.weight, std=bound)
            for out in (block.dense, block.dense_4h_to_h):  # each block begins as the identity
                nn.init.zeros_(out.weight)
            for linear in (block.dense, block.dense_h_to_4h, block.dense_4h_to_h):
                nn.init.zeros_(linear.bias)

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Logits [batch, length, vocabulary]; the head is tied to the embedding."""
        x = self.word_embeddings_layernorm(self.word_embeddings(tokens))
        for block in self.h:
            x = block(x, bias)
        return F.linear(self.ln_f(x), self.word_embeddings.weight)

    def loss(self, tokens: Tensor, targets: Tensor, bias: Tensor) -> Tensor:
        logits = self(tokens, bias)
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())
