"""How work is dealt to lanes: the integer arithmetic of PanelPlan, PackedMatrix.multiply, KeyValueLayout, LaneRows."""

from __future__ import annotations

from scaling.machine import Machine

BAND_ROWS = 96
OWN_ELEMENTS = 8192


def by_node(items: int, machine: Machine) -> list[int]:
    """Contiguous items for each node, in proportion to its lanes."""
    counts, first = [], 0
    for lanes in machine.lanes_by_node:
        counts.append(items * (first + lanes) // machine.lanes - items * first // machine.lanes)
        first += lanes
    return counts


def row_blocks(rows: int, panels: int, lanes: int) -> int:
    """Into how many blocks rows are cut where panels are too few for the node's lanes."""
    if lanes <= 1 or panels == 0 or rows < 24:
        return 1
    return max(1, min(-(-4 * lanes // panels), rows // 12))


def longest(items: int, lanes: int) -> int:
    """Items of the lane that has most."""
    return -(-items // lanes)


def are_own(rows: int, width: int) -> bool:
    """Whether every lane makes these rows for itself, to spare a barrier."""
    return rows <= max(1, OWN_ELEMENTS // width)


def tiles(rows: int, most: int) -> int:
    """Register tiles that pass over a panel: bands of 96 rows are cut into as few as they can be."""
    whole, rest = divmod(rows, BAND_ROWS)
    return whole * -(-BAND_ROWS // most) + -(-rest // most)


def fetched_bytes(row_bytes: int, rows: int, width: int) -> int:
    """Of an element of a row that others wrote: as floats where every lane forms it for itself, else in the form."""
    return 4 if are_own(rows, width) else row_bytes
