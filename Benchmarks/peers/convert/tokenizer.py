"""A tokenizer in BLOOM's form, as wide as the checkpoint's vocabulary, for the engines that load none without it.

Its names are made up: nothing is tokenized here.

    python -m peers.convert.tokenizer FOLDER…
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors

SPECIAL = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
WORDS = " ?[^(\\s|[.,!?…。，、।۔،])]+"


def make(size: int) -> Tokenizer:
    names = [*SPECIAL.values(), *sorted(pre_tokenizers.ByteLevel.alphabet()), "ab", "cd"]
    names += [f"token{index}" for index in range(len(names), size)]
    vocabulary = {name: index for index, name in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b"), ("c", "d")]))
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL.values()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(WORDS), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        size = json.loads((folder / "config.json").read_text())["vocab_size"]
        make(size).save(str(folder / "tokenizer.json"))
        config = {"tokenizer_class": "PreTrainedTokenizerFast", **SPECIAL}
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
