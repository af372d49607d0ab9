"""python -m peers.report RAW.jsonl: writes RAW.md and RAW.svg beside it."""

from __future__ import annotations

import sys
from pathlib import Path

from peers import record
from peers.report.figures import Figures
from peers.report.markdown import markdown
from peers.report.plot import plot

if __name__ == "__main__":
    raw = Path(sys.argv[1])
    figures = Figures(record.read(raw))
    picture, text = raw.with_suffix(".svg"), raw.with_suffix(".md")
    if figures.cells:
        plot(figures, picture)
    text.write_text(markdown(figures, picture.name, raw.name))
    print(f"wrote {text} and {picture}")
