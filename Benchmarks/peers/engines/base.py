"""What a driver must do. A driver runs in its engine's own virtual environment and is alone in its process."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
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
    cached_numbers: int  # keys and values of one position

    def cache_bytes(self, width: int) -> int:
        """What all positions take, at so many bytes a number."""
        return self.cached_tokens * self.cached_numbers * width


@dataclass(frozen=True)
class Timing:
    """What a timed run gave."""

    seconds: list[float]  # one number, or one for each window of steps
    tokens: list[list[int]] = field(default_factory=list)  # as written, one list per prompt
    more: dict[str, object] = field(default_factory=dict)  # what else the engine says of the run


class Engine(ABC):
    """A driver. Everything is computed greedily, past the end-of-text token, without reuse of prefixes."""

    began: float | None = None
    """When the engine's own process began, if that is not the driver's (seconds as of time.time)."""

    @abstractmethod
    def load(self, models: Models, format: Format, limits: Limits) -> None: ...

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """`version` and `settings` in force, for the report."""

    @abstractmethod
    def prefill(self, prompt: list[int]) -> Timing:
        """The time until the token after the prompt is known."""

    @abstractmethod
    def decode(self, prompts: list[list[int]], steps: int, windows: int = 1) -> Timing:
        """The time of `steps` steps in which every row writes one token, after each has written its first.

        With more windows, so many times `steps` steps follow each other, each window timed by itself.
        """

    @abstractmethod
    def mixed(self, prompts: list[list[int]], outputs: list[int]) -> Timing:
        """The time in which each prompt gets its own number of tokens, all requests being there at the start."""

    def long(self, prompts: list[list[int]], steps: int, windows: int) -> Timing:
        """As `decode`, where the prompts are so long that an engine may need another way to fill its cache."""
        return self.decode(prompts, steps, windows)

    def greedy(self, prompts: list[list[int]], count: int) -> list[list[int]]:
        """The first tokens of each row, to see that the engines compute the same model."""
        return self.decode(prompts, count - 1).tokens

    def run(self, workload: Workload, windows: int) -> Timing:
        match workload.kind:
            case "prefill":
                return self.prefill(workload.prompts[0])
            case "decode":
                return self.decode(workload.prompts, workload.outputs[0])
            case "mixed":
                return self.mixed(workload.prompts, workload.outputs)
            case "long":
                return self.long(workload.prompts, workload.outputs[0], windows)
            case kind:
                raise NotAvailable(f"no workload of the kind {kind}")


class Stopwatch:
    """Seconds since it was made, or since the last restart."""

    def __init__(self) -> None:
        self.start = time.perf_counter()

    def restart(self) -> float:
        """The seconds so far; counts from 0 again."""
        seconds = self.seconds
        self.start = time.perf_counter()
        return seconds

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.start


def step_windows(step: Callable[[], None], steps: int, windows: int) -> list[float]:
    """Calls `step` windows × steps times; the seconds of each window."""
    watch, seconds = Stopwatch(), []
    for _ in range(windows):
        for _ in range(steps):
            step()
        seconds.append(watch.restart())
    return seconds


def check_count(written: int, wanted: int) -> None:
    """A window counts only if every row wrote one token in each of its steps."""
    if written != wanted:
        raise RuntimeError(f"{written} tokens were written in steps that should have written {wanted}")
