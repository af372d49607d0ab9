"""Reads measured/, fits, prints what the model misses, writes docs/scaling.md's tables and its plot."""

from __future__ import annotations

import argparse
import statistics
from math import exp, log
from pathlib import Path

from scaling import markdown, tables
from scaling.fit import fit
from scaling.measured import Measurement, read
from scaling.plot import plot
from scaling.predictions import Model
from scaling.profiles import profiles

FOLDER = Path(__file__).parent
DOCUMENT = FOLDER.parent.parent / "docs" / "scaling.md"
PLOT = DOCUMENT.with_suffix(".svg")
FITTED = "bloom-560m"


def main() -> None:
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("--measured", type=Path, default=FOLDER / "measured", help="folder of bench's JSON lines")
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    options = parser.parse_args()
    everything = read(options.measured)
    known = [m for m in everything if m.step.shape.name == FITTED]
    unseen = [m for m in everything if m.step.shape.name != FITTED]
    parameters = fit(known)
    pair = statistics.median(m.pair for m in everything if m.machine.lanes == 2)
    lane_read = max(m.machine.node_read for m in everything if m.machine.lanes == 1)
    model, machines = Model(parameters, pair), profiles(lane_read)
    texts = {
        "parameters": tables.parameters(parameters),
        "others": others(model, lane_read),
        "fitted": tables.residuals(known, parameters),
        "unseen": tables.residuals(unseen, parameters),
        "misses": f"Typical miss: {typical(known, model)} of the fitted, {typical(unseen, model)} of the unseen.",
        "machines": tables.machines(machines),
        "barriers": tables.barrier_costs(machines, pair),
        "overview": tables.overview(machines, model),
        "causes": tables.causes(machines, model, 1),
        "causes 32": tables.causes(machines, model, 32),
        "repairs": tables.repairs(machines, model),
        "sensitivity": tables.sensitivity(machines, model),
        "traffic": tables.traffic(machines),
        "largest": tables.largest([m for m in machines if m.nodes > 1], model),
    }
    for name in ("parameters", "others", "fitted", "unseen", "misses"):
        print(texts[name] + "\n")
    if options.dry:
        return
    document = DOCUMENT.read_text()
    for name, text in texts.items():
        document = markdown.put(document, name, text)
    DOCUMENT.write_text(document)
    PLOT.write_text(plot(machines[-1], model, tables.SHOWN, "int8"))
    print(f"wrote {DOCUMENT.name} and {PLOT.name}")


def others(model: Model, lane_read: float) -> str:
    """The numbers that all formats share, as a sentence."""
    p = model.parameters
    row = f"takes as long as {p.row:.0f} operations at that peak" if p.row > 1 else "costs too little to be told"
    return (
        f"For all formats: attention reaches {markdown.percent(p.attention_peak)} of the f32 peak; an element of a row "
        f"{row}; the time of bytes and operations together is their "
        f"{p.overlap:.1f}-norm. Measured: one lane alone reads {lane_read / 1e9:.1f} GB/s at best, two lanes meet in "
        f"{model.pair * 1e6:.2f} µs."
    )


def typical(measurements: list[Measurement], model: Model) -> str:
    """Root of the mean square of the logarithms, and the worst."""
    if not measurements:
        return "none"
    logs = [log(m.ratio(model.parameters)) for m in measurements]
    mean = (sum(value * value for value in logs) / len(logs)) ** 0.5
    worst = max(logs, key=abs)
    return f"{markdown.percent(exp(mean) - 1)} (worst {markdown.missed(exp(worst))})"


if __name__ == "__main__":
    main()
