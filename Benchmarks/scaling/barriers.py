"""How many barriers a step has, and what one costs."""

from __future__ import annotations

from math import ceil, log2

from scaling.deal import are_own
from scaling.formats import Format
from scaling.machine import Machine
from scaling.shape import Shape

# One counter that all lanes add to: each arrival moves its cache line to another core, and each lane fetches the
# line that says that all are there. Two lanes were measured; each further one is assumed to add these moves.
MOVES_PER_LANE = 2


def per_step(shape: Shape, format: Format, rows: int, wanted: int) -> int:
    """As Bloom.forward and Bloom.head meet: 5 a layer for few rows, up to 9 for many."""
    layer = 5
    if not are_own(rows, shape.hidden):
        layer += 2  # both norms
        layer += format.forms_rows  # attended rows
    if format.forms_rows and not format.forms_in_product and not are_own(rows, 4 * shape.hidden):
        layer += 1  # the MLP's inner rows
    head = 1 if are_own(wanted, shape.hidden) else 2
    return 1 + layer * shape.layers + head


def seconds(machine: Machine, pair: float) -> float:
    """One barrier as it is now, from what it costs between the two lanes that were measured."""
    if machine.lanes == 1:
        return 0.0
    return pair + (machine.lanes - 2) * MOVES_PER_LANE * machine.transfer()


def tree_seconds(machine: Machine, pair: float) -> float:
    """One barrier if lanes met in pairs: on their nodes, then the nodes, up and down again."""
    if machine.lanes == 1:
        return 0.0
    rounds = ceil(log2(max(machine.lanes_by_node)))
    return pair * rounds + 2 * ceil(log2(machine.nodes)) * machine.far
