"""The learning rate as a function of progress in 0...1, and progress for a run that must end at a fixed time."""

from __future__ import annotations

import statistics
import time
from collections import deque


def rate_factor(progress: float, step: int, warmup_steps: int = 60, flat_until: float = 0.35) -> float:
    """Linear warm-up over the first steps, flat, then linear to (nearly) zero at progress 1."""
    warmup = min(1.0, (step + 1) / warmup_steps)
    decay = 1.0 if progress < flat_until else max(0.02, (1 - progress) / (1 - flat_until))
    return warmup * decay


class StepProgress:
    """Progress by a fixed number of steps."""

    def __init__(self, steps: int, done: int = 0):
        self.steps, self.done = steps, done

    @property
    def value(self) -> float:
        return self.done / self.steps

    @property
    def finished(self) -> bool:
        return self.done >= self.steps

    def advance(self) -> None:
        self.done += 1


class DeadlineProgress:
    """Progress of work towards a wall-clock deadline.

    Each step takes its share of what remains: (1 − progress) × typical step time / time left. A stopped process (SIGSTOP)
    makes no progress and takes larger strides later; a slow-down makes each step count more. Whatever happens, the
    rate has come down to zero at the deadline.
    """

    def __init__(self, deadline: float, value: float = 0.0):
        self.deadline, self.value = deadline, value
        self.durations: deque[float] = deque(maxlen=15)
        self.last = time.time()

    @property
    def finished(self) -> bool:
        typical = statistics.median(self.durations) if self.durations else 0.0
        return time.time() + typical > self.deadline

    def advance(self) -> None:
        now = time.time()
        self.durations.append(now - self.last)
        self.last = now
        typical = statistics.median(self.durations)
        left = max(self.deadline - now, typical)
        self.value += (1 - self.value) * min(1.0, typical / (left + typical))

    def pause(self) -> None:
        """What happened since the last step (a checkpoint, an evaluation) is not a step."""
        self.last = time.time()
