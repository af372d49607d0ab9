"""Makes small random BLOOM checkpoints in every layout that Hugging Face writes.

Everything is random, biases and layer norms too, and large enough that logits are not flat: the default initialisation
(zero biases, weights of 0.02) would hide a missing bias or a swapped head.

    python random_checkpoint.py FOLDER --heads 7 --head-dim 8 --layers 3 --dtype bf16 --no-prefix --shards 2 --post-layernorm
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
TORCH_NAMES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}


@dataclass(frozen=True)
class Recipe:
    heads: int = 4
    head_dim: int = 8
    layers: int = 2
    vocabulary: int = 128
    dtype: str = "f32"
    prefix: bool = True  # tensor names begin with "transformer."
    shards: int = 1
    post_layernorm: bool = False
    tied_head_stored: bool = False  # also writes lm_head.weight, as some exports do
    seed: int = 0

    @property
    def hidden(self) -> int:
        return self.heads * self.head_dim


def random_tensors(recipe: Recipe) -> dict[str, Tensor]:
    """The checkpoint's tensors by their names without prefix, in the recipe's dtype."""
    generator = torch.Generator().manual_seed(recipe.seed)
    hidden, dtype = recipe.hidden, DTYPES[recipe.dtype]
    tensors: dict[str, Tensor] = {}

    def normal(name: str, *shape: int, std: float, mean: float = 0.0) -> None:
        tensors[name] = (torch.randn(*shape, generator=generator) * std + mean).to(dtype)

    def layer_norm(name: str) -> None:
        normal(f"{name}.weight", hidden, std=0.2, mean=1.0)
        normal(f"{name}.bias", hidden, std=0.2)

    def linear(name: str, rows: int, columns: int, gain: float) -> None:
        normal(f"{name}.weight", rows, columns, std=gain * columns**-0.5)
        normal(f"{name}.bias", rows, std=0.2)

    normal("word_embeddings.weight", recipe.vocabulary, hidden, std=3.0 * hidden**-0.5)
    layer_norm("word_embeddings_layernorm")
    for i in range(recipe.layers):
        layer_norm(f"h.{i}.input_layernorm")
        linear(f"h.{i}.self_attention.query_key_value", 3 * hidden, hidden, gain=1.8)
        linear(f"h.{i}.self_attention.dense", hidden, hidden, gain=2.5)
        layer_norm(f"h.{i}.post_attention_layernorm")
        linear(f"h.{i}.mlp.dense_h_to_4h", 4 * hidden, hidden, gain=1.2)
        linear(f"h.{i}.mlp.dense_4h_to_h", hidden, 4 * hidden, gain=2.0)
    # Signs at random: otherwise the tied head favours the token just read and greedy decoding repeats it for ever.
    normal("ln_f.weight", hidden, std=1.0)
    normal("ln_f.bias", hidden, std=0.05)
    return tensors


def configuration(recipe: Recipe) -> dict:
    return {
        "architectures": ["BloomForCausalLM" if recipe.prefix else "BloomModel"],
        "model_type": "bloom",
        "vocab_size": recipe.vocabulary,
        "hidden_size": recipe.hidden,
        "n_layer": recipe.layers,
        "n_head": recipe.heads,
        "layer_norm_epsilon": 1e-5,
        "apply_residual_connection_post_layernorm": recipe.post_layernorm,
        "hidden_dropout": 0.0,
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 3,
        "unk_token_id": 0,
        "torch_dtype": TORCH_NAMES[recipe.dtype],
    }


def write_checkpoint(folder: Path, recipe: Recipe) -> None:
    """config.json and model.safetensors, or shards with model.safetensors.index.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(configuration(recipe), indent=2) + "\n")
    prefix = "transformer." if recipe.prefix else ""
    tensors = {prefix + name: value for name, value in random_tensors(recipe).items()}
    if recipe.tied_head_stored:
        tensors["lm_head.weight"] = tensors[prefix + "word_embeddings.weight"].clone()
    if recipe.shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, weight_map = list(tensors), {}
    for shard in range(recipe.shards):
        file = f"model-{shard + 1:05}-of-{recipe.shards:05}.safetensors"
        part = {name: tensors[name] for name in names[shard :: recipe.shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        weight_map.update(dict.fromkeys(part, file))
    total = sum(t.numel() * t.element_size() for t in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--head-dim", type=int, default=8)
    parser.add_argument("--hidden", type=int, help="instead of --head-dim")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--vocabulary", type=int, default=128)
    parser.add_argument("--dtype", choices=DTYPES, default="f32")
    parser.add_argument("--no-prefix", action="store_true", help='tensor names without "transformer."')
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--post-layernorm", action="store_true", help="residual connection after the layer norm")
    parser.add_argument("--stored-head", action="store_true", help="also write the tied lm_head.weight")
    parser.add_argument("--seed", type=int, default=0)
    o = parser.parse_args()
    if o.hidden is not None:
        if o.hidden % o.heads:
            parser.error(f"--hidden {o.hidden} is no multiple of --heads {o.heads}")
        o.head_dim = o.hidden // o.heads
    recipe = Recipe(
        o.heads,
        o.head_dim,
        o.layers,
        o.vocabulary,
        o.dtype,
        not o.no_prefix,
        o.shards,
        o.post_layernorm,
        o.stored_head,
        o.seed,
    )
    write_checkpoint(o.folder, recipe)
    print(f"wrote {o.folder}: {recipe}")


if __name__ == "__main__":
    main()
