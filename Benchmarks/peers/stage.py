"""Who is on the machine: engines are loaded when their turn comes and leave when another needs the memory."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from peers import machine
from peers.child import Child, Failed
from peers.engines import ENGINES
from peers.engines.base import Limits
from peers.formats import Format, Models
from peers.models import ConversionFailed, Preparation
from peers.record import Record
from peers.venvs import Environments

RESERVE = 2 << 30  # bytes that stay free


@dataclass(frozen=True)
class Place:
    """Where things are and what all engines share."""

    environments: Environments
    preparation: Preparation
    models: Models
    workloads: Path
    logs: Path
    threads: int
    settings: dict[str, str]  # environment variables for the engines' processes
    unavailable: dict[str, str]  # engine → why it could not be installed

    def child(self, engine: str, format: Format) -> Child:
        """A new process of the engine, which has loaded nothing. Its files are in the page cache."""
        if reason := self.unavailable.get(engine):
            raise Failed(reason)
        if format not in ENGINES[engine].formats:
            raise Failed(f"has no {format} weights for BLOOM")
        try:
            machine.read_into_page_cache(self.preparation.prepare(engine, format))
        except ConversionFailed as failure:
            raise Failed(str(failure)) from None
        return Child(engine, self.environments, self.logs / f"{engine}.log", self.threads, self.settings)


class Stage:
    """The engines of one format. At most one of them runs at any time; the others stand still, or are not there."""

    def __init__(self, place: Place, format: Format, limits: Limits, record: Record) -> None:
        self.place = place
        self.format = format
        self.limits = limits
        self.record = record
        self.loaded: dict[str, Child] = {}
        self.load_seconds: dict[str, float] = {}
        self.peaks: dict[str, int] = {}  # engine → bytes

    def engine(self, name: str) -> Child:
        """The engine, loaded. Raises Failed when it is not to be had."""
        self._make_room(name)
        if name not in self.loaded:
            self._load(name)
        return self.loaded[name]

    def drop(self, name: str) -> None:
        if child := self.loaded.pop(name, None):
            self.peaks[name] = max(self.peaks.get(name, 0), child.peak_memory())
            child.close()

    def clear(self) -> None:
        for name in list(self.loaded):
            self.drop(name)

    def _load(self, name: str) -> None:
        began = time.monotonic()
        child = self.place.child(name, self.format)
        try:
            about = child.ask(
                op="load",
                models=str(self.place.models.folder),
                format=self.format,
                limits=asdict(self.limits),
                workloads=str(self.place.workloads),
            )
        except Failed:
            child.close()
            raise
        self.loaded[name] = child
        if name not in self.load_seconds:
            self.record.add("engine", engine=name, format=self.format, **about)
            print(f"  {name} is ready: {about['version']}", flush=True)
        self.load_seconds[name] = time.monotonic() - began

    def _make_room(self, name: str) -> None:
        """Ends engines that stand still, those that load fastest first, until there is memory for this one's turn."""
        needed = RESERVE + self.limits.cached_tokens * self.place.preparation.shape.cached_numbers * 4
        if name not in self.loaded:
            needed += 2 * self.place.preparation.shape.weight_bytes(self.format)
        for other in sorted(self.loaded, key=lambda other: self.load_seconds[other]):
            if machine.memory("MemAvailable") >= needed:
                return
            if other != name:
                self.drop(other)
