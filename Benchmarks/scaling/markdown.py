"""Markdown tables, and where they go: between `<!-- NAME -->` and `<!-- end -->` of a document."""

from __future__ import annotations

import re


def table(header: list[str], rows: list[list[str]]) -> str:
    """The first column is words, the others are numbers."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def put(document: str, name: str, text: str) -> str:
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    changed, count = pattern.subn(lambda match: f"{match[1]}{text}\n{match[2]}", document)
    if count != 1:
        raise ValueError(f"the document has {count} places for {name}, not one")
    return changed


def rate(value: float) -> str:
    """Three figures, as far as they are worth something."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:.1f}"


def percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def missed(ratio: float) -> str:
    """How far a prediction is off."""
    return f"{(ratio - 1) * 100:+.0f} %"
