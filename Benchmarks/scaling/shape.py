"""BLOOM's shapes as a step sees them: products of rows with matrices, and attention between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """A matrix of `columns` outputs, each a sum of length `k`."""

    columns: int
    k: int

    @property
    def weights(self) -> int:
        return self.columns * self.k


@dataclass(frozen=True)
class Shape:
    name: str
    hidden: int
    layers: int
    heads: int
    vocabulary: int = 250_880

    @property
    def layer(self) -> list[Product]:
        """Queries, keys and values; dense; up; down."""
        h = self.hidden
        return [Product(3 * h, h), Product(h, h), Product(4 * h, h), Product(h, 4 * h)]

    @property
    def head(self) -> Product:
        return Product(self.vocabulary, self.hidden)

    @property
    def slopes(self) -> list[float]:
        """ALiBi's, as BLOOM takes them where heads are no power of two."""
        power = 1 << (self.heads.bit_length() - 1)
        slopes = [2 ** (-8 * (head + 1) / power) for head in range(power)]
        return slopes + [2 ** (-4 * (2 * head + 1) / power) for head in range(self.heads - power)]

    @property
    def weights(self) -> int:
        return self.layers * sum(product.weights for product in self.layer) + self.head.weights


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("bloom-560m", 1024, 24, 16),
        Shape("bloom-7b1", 4096, 30, 32),
        Shape("bloom-176b", 14_336, 70, 112),
    )
}
