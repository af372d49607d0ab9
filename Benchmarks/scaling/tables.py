"""The tables of docs/scaling.md."""

from __future__ import annotations

from dataclasses import fields, replace

from scaling import barriers
from scaling.deal import fetched_bytes
from scaling.formats import FORMATS
from scaling.machine import Machine
from scaling.markdown import microseconds, missed, percent, rate, table
from scaling.measured import Measurement
from scaling.parameters import Parameters
from scaling.predictions import Model
from scaling.shape import SHAPES
from scaling.step import Design, Step, Times

CAUSES = [field.name for field in fields(Times)]
SHOWN = ("bloom-560m", "bloom-7b1", "bloom-176b")


def parameters(p: Parameters) -> str:
    rows = [
        [name, percent(own.read), percent(own.peak), f"{own.tile:.1f}"] for name, own in sorted(p.formats.items())
    ]
    return table(["weights", "of read bandwidth", "of the peak", "a tile, in rows"], rows)


def residuals(measurements: list[Measurement], p: Parameters) -> str:
    rows = []
    for m in measurements:
        name = f"{m.step.shape.name} {m.step.format.name}, {lanes(m)}, {m.workload}"
        spread = percent(m.spread) if m.spread is not None else "–"
        bound = percent(m.per_second / m.bound) if m.bound else "–"
        rows.append([name, rate(m.per_second), spread, bound, rate(m.predicted(p)), missed(m.ratio(p))])
    return table(["", "measured", "spread", "of bound", "model", "off"], rows)


def lanes(m: Measurement) -> str:
    return "1 lane" if m.machine.lanes == 1 else f"{m.machine.lanes} lanes"


def machines(all: list[Machine]) -> str:
    rows = [
        [
            m.name,
            f"{m.nodes} / {m.lanes}",
            f"{m.node_read / 1e9:.0f}",
            f"{m.lane_read / 1e9:.0f}",
            " / ".join(f"{m.peaks[name] / 1e9:.0f}" for name in ("f32", "bf16", "int8")),
            f"{m.near * 1e9:.0f} / {m.far * 1e9:.0f}",
            f"{m.link / 1e9:.0f}" if m.nodes > 1 else "–",
        ]
        for m in all
    ]
    header = ["", "nodes / cores", "GB/s a node", "GB/s a lane", "Gop/s a core: f32 / bf16 / int8", "ns near / far"]
    return table([*header, "GB/s into a node"], rows)


def barrier_costs(all: list[Machine], pair: float) -> str:
    rows = []
    for m in all:
        now, counter = barriers.seconds(m, pair), barriers.counter_seconds(m, pair)
        steps = []
        for shape in SHOWN:
            count = barriers.per_step(SHAPES[shape], FORMATS["int8"], 1, 1)
            steps.append(f"{count * now * 1e3:.2f}")
        rows.append([m.name, microseconds(now), microseconds(counter), *steps])
    header = ["", "one, µs", "at one counter, µs"]
    return table([*header, *(f"a step of {shape.removeprefix('bloom-')}, ms" for shape in SHOWN)], rows)


def overview(all: list[Machine], model: Model) -> str:
    """int8 on every machine."""
    rows = []
    for shape in SHOWN:
        for m in all:
            if too_large(shape, "int8", m):
                continue
            one = model.decode(m, shape, "int8", 1)
            more = [rate(model.decode(m, shape, "int8", count)) for count in (8, 32)]
            of_limit = percent(one / model.limit(m, shape, "int8"))
            rows.append([f"{shape}, {m.name}", rate(one), of_limit, *more, rate(model.prefill(m, shape, "int8"))])
    header = ["int8 weights", "batch 1", "of reading alone", "batch 8", "batch 32", "prefill of 512"]
    return table(header, rows)


def largest(all: list[Machine], model: Model) -> str:
    rows = []
    for m in all:
        for format in ("bf16", "int8", "int4"):
            one = model.decode(m, "bloom-176b", format, 1)
            more = [rate(model.decode(m, "bloom-176b", format, count)) for count in (8, 32)]
            limit = percent(one / model.limit(m, "bloom-176b", format))
            rows.append(
                [f"{m.name}, {format}", f"{gigabytes('bloom-176b', format):.0f}", rate(one), limit, *more]
                + [rate(model.prefill(m, "bloom-176b", format))]
            )
    header = ["BLOOM-176B", "GB of weights", "batch 1", "of reading alone", "batch 8", "batch 32", "prefill of 512"]
    return table(header, rows)


def causes(all: list[Machine], model: Model, rows: int) -> str:
    """Shares of a step's time."""
    lines = []
    for shape in SHOWN:
        for m in all:
            if too_large(shape, "int8", m):
                continue
            t = model.times(m, shape, "int8", rows)
            shares = [percent(getattr(t, cause) / t.total) for cause in CAUSES]
            lines.append([f"{shape}, {m.name}", f"{t.total * 1e3:.2f}", *shares])
    return table([f"int8, batch {rows}", "ms", *CAUSES], lines)


def repairs(all: list[Machine], model: Model) -> str:
    """What other ways to share work out would give."""
    designs = (Design(), Design(counter=True), Design(columns=32))
    lines = []
    for shape in ("bloom-560m", "bloom-7b1"):
        for m in all:
            rates = [rate(model.decode(m, shape, "int8", 1, design)) for design in designs]
            best = model.best_lanes(m, shape, "int8", 1)
            fewer = f"{rate(model.decode(m.with_lanes(best), shape, 'int8', 1))} ({best})"
            limit = rate(model.limit(m, shape, "int8"))
            lines.append([f"{shape}, {m.name}", rates[0], fewer, *rates[1:], limit])
    header = ["int8, batch 1", "now", "now, best lanes", "at one counter", "strips of 32", "reading alone"]
    return table(header, lines)


def sensitivity(all: list[Machine], model: Model) -> str:
    """How much hangs on the numbers that nobody measured here."""
    changes = (
        ("latencies halved", lambda m: replace(m, near=m.near / 2, far=m.far / 2)),
        ("doubled", lambda m: replace(m, near=m.near * 2, far=m.far * 2)),
        ("a lane reads half", lambda m: replace(m, lane_read=m.lane_read / 2)),
        ("memory 0.9 of its channels", lambda m: replace(m, node_read=m.node_read * 0.9 / 0.8)),
    )
    lines = []
    for shape in SHOWN:
        for m in (m for m in all if m.nodes > 1):
            rates = [rate(model.decode(change(m), shape, "int8", 1)) for _, change in changes]
            lines.append([f"{shape}, {m.name}", rate(model.decode(m, shape, "int8", 1)), *rates])
    return table(["int8, batch 1", "as assumed", *(name for name, _ in changes)], lines)


def traffic(all: list[Machine]) -> str:
    """Bytes that cross from node to node in a step, beside the weights' bytes that do not."""
    lines = []
    for shape in SHOWN:
        for m in (m for m in all if m.nodes > 1):
            crossing = [crossing_bytes(shape, "int8", rows, m) / 1e6 for rows in (1, 32, 512)]
            lines.append(
                [f"{shape}, {m.name}", *(f"{value:.2f}" for value in crossing), f"{gigabytes(shape, 'int8') * 1e3:.0f}"]
            )
    header = ["MB a step, int8", "1 row", "32 rows", "512 rows", "weights, read on their nodes"]
    return table(header, lines)


def crossing_bytes(shape: str, format: str, rows: int, machine: Machine) -> float:
    """Every node but the one that wrote it reads each row that goes into a product."""
    widths = [product.k for product in SHAPES[shape].layer]
    layer = sum(width * fetched_bytes(FORMATS[format].row_bytes, rows, width) for width in widths)
    return rows * SHAPES[shape].layers * layer * (machine.nodes - 1)


def gigabytes(shape: str, format: str) -> float:
    return SHAPES[shape].weights * FORMATS[format].bits / 8 / 1e9


def too_large(shape: str, format: str, machine: Machine) -> bool:
    """A desktop holds no 176 GB."""
    return machine.lanes <= 8 and gigabytes(shape, format) > 128
