"""The weights' formats as the AVX-512 kernels with BF16 and VNNI read them (Kernels/Matrices/WeightFormat.swift, CKernels/strip.h)."""

from __future__ import annotations

from dataclasses import dataclass

PANEL_COLUMNS = 64


@dataclass(frozen=True)
class Format:
    name: str
    bits: float  # of a weight, scales included, where k is long
    row_bytes: int  # of an activation as a product reads it
    tile_rows: int  # rows that share one load of weights into registers
    peak: tuple[str, ...]  # limits of the machine of which the best is the product's peak
    forms_rows: bool  # activations are brought into a form of their own
    forms_in_product: bool  # the MLP's inner rows leave the product in that form
    cache_bytes: float  # of a number in the cache, by default; in int8 with its part of a scale for a head

    @property
    def stores_whole_heads(self) -> bool:
        """Keys and values in int8, with a scale for a head's whole row."""
        return self.cache_bytes < 2

    def matrix_bytes(self, columns: int, k: int) -> float:
        """Panels of 64 columns, padded, with their scales."""
        panels = -(-columns // PANEL_COLUMNS)
        return panels * (k * PANEL_COLUMNS * self.bits / 8 + (PANEL_COLUMNS * 4 if self.name == "int8" else 0))


FORMATS = {
    format.name: format
    for format in (
        Format("f32", 32, 4, 12, ("f32",), False, False, 4),
        Format("bf16", 16, 2, 12, ("f32", "bf16"), True, True, 2),
        Format("int8", 8, 1, 12, ("int8",), True, False, 68 / 64),
        Format("int4", 4.5, 1, 9, ("int8",), True, False, 68 / 64),
    )
}
