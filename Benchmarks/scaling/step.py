"""The seconds of one step, by cause."""

from __future__ import annotations

from dataclasses import dataclass, fields

from scaling import barriers
from scaling.deal import are_own, by_node, fetched_bytes, longest, row_blocks, tiles
from scaling.formats import PANEL_COLUMNS, Format
from scaling.machine import Machine
from scaling.parameters import Parameters
from scaling.shape import Product, Shape

LINE = 64
LINES_IN_FLIGHT = 10  # cache lines that a core waits for at a time; an assumption, felt only with many lanes
QUERIES_PER_GROUP = 48
# attention.h: what ALiBi takes 64 below a query's own score is 0, and not read, tile by tile; beyond that as far as the norms of
# random keys leave it open.
REACH, TILE = 100, 256
OUTSIDE = 1e-4  # seconds of a step in engine and samplers; an assumption: the bundled model's whole step takes 2.5e-4


@dataclass(frozen=True)
class Design:
    """How the engine shares work out; the defaults are what it does now."""

    columns: int = PANEL_COLUMNS  # of the smallest piece of a product that a lane takes
    counter: bool = False  # all lanes meet at one counter instead of a tree's


@dataclass
class Times:
    products: float = 0.0  # if they could be dealt out evenly
    idle: float = 0.0  # what the lane with most pieces adds to that
    attention: float = 0.0
    rows: float = 0.0
    gather: float = 0.0  # fetching rows that other lanes wrote
    barriers: float = 0.0
    step: float = 0.0

    @property
    def total(self) -> float:
        return sum(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True)
class Step:
    """`rows` of them through all layers, `wanted` of them through the head."""

    shape: Shape
    format: Format
    rows: int
    wanted: int
    visits: float  # a query meets a key, in one layer and, on average, one head
    passes: float  # a key is read for a group of queries
    groups: int

    @staticmethod
    def decode(shape: Shape, format: Format, rows: int, context: float) -> Step:
        visits = rows * seen(shape, context)
        return Step(shape, format, rows, rows, visits, visits, rows)

    @staticmethod
    def prefill(shape: Shape, format: Format, tokens: int) -> Step:
        visits = sum(seen(shape, token + 1) for token in range(tokens))
        return Step(shape, format, tokens, 1, visits, visits / QUERIES_PER_GROUP, -(-tokens // QUERIES_PER_GROUP))

    def times(self, machine: Machine, p: Parameters, pair: float, design: Design = Design()) -> Times:
        """On a machine where two lanes meet in `pair` seconds."""
        t = Times(step=OUTSIDE)
        for product in self.shape.layer:
            self._multiply(product, self.rows, self.shape.layers, machine, p, design, t)
        self._multiply(self.shape.head, self.wanted, 1, machine, p, design, t)
        t.attention = self.shape.layers * self._attention(machine, p)
        t.rows = p.row * self._row_elements(machine) / machine.peaks["f32"]
        count = barriers.per_step(self.shape, self.format, self.rows, self.wanted)
        t.barriers = count * (barriers.counter_seconds if design.counter else barriers.seconds)(machine, pair)
        return t

    def _multiply(
        self, product: Product, rows: int, times: int, machine: Machine, p: Parameters, design: Design, t: Times
    ) -> None:
        """Items are pieces of the matrix, cut into blocks of rows where pieces are few; lanes take whole items."""
        own = p.formats[self.format.name]
        pieces = -(-product.columns // design.columns)
        piece_bytes = self.format.matrix_bytes(product.columns, product.k) / pieces
        slowest = even = gather = 0.0
        for lanes, count in zip(machine.lanes_by_node, by_node(pieces, machine), strict=True):
            blocks = row_blocks(rows, count, lanes)
            row_cost = rows / blocks + own.tile * tiles(-(-rows // blocks), self.format.tile_rows)
            item_operations = 2 * product.k * product.columns / pieces * row_cost

            def seconds(items: float) -> float:
                """Of a lane with so many, while the node's other lanes read theirs."""
                moved = max(
                    count * piece_bytes / machine.node_read, items / blocks * piece_bytes / machine.lane_read
                )
                peak = own.peak * machine.peak(self.format.peak)
                return p.together(moved / own.read, items * item_operations / peak)

            most = longest(count * blocks, lanes)
            slowest = max(slowest, seconds(most))
            even = max(even, seconds(count * blocks / lanes))
            seen = rows * min(1.0, most / blocks)
            gather = max(gather, self._gather(rows, seen, product.k, machine))
        t.products += times * even
        t.idle += times * (slowest - even)
        t.gather += times * gather

    def _gather(self, rows: int, seen: float, width: int, machine: Machine) -> float:
        """Rows come from the caches of those who wrote them: `seen` to a lane, all of them to a node over its links."""
        if machine.lanes == 1:
            return 0.0
        row = width * fetched_bytes(self.format.row_bytes, rows, width)
        lines = seen * row * (machine.lanes - 1) / machine.lanes / LINE
        over_links = rows * row * (machine.nodes - 1) / machine.nodes
        return max(lines * machine.transfer() / LINES_IN_FLIGHT, over_links / machine.link)

    def _attention(self, machine: Machine, p: Parameters) -> float:
        """Of one layer. Items are (head, group of queries); each node has its heads' keys and values."""
        dim = self.shape.hidden / self.shape.heads
        slowest = 0.0
        for lanes, heads in zip(machine.lanes_by_node, by_node(self.shape.heads, machine), strict=True):
            items = heads * self.groups
            share = longest(items, lanes) / max(items, 1)
            moved = heads * self.passes * 2 * dim * self.format.cache_bytes
            bytes_seconds = moved * max(1 / machine.node_read, share / machine.lane_read)
            operations = heads * self.visits * 4 * dim * share
            read, peak = p.formats[self.format.name].read, p.attention_peak * machine.peaks["f32"]
            slowest = max(slowest, p.together(bytes_seconds / read, operations / peak))
        return slowest

    def _row_elements(self, machine: Machine) -> float:
        """Elements that pass through one lane's hands, row by row."""
        hidden, rows = self.shape.hidden, self.rows

        def handled(rows: int, width: int) -> float:
            return rows * width if are_own(rows, width) else rows * width / machine.lanes

        layer = 2 * handled(rows, hidden) + 4 * hidden * rows / machine.lanes  # norms; GELU
        if self.format.forms_rows:
            layer += handled(rows, hidden)
            if not self.format.forms_in_product:
                layer += handled(rows, 4 * hidden)
        return self.shape.layers * layer + handled(self.wanted, hidden) + rows * hidden / machine.lanes


def seen(shape: Shape, keys: float) -> float:
    """Of so many keys those that a query meets, on average over the heads."""
    return sum(min(keys, REACH / slope + TILE) for slope in shape.slopes) / shape.heads
