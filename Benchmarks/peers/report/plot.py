"""The plot: a panel for each format and workload, a bar for each engine, lines from the slowest to the fastest run."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "parterre"  # the same data give the same file
matplotlib.rcParams["font.size"] = 8

import matplotlib.pyplot as plt  # noqa: E402

from peers.report.figures import OURS, Figures  # noqa: E402

PEER_COLOURS = ("#b3b3b3", "#9db4c0", "#c9b79c", "#a8b5a2", "#bba6b8", "#a3a3c2")
OUR_COLOUR = "#1b7837"


def plot(figures: Figures, path: Path) -> None:
    workloads = [name for name in figures.workloads if any(key[1] == name for key in figures.cells)]
    peers = [engine for engine in figures.engines if engine != OURS]
    colours = dict(zip(peers, PEER_COLOURS, strict=False)) | {OURS: OUR_COLOUR}
    size = (2.1 * len(workloads), 1.9 * len(figures.formats) + 0.6)
    figure, axes = plt.subplots(len(figures.formats), len(workloads), figsize=size, squeeze=False, sharey="row")
    for row, format in zip(axes, figures.formats, strict=True):
        for panel, workload in zip(row, workloads, strict=True):
            for place, engine in enumerate(reversed(figures.engines)):
                if cell := figures.cells.get((format, workload, engine)):
                    reach = [[cell.median - cell.low], [cell.high - cell.median]]
                    panel.barh(place, cell.median, color=colours[engine], xerr=reach, error_kw={"linewidth": 0.8})
                    panel.text(cell.median, place, f" {cell.median:.0f}", va="center", fontsize=7)
            panel.set_yticks(range(len(figures.engines)), list(reversed(figures.engines)))
            panel.margins(x=0.28)
            panel.set_xlim(left=0)
            panel.spines[["top", "right"]].set_visible(False)
            if ratio := figures.ratio(format, workload):
                panel.set_title(f"{workload}: {ratio:.2f}×", fontsize=8)
            else:
                panel.set_title(workload, fontsize=8)
        row[0].set_ylabel(format, fontsize=10, fontweight="bold")
    figure.suptitle("tokens/s, median of the rounds; × is Parterre over the best peer")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
