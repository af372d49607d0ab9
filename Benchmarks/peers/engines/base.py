"""What a driver must do. A driver runs in its engine's own virtual environment and is alone in its process."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from peers.formats import Format, Models
from peers.workloads import Workload


class NotAvailable(Exception):
    """The engine cannot do this here; the message says why, and the report repeats it."""


@dataclass(frozen=True)
class Limits:
    """What the engine may use, the same for all."""

    threads: int
    batch: int  # sequences at once
    step_tokens: int  # tokens that one step may read
    cached_tokens: int  # positions of all sequences together
    context: int  # positions of one sequence


@dataclass(frozen=True)
class Timing:
    """One timed run."""

    seconds: float
    tokens: list[list[int]] = field(default_factory=list)  # as written, one list per prompt; to compare engines with


class Engine(ABC):
    """The interface of a driver. Every method computes greedily, past the end-of-text token, without reuse of prefixes."""

    formats: tuple[Format, ...]

    @abstractmethod
    def load(self, models: Models, format: Format, limits: Limits) -> None: ...

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """Versions and settings in force, for the report."""

    @abstractmethod
    def prefill(self, prompt: list[int]) -> Timing:
        """The time until the token after the prompt is known."""

    @abstractmethod
    def decode(self, prompts: list[list[int]], steps: int) -> Timing:
        """The time of `steps` steps in which every row writes one token, after each has written its first."""

    @abstractmethod
    def mixed(self, prompts: list[list[int]], outputs: list[int]) -> Timing:
        """The time in which each prompt gets its own number of tokens, all requests being there at the start."""

    def long(self, prompts: list[list[int]], steps: int) -> Timing:
        """As `decode`, where the prompts are long enough to need another way to read them."""
        return self.decode(prompts, steps)

    def run(self, workload: Workload) -> Timing:
        match workload.kind:
            case "prefill":
                return self.prefill(workload.prompts[0])
            case "decode":
                return self.decode(workload.prompts, workload.outputs[0])
            case "mixed":
                return self.mixed(workload.prompts, workload.outputs)
            case "long":
                return self.long(workload.prompts, workload.outputs[0])
            case kind:
                raise NotAvailable(f"no workload of the kind {kind}")


class Stopwatch:
    """Seconds since it was made, or since the last restart."""

    def __init__(self) -> None:
        self.start = time.perf_counter()

    def restart(self) -> None:
        self.start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start
