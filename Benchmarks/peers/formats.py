"""The bit widths that are compared, and what each checkpoint is called on disk."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Format(StrEnum):
    """How wide the weights are. Activations and cache are each engine's choice, which the report states."""

    F32 = "f32"
    BF16 = "bf16"
    INT8 = "int8"
    INT4 = "int4"


@dataclass(frozen=True)
class Shape:
    """Sizes of the checkpoint; the defaults are BLOOM-560m's."""

    name: str = "bloom-560m"
    layers: int = 24
    heads: int = 16
    head_size: int = 64
    vocabulary: int = 250_880

    @property
    def hidden(self) -> int:
        return self.heads * self.head_size

    @property
    def layer_weights(self) -> int:
        """Of all layers' matrices."""
        return 12 * self.hidden**2 * self.layers

    @property
    def head_weights(self) -> int:
        """The head is tied to the embedding."""
        return self.vocabulary * self.hidden

    def weight_bytes(self, format: Format) -> float:
        """About what all matrices take; int4 with a 16-bit scale for every 32 weights."""
        bits = {Format.F32: 32, Format.BF16: 16, Format.INT8: 8, Format.INT4: 4.5}[format]
        return (self.layer_weights + self.head_weights) * bits / 8

    @property
    def cached_numbers(self) -> int:
        """Keys and values of one position."""
        return 2 * self.hidden * self.layers


TINY = Shape("tiny", layers=2, vocabulary=8_192)


class Models:
    """Where the forms of the one random checkpoint lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def hugging_face(self, format: Format) -> Path:
        """A folder with config.json and model.safetensors; there is one in float32 and one in bf16."""
        return self.folder / ("hf-f32" if format is Format.F32 else "hf-bf16")

    def ctranslate2(self, format: Format) -> Path:
        return self.folder / f"ctranslate2-{format}"

    def openvino(self, format: Format) -> Path:
        return self.folder / f"openvino-{format}"

    def packed(self, format: Format) -> Path:
        """Parterre's own folder, as `parterre quantize` writes it."""
        return self.folder / f"parterre-{format}"

    def gguf(self, format: Format) -> Path:
        return self.folder / f"bloom-{format}.gguf"
