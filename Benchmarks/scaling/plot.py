"""The plot: tokens per second over lanes, one panel for each shape, both axes logarithmic."""

from __future__ import annotations

from math import log10

from scaling.machine import Machine
from scaling.predictions import SWEEP, Model
from scaling.step import Design

WIDTH, HEIGHT, LEFT, TOP, GAP = 250, 210, 46, 34, 62
DESIGNS = (("now", Design(), "#1b7837"), ("barriers at one counter", Design(counter=True), "#b35806"))
REST = "#999999"


def plot(machine: Machine, model: Model, shapes: tuple[str, ...], format: str) -> str:
    """An SVG: as the engine is, as it could be, and what reading the weights alone would allow."""
    parts = []
    for index, shape in enumerate(shapes):
        counts = [count for count in SWEEP if count <= machine.lanes]
        curves = [
            (colour, "", [model.decode(machine.with_lanes(count), shape, format, 1, design) for count in counts])
            for _, design, colour in DESIGNS
        ]
        limit = [model.limit(machine.with_lanes(count), shape, format) for count in counts]
        curves.append((REST, "4 3", limit))
        parts.append(panel(LEFT + index * (WIDTH + GAP), shape, counts, curves))
    parts.append(legend([(name, colour) for name, _, colour in DESIGNS] + [("reading weights alone", REST)]))
    width, height = LEFT + len(shapes) * (WIDTH + GAP), TOP + HEIGHT + 62
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="10"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def panel(x: float, title: str, counts: list[int], curves: list[tuple[str, str, list[float]]]) -> str:
    values = [value for _, _, curve in curves for value in curve]
    low, high = log10(min(values)), log10(max(values))

    def across(count: int) -> float:
        return x + WIDTH * log10(count) / log10(counts[-1])

    def down(value: float) -> float:
        return TOP + HEIGHT * (1 - (log10(value) - low) / (high - low))

    parts = [f'<text x="{x + WIDTH / 2:.0f}" y="{TOP - 12}" text-anchor="middle" font-size="12">{title}</text>']
    for count in (count for count in (1, 2, 4, 8, 16, 32, 64, 128, 192) if count <= counts[-1]):
        parts.append(label(across(count), TOP + HEIGHT + 14, "middle", str(count)))
        parts.append(rule(across(count), TOP, across(count), TOP + HEIGHT))
    for value in ticks(low, high):
        parts.append(label(x - 4, down(value) + 3, "end", f"{value:g}"))
        parts.append(rule(x, down(value), x + WIDTH, down(value)))
    for colour, dashes, curve in curves:
        points = " ".join(f"{across(c):.1f},{down(v):.1f}" for c, v in zip(counts, curve, strict=True))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8" '
            f'stroke-dasharray="{dashes}"/>'
        )
    parts.append(label(x + WIDTH / 2, TOP + HEIGHT + 28, "middle", "lanes"))
    return "".join(parts)


def ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten between the exponents."""
    values = [digit * 10.0**power for power in range(-3, 6) for digit in (1, 2, 5)]
    return [value for value in values if low <= log10(value) <= high]


def legend(entries: list[tuple[str, str]]) -> str:
    parts, x, y = [], LEFT, TOP + HEIGHT + 50
    for name, colour in entries:
        parts.append(f'<line x1="{x}" y1="{y - 3}" x2="{x + 22}" y2="{y - 3}" stroke="{colour}" stroke-width="2"/>')
        parts.append(label(x + 28, y, "start", name))
        x += 60 + 6 * len(name)
    return "".join(parts)


def label(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#444">{text}</text>'


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd" stroke-width="0.7"/>'
