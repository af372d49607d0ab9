"""What is fitted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class FormatParameters:
    """How near products of a format come to the machine's limits."""

    read: float = 0.9  # share of read bandwidth
    peak: float = 0.7  # share of the peak, the tiles being full
    tile: float = 2.0  # what a register tile costs beside its rows, in rows


@dataclass(frozen=True)
class Parameters:
    formats: dict[str, FormatParameters] = field(default_factory=dict)
    attention_peak: float = 0.3  # share of the f32 peak
    row: float = 60.0  # an element of a row in LayerNorm, GELU or a form: as long as so many operations at the f32 peak
    overlap: float = 2.0  # bytes and operations together take the p-norm of their times: 1 is a sum, ∞ the longer

    def together(self, bytes_seconds: float, operation_seconds: float) -> float:
        p = self.overlap
        longer = max(bytes_seconds, operation_seconds)
        if longer == 0:
            return 0.0
        return longer * ((bytes_seconds / longer) ** p + (operation_seconds / longer) ** p) ** (1 / p)

    @property
    def names(self) -> list[tuple[str, ...]]:
        """One name for each number: of a format, or of all."""
        own = ("attention_peak", "row", "overlap")
        return [(name,) for name in own] + [(f, n) for f in self.formats for n in ("read", "peak", "tile")]

    def value(self, name: tuple[str, ...]) -> float:
        return getattr(self, name[0]) if len(name) == 1 else getattr(self.formats[name[0]], name[1])

    def with_value(self, name: tuple[str, ...], value: float) -> Parameters:
        if len(name) == 1:
            return replace(self, **{name[0]: value})
        return replace(self, formats=self.formats | {name[0]: replace(self.formats[name[0]], **{name[1]: value})})
