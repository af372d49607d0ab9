"""The figures of a run, as the report and the plot show them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

OURS = "parterre"


@dataclass(frozen=True)
class Cell:
    """One engine at one workload in one format."""

    rates: list[float]  # tokens/s, one a round
    allowed: list[float]  # tokens/s that the machine allowed at each one's moment; empty where that was not measured

    @property
    def median(self) -> float:
        return statistics.median(self.rates)

    @property
    def share(self) -> float | None:
        """The median of what each run reached of what the machine allowed it."""
        pairs = list(zip(self.rates, self.allowed, strict=True)) if self.allowed else []
        return statistics.median(rate / allowed for rate, allowed in pairs) if pairs else None

    @property
    def low(self) -> float:
        return min(self.rates)

    @property
    def high(self) -> float:
        return max(self.rates)


class Figures:
    """What the lines of the raw data say together."""

    def __init__(self, lines: list[dict]) -> None:
        self.lines = lines
        self.run = self.of("run")[0]
        self.engines = self._all("engines")
        self.workloads = self._all("workloads")
        runs: dict[tuple[str, str, str], list[dict]] = {}
        for line in self.of("timing"):
            runs.setdefault((line["format"], line["workload"], line["engine"]), []).append(line)
        self.cells = {key: cell(lines) for key, lines in runs.items()}
        self.formats = [format for format in self._all("formats") if any(key[0] == format for key in self.cells)]

    def _all(self, name: str) -> list[str]:
        """What any part of the run was asked for, in the order of the first that was."""
        return list(dict.fromkeys(item for run in self.of("run") for item in run[name]))

    def of(self, kind: str) -> list[dict]:
        return [line for line in self.lines if line["record"] == kind]

    def best_peer(self, format: str, workload: str) -> tuple[str, Cell] | None:
        """The peer with the highest median."""
        peers = [
            (engine, self.cells[format, workload, engine])
            for engine in self.engines
            if engine != OURS and (format, workload, engine) in self.cells
        ]
        return max(peers, key=lambda peer: peer[1].median, default=None)

    def ratio(self, format: str, workload: str) -> float | None:
        """Parterre's median over the best peer's."""
        ours, best = self.cells.get((format, workload, OURS)), self.best_peer(format, workload)
        return ours.median / best[1].median if ours and best else None

    def best_share(self, format: str, workload: str) -> tuple[str, float] | None:
        """The peer that reached most of what the machine allowed it, and how much that was."""
        shares = [
            (engine, found.share)
            for engine in self.engines
            if engine != OURS and (found := self.cells.get((format, workload, engine))) and found.share
        ]
        return max(shares, key=lambda peer: peer[1], default=None)

    def even_ratio(self, format: str, workload: str) -> float | None:
        """Parterre's share of what the machine allowed it over the best peer's."""
        ours, best = self.cells.get((format, workload, OURS)), self.best_share(format, workload)
        return ours.share / best[1] if ours and ours.share and best else None

    def bound(self, format: str, workload: str) -> float | None:
        """What the machine allows, by `parterre bench`'s own measurement; the median of the rounds."""
        bounds = [
            line["bound"]
            for line in self.of("timing")
            if line["format"] == format and line["workload"] == workload and line.get("bound")
        ]
        return statistics.median(bounds) if bounds else None

    def missing(self, format: str, workload: str, engine: str) -> str | None:
        """Why there is no cell."""
        for line in self.of("missing"):
            if line["engine"] == engine and line["format"] in (None, format) and line["workload"] in (None, workload):
                return line["reason"]
        return None

    def same_tokens(self) -> list[tuple[str, str, int, int]]:
        """Engine, format, tokens equal to those of the reference, tokens; transformers in float32 is the reference."""
        tokens = {(line["engine"], line["format"]): line["tokens"] for line in self.of("tokens")}
        reference = tokens.get(("transformers", "f32"))
        if reference is None:
            return []
        return [
            (
                engine,
                format,
                sum(
                    a == b
                    for mine, theirs in zip(rows, reference, strict=True)
                    for a, b in zip(mine, theirs, strict=True)
                ),
                sum(map(len, reference)),
            )
            for (engine, format), rows in tokens.items()
        ]


def cell(lines: list[dict]) -> Cell:
    """Of the timed runs of one engine at one workload in one format."""
    allowed = [line["allowed"] for line in lines if "allowed" in line]
    return Cell([line["tokens_per_second"] for line in lines], allowed if len(allowed) == len(lines) else [])
