"""Start times: from the start of a process to its first token, all files being in the page cache."""

from __future__ import annotations

from dataclasses import asdict

from peers import machine
from peers.child import Failed
from peers.engines.base import Limits
from peers.formats import Format
from peers.options import Options
from peers.record import Record
from peers.stage import Place

PROMPT = 16  # tokens
ROOM = 1024  # positions: what is timed is the engine, not the making of a large cache


class Starts:
    """All timed starts: round by round, each engine in a new process that ends before the next begins."""

    def __init__(self, options: Options, place: Place, prompt: list[int], record: Record) -> None:
        self.options = options
        self.place = place
        self.prompt = prompt[:PROMPT]
        self.record = record

    def run(self) -> None:
        for format in self.options.start_formats:
            names = list(self.options.engines)
            for round in range(1, self.options.rounds + 1):
                for name in list(names):
                    try:
                        self._start(name, format, round)
                    except Failed as failure:
                        names.remove(name)
                        self.record.add("missing", engine=name, format=format, workload="start", reason=str(failure))
                        print(f"  {format} start: {name} is not available: {failure}", flush=True)

    def _start(self, name: str, format: Format, round: int) -> None:
        """The least disturbed of a few."""
        starts = []
        while len(starts) < self.options.tries:
            starts.append(self._once(name, format))
            if starts[-1]["foreign_share"] <= self.options.max_foreign:
                break
            machine.wait_for_quiet(self.options.max_foreign)
        start = min(starts, key=lambda start: start["foreign_share"])
        self.record.add("start", engine=name, format=format, round=round, tries=len(starts), **start)
        print(f"  {format} round {round} start: {name} {start['seconds']:.2f} s", flush=True)

    def _once(self, name: str, format: Format) -> dict:
        child = self.place.child(name, format)
        try:
            watch = machine.Watch(child.session)
            answer = child.ask(
                op="start",
                models=str(self.place.models.folder),
                format=format,
                limits=asdict(Limits(self.options.threads, 1, ROOM, ROOM, ROOM, self.options.shape.cached_numbers)),
                prompt=self.prompt,
            )
            return {
                "seconds": answer["ended"] - (answer["began"] or child.started),
                "peak_bytes": child.peak_memory(),
                "foreign_share": float(f"{watch.foreign_share():.3f}"),
            }
        finally:
            child.close()
