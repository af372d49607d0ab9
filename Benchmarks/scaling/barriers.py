"""How many barriers a step has, and what one costs."""

from __future__ import annotations

from math import ceil

from scaling.deal import are_own
from scaling.formats import PANEL_COLUMNS, Format
from scaling.machine import Machine
from scaling.shape import Shape

# An arrival moves a counter's cache line to another core, and each lane fetches the line that says that all are there. Two
# lanes were measured; each further one at the same counter is assumed to add these moves.
MOVES_PER_LANE = 2
CELL = 8  # CombiningBarrier.mostMembers


def per_step(shape: Shape, format: Format, rows: int, wanted: int) -> int:
    """As Bloom.forward and Bloom.head meet: 5 a layer for few rows, up to 10 for many."""
    layer = 5
    if format.stores_whole_heads and PANEL_COLUMNS % (shape.hidden // shape.heads) != 0:
        layer += 1  # keys and values are formed when all of a head is there
    if not are_own(rows, shape.hidden):
        layer += 2  # both norms
        layer += format.forms_rows  # attended rows
    if format.forms_rows and not format.forms_in_product and not are_own(rows, 4 * shape.hidden):
        layer += 1  # the MLP's inner rows
    head = 1 if are_own(wanted, shape.hidden) else 2
    return 1 + layer * shape.layers + head


def seconds(machine: Machine, pair: float) -> float:
    """One barrier, from what it costs between the two lanes that were measured: CombiningTree's cells, one above the other."""
    return _levels(max(machine.lanes_by_node), pair, machine.near) + _levels(machine.nodes, pair, machine.far)


def _levels(members: int, pair: float, transfer: float) -> float:
    total = 0.0
    while members > 1:
        cells = ceil(members / CELL)
        total += _counter(ceil(members / cells), pair, transfer)
        members = cells
    return total


def _counter(lanes: int, pair: float, transfer: float) -> float:
    return pair + (lanes - 2) * MOVES_PER_LANE * transfer


def counter_seconds(machine: Machine, pair: float) -> float:
    """One barrier if all lanes met at one counter."""
    return _counter(machine.lanes, pair, machine.transfer()) if machine.lanes > 1 else 0.0
