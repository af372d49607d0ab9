"""Finds the parameters that miss the measurements least."""

from __future__ import annotations

from collections.abc import Callable
from math import log

from scaling.measured import Measurement
from scaling.parameters import FormatParameters, Parameters

# Beyond these a number would no longer mean what its name says.
BOUNDS = {
    "read": (0.5, 1.0),
    "peak": (0.05, 0.95),
    "tile": (0.05, 30.0),
    "attention_peak": (0.02, 1.0),
    "row": (1.0, 2000.0),
    "overlap": (1.0, 8.0),
}


def fit(measurements: list[Measurement]) -> Parameters:
    """Least squares of the logarithms: 5% too fast counts as much as 5% too slow, in every workload alike."""
    formats = sorted({measurement.step.format.name for measurement in measurements})
    p = Parameters({name: FormatParameters() for name in formats})
    return descend(p, lambda p: sum(log(m.ratio(p)) ** 2 for m in measurements))


def descend(p: Parameters, miss: Callable[[Parameters], float]) -> Parameters:
    """One number after another a step up or down, with steps that become finer when none helps."""
    best, factor = miss(p), 1.5
    while factor > 1.001:
        before = best
        for name in p.names:
            low, high = BOUNDS[name[-1]]
            for step in (factor, 1 / factor):
                candidate = p.with_value(name, min(high, max(low, p.value(name) * step)))
                if (missed := miss(candidate)) < best:
                    p, best = candidate, missed
                    break
        if best > before * (1 - 1e-3):
            factor = factor**0.5
    return p
