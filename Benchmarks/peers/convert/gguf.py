"""llama.cpp's form of a checkpoint. (Its own converter is not on PyPI; the format's writer and quantisers are.)

python -m peers.convert.gguf CHECKPOINT OUTPUT f32|bf16|int8|int4 [tokenizer]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from safetensors import safe_open

from peers.formats import Format

TYPES = {Format.F32: Type.F32, Format.BF16: Type.BF16, Format.INT8: Type.Q8_0, Format.INT4: Type.Q4_0}
OUTSIDE_LAYERS = {
    "word_embeddings": "token_embd",
    "word_embeddings_layernorm": "token_embd_norm",
    "ln_f": "output_norm",
}
IN_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attention.query_key_value": "attn_qkv",
    "self_attention.dense": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.dense_h_to_4h": "ffn_up",
    "mlp.dense_4h_to_h": "ffn_down",
}


def gguf_name(name: str) -> str:
    """`transformer.h.3.mlp.dense_h_to_4h.bias` is `blk.3.ffn_up.bias` there."""
    stem, _, kind = name.removeprefix("transformer.").rpartition(".")
    if not stem.startswith("h."):
        return f"{OUTSIDE_LAYERS[stem]}.{kind}"
    _, layer, rest = stem.split(".", 2)
    return f"blk.{layer}.{IN_LAYER[rest]}.{kind}"


def three_blocks(rows: np.ndarray, heads: int) -> np.ndarray:
    """BLOOM's fused rows are [heads, 3, headDim]; llama.cpp wants [3, heads, headDim]."""
    by_head = rows.reshape(heads, 3, -1, *rows.shape[1:])
    return np.ascontiguousarray(np.swapaxes(by_head, 0, 1)).reshape(rows.shape)


def add_tokenizer(writer: gguf.GGUFWriter, checkpoint: Path) -> None:
    """The checkpoint's tokenizer.json, for a server that must write text."""
    tokenizer = json.loads((checkpoint / "tokenizer.json").read_text())
    special = {token["id"] for token in tokenizer["added_tokens"]}
    vocabulary = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("bloom")
    writer.add_token_list([name for name, _ in vocabulary])
    kinds = [gguf.TokenType.CONTROL if id in special else gguf.TokenType.NORMAL for _, id in vocabulary]
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(3)


def write(checkpoint: Path, output: Path, format: Format, with_tokenizer: bool = False) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    heads, hidden, layers = config["n_head"], config["hidden_size"], config["n_layer"]
    writer = gguf.GGUFWriter(output, "bloom", use_temp_file=True)
    writer.add_context_length(1 << 20)  # ALiBi has no limit of its own
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(4 * hidden)
    writer.add_block_count(layers)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_vocab_size(config["vocab_size"])
    if with_tokenizer:
        add_tokenizer(writer, checkpoint)
    else:
        writer.add_tokenizer_model("none")  # ids go in and come out
    with safe_open(checkpoint / "model.safetensors", "pt") as tensors:
        for name in sorted(tensors.keys()):
            value = tensors.get_tensor(name).to(torch.float32).numpy()
            if "query_key_value" in name:
                value = three_blocks(value, heads)
            type = TYPES[format] if value.ndim == 2 else Type.F32
            writer.add_tensor(gguf_name(name), gguf.quantize(value, type), raw_dtype=type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), Format(sys.argv[3]), with_tokenizer="tokenizer" in sys.argv[4:])
