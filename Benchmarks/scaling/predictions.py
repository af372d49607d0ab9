"""What the fitted model says of other machines."""

from __future__ import annotations

from dataclasses import dataclass

from scaling.formats import FORMATS
from scaling.machine import Machine
from scaling.parameters import Parameters
from scaling.shape import SHAPES
from scaling.step import Design, Step, Times

CONTEXT = 256
SWEEP = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192)


@dataclass(frozen=True)
class Model:
    """The fit, and what two lanes' barrier took beside it."""

    parameters: Parameters
    pair: float

    def times(self, machine: Machine, shape: str, format: str, rows: int, design: Design = Design()) -> Times:
        """Of one step in which so many rows decode."""
        step = Step.decode(SHAPES[shape], FORMATS[format], rows, CONTEXT)
        return step.times(machine, self.parameters, self.pair, design)

    def decode(self, machine: Machine, shape: str, format: str, rows: int, design: Design = Design()) -> float:
        """Tokens per second of all rows together."""
        return rows / self.times(machine, shape, format, rows, design).total

    def prefill(self, machine: Machine, shape: str, format: str, tokens: int = 512) -> float:
        step = Step.prefill(SHAPES[shape], FORMATS[format], tokens)
        return tokens / step.times(machine, self.parameters, self.pair).total

    def limit(self, machine: Machine, shape: str, format: str) -> float:
        """Tokens per second of one row if nothing but reading weights took time."""
        step = FORMATS[format]
        products = SHAPES[shape].layers * sum(step.matrix_bytes(p.columns, p.k) for p in SHAPES[shape].layer)
        head = SHAPES[shape].head
        read = sum(machine.read(node) for node in range(machine.nodes))
        return read / (products + step.matrix_bytes(head.columns, head.k))

    def best_lanes(self, machine: Machine, shape: str, format: str, rows: int) -> int:
        counts = [count for count in SWEEP if count <= machine.lanes]
        return max(counts, key=lambda count: self.decode(machine.with_lanes(count), shape, format, rows))
