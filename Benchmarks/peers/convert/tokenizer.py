"""A byte-level tokenizer as wide as BLOOM's vocabulary, for the engines that load none without it. Nothing is tokenized.

    python -m peers.convert.tokenizer FOLDER…
"""

from __future__ import annotations

import sys

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from peers.workloads import VOCABULARY


def make() -> PreTrainedTokenizerFast:
    names = ["<unk>", "<s>", "</s>", "<pad>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "ab", "cd"]
    names += [f"token{index}" for index in range(len(names), VOCABULARY)]
    vocabulary = {name: index for index, name in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b"), ("c", "d")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        make().save_pretrained(folder)
