"""Writes a checkpoint of train.py as a Hugging Face BLOOM folder, checks it with `transformers`, fills in the model card."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from model import Bloom, Shape, alibi_bias
from vocabulary import BOS, EOS, PAD, UNK

HERE = Path(__file__).resolve().parent
PROMPTS = ("Once upon a time", "The little dog", "One day, Tom and his sister", "The king was very")
# What the card recommends and generation_config.json carries. Greedy decoding loops sooner or later, as in every small model.
SAMPLING = {"do_sample": True, "temperature": 0.7, "top_p": 0.9, "repetition_penalty": 1.1}


def hugging_face_tensors(model: Bloom) -> dict[str, Tensor]:
    """BLOOM's names, and its fused projection: for each head the rows of query, key and value."""
    shape, tensors = model.shape, {}
    head = shape.hidden // shape.heads
    for name, value in model.state_dict().items():
        if name.endswith("qkv_weight"):
            value = (
                value.view(3, shape.heads, head, shape.hidden).transpose(0, 1).reshape(3 * shape.hidden, shape.hidden)
            )
            name = name.replace("qkv_weight", "self_attention.query_key_value.weight")
        elif name.endswith("qkv_bias"):
            value = value.view(3, shape.heads, head).transpose(0, 1).reshape(3 * shape.hidden)
            name = name.replace("qkv_bias", "self_attention.query_key_value.bias")
        else:
            name = name.replace(".dense.", ".self_attention.dense.").replace(".dense_", ".mlp.dense_")
        tensors[f"transformer.{name}"] = value.to(torch.bfloat16).contiguous()
    return tensors


def configuration(shape: Shape) -> dict:
    return {
        "architectures": ["BloomForCausalLM"],
        "model_type": "bloom",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "n_layer": shape.layers,
        "n_head": shape.heads,
        "layer_norm_epsilon": 1e-5,
        "initializer_range": 0.02,
        "apply_residual_connection_post_layernorm": False,
        "hidden_dropout": 0.0,
        "attention_dropout": 0.0,
        "pretraining_tp": 1,
        "slow_but_exact": False,
        "use_cache": True,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "pad_token_id": PAD,
        "unk_token_id": UNK,
        "torch_dtype": "bfloat16",
    }


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def check(model: Bloom, folder: Path) -> float:
    """The largest difference between the logits of `transformers` on the exported folder and of the training module with
    the same rounded weights."""
    from transformers import BloomForCausalLM

    exported, loading = BloomForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    if loading["missing_keys"] or loading["unexpected_keys"]:
        raise SystemExit(f"The exported tensors do not fit BloomForCausalLM: {loading}")
    rounded = Bloom(model.shape)
    rounded.load_state_dict({k: v.to(torch.bfloat16).float() for k, v in model.state_dict().items()})
    tokens = torch.randint(4, model.shape.vocabulary, (2, 96), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours = rounded(tokens, alibi_bias(model.shape.heads, 96))
        theirs = exported(tokens).logits
    difference = float((ours - theirs).abs().max())
    if difference > 1e-3:
        raise SystemExit(f"The exported model differs from the trained one by {difference} in its logits.")
    return difference


def samples(folder: Path, **how) -> list[str]:
    from transformers import BloomForCausalLM, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    model = BloomForCausalLM.from_pretrained(folder, dtype=torch.float32)
    texts = []
    for i, prompt in enumerate(PROMPTS):
        torch.manual_seed(i)
        tokens = torch.tensor([tokenizer(prompt).input_ids])
        with torch.no_grad():
            out = model.generate(tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=90, **how)
        texts.append(tokenizer.decode(out[0], skip_special_tokens=True, clean_up_tokenization_spaces=False).strip())
    return texts


def quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def card(facts: dict, folder: Path) -> str:
    held, corpus = facts["held_out"], facts["corpus"]
    size = sum(f.stat().st_size for f in folder.iterdir() if f.name != "README.md") / 1e6

    def row(source: str) -> str:
        made = corpus[source]
        figures = held[source]
        return (
            f"{made['stories']:,} | {made['bytes'] / 1e6:.2f} MB | {figures['tokens']:,} tokens | "
            f"{figures['loss']:.3f} | {figures['bits_per_byte']:.3f}"
        )

    values = {
        "parameters": f"{facts['parameters'] / 1e6:.2f} million",
        "size": f"{size:.1f} MB",
        **{k: str(v) for k, v in facts["shape"].items()},
        "steps": f"{facts['steps']:,}",
        "tokens": f"{facts['tokens'] / 1e6:.1f} million",
        "epochs": f"{facts['tokens'] / facts['epoch_tokens']:.1f}",
        "epoch_tokens": f"{facts['epoch_tokens'] / 1e6:.2f} million",
        "batch_tokens": f"{facts['batch_rows'] * facts['row_tokens']:,}",
        "row_tokens": str(facts["row_tokens"]),
        "minutes": f"{facts['seconds'] / 60:.0f}",
        "row_storybooks": row("storybooks"),
        "row_tinystories": row("tinystories"),
        "row_books": row("childrens-books"),
        "loss": f"{held['all']['loss']:.3f}",
        "held_tokens": f"{held['all']['tokens']:,}",
        "perplexity": f"{2.718281828 ** held['all']['loss']:.1f}",
        "bits": f"{held['all']['bits_per_byte']:.3f}",
        "sampled": "\n>\n> * * *\n>\n".join(map(quote, samples(folder, **SAMPLING, top_k=0))),
        "greedy": "\n>\n> * * *\n>\n".join(map(quote, samples(folder, do_sample=False, repetition_penalty=1.2))),
        "sampling": ", ".join(f"`{k}` {v}" for k, v in SAMPLING.items() if k != "do_sample"),
    }
    text = (HERE / "model-card.md").read_text()
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="final.pt or latest.pt of a training run")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of the same run")
    parser.add_argument("--output", type=Path, required=True, help="the model folder to write")
    options = parser.parse_args()

    torch.set_num_threads(1)
    saved = torch.load(options.checkpoint, weights_only=True)
    facts = json.loads(saved["facts"])
    model = Bloom(Shape(**facts["shape"]))
    model.load_state_dict(saved["model"])
    model.eval()

    folder: Path = options.output
    folder.mkdir(parents=True, exist_ok=True)
    save_file(hugging_face_tensors(model), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    write_json(folder / "config.json", configuration(model.shape))
    write_json(
        folder / "generation_config.json", {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD, **SAMPLING}
    )
    shutil.copyfile(options.tokenizer, folder / "tokenizer.json")
    difference = check(model, folder)
    (folder / "README.md").write_text(card(facts, folder))
    print(
        f"wrote {folder}: held-out loss {facts['held_out']['all']['loss']:.4f} after {facts['steps']} steps; "
        f"logits agree with transformers within {difference:.1e}"
    )


if __name__ == "__main__":
    main()
