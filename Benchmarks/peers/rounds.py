"""The timed work: round by round, engine by engine, workload by workload: a machine's drift hits all alike."""

from __future__ import annotations

import statistics
import time

from peers import machine, roof
from peers.child import Child, Failed
from peers.engines.base import Limits
from peers.formats import Format
from peers.options import Options
from peers.record import Record
from peers.stage import Place, Stage
from peers.workloads import Workload

OURS = "parterre"
CHECKED_TOKENS = 16
Rates = dict[str, dict[str, list[float]]]  # workload → engine → tokens/s, one a round
STEP_TOKENS = 4096
ROWS_AT_ONCE = 32
SPARE = 256  # positions of a row: blocks that are not full, and tokens written while other rows are still read


class Rounds:
    """All timed runs of one invocation."""

    def __init__(self, options: Options, place: Place, workloads: list[Workload], record: Record) -> None:
        self.options = options
        self.place = place
        self.record = record
        self.gauge = roof.Gauge(options.threads)
        self.noted: set[tuple[str, str, str | None]] = set()
        self.short = [workload for workload in workloads if workload.kind != "long"]
        self.long = [workload for workload in workloads if workload.kind == "long"]

    def run(self) -> None:
        for format in self.options.formats:
            if self.short:
                self._format(format)
            if self.long and format in self.options.long_formats:
                self._long(format)

    def _format(self, format: Format) -> None:
        print(f"{format}:", flush=True)
        stage = Stage(self.place, format, limits(self.short, self.options), self.record)
        rates: Rates = {workload.name: {} for workload in self.short}
        for name in self.options.working:
            self._warm_up(stage, name)
        # Who may do the mix is known once all have decoded.
        mixed = [workload for workload in self.short if workload.kind == "mixed"]
        parts = [[workload for workload in self.short if workload.kind != "mixed"], mixed]
        for round in range(1, self.options.rounds + 1):
            for part in parts:
                self._part(stage, part, round, rates)
        stage.clear()
        for name, peak in stage.peaks.items():
            self.record.add("memory", engine=name, format=format, peak_bytes=peak)

    def _part(self, stage: Stage, workloads: list[Workload], round: int, rates: Rates) -> None:
        """Each engine does all of these in a row: where memory holds only few engines, it is loaded once for them."""
        contenders = {workload.name: self._contenders(stage, workload, rates) for workload in workloads}
        for name in self.options.working:
            for workload in workloads:
                if name in contenders[workload.name] and (rate := self._timed(stage, name, workload, round)):
                    rates[workload.name].setdefault(name, []).append(rate)

    def _contenders(self, stage: Stage, workload: Workload, rates: Rates) -> list[str]:
        """Parterre, the peers near enough to the best peer at this workload, and those that were not timed yet.

        A mix is prefill and decoding: a peer far behind at the largest batch would take very long, and is left out.
        """
        failed = {name for format, name, what in self.noted if format == stage.format and what in (None, workload.name)}
        names = [name for name in self.options.working if name not in failed]
        batches = [other for other in self.short if other.kind == "decode"]
        if workload.kind == "mixed" and batches and not rates[workload.name]:  # decided once, in round 1
            at_batch = self._near_best(names, rates[batches[-1].name])
            for name in set(names) - set(at_batch):
                reason = f"not timed: below {self.options.keep_above:.0%} of the best peer at {batches[-1].name}"
                self._missing(stage, name, workload, reason)
            names = at_batch
        return self._near_best(names, rates[workload.name])

    def _near_best(self, names: list[str], rates: dict[str, list[float]]) -> list[str]:
        medians = {name: statistics.median(rates[name]) for name in names if name in rates}
        best = max((median for name, median in medians.items() if name != OURS), default=0)
        return [name for name in names if name == OURS or medians.get(name, best) >= self.options.keep_above * best]

    def _warm_up(self, stage: Stage, name: str) -> None:
        """The first tokens of a few rows, untimed; they also show whether the engine computes the same model."""
        try:
            tokens = self._greedy(stage.engine(name))
            self.record.add("tokens", engine=name, format=stage.format, tokens=tokens)
        except Failed as failure:
            stage.drop(name)
            self._missing(stage, name, None, str(failure))

    def _greedy(self, child: Child) -> list[list[int]]:
        rows = next((workload for workload in reversed(self.short) if workload.kind == "decode"), self.short[0])
        return child.ask(op="greedy", workload=rows.name, count=CHECKED_TOKENS)["tokens"]

    def _missing(self, stage: Stage, name: str, workload: Workload | None, reason: str) -> None:
        """Notes it once. Without a workload the engine is out for the whole format."""
        what = workload.name if workload else None
        if (stage.format, name, what) not in self.noted:
            self.noted.add((stage.format, name, what))
            self.record.add("missing", engine=name, format=stage.format, workload=what, reason=reason)
            print(f"  {stage.format} {what or 'all workloads'}: {name}: {reason}", flush=True)

    def _timed(self, stage: Stage, name: str, workload: Workload, round: int) -> float | None:
        """One run that counts, the least disturbed of a few; tokens/s."""
        runs = []
        try:
            fresh = name not in stage.loaded
            child = stage.engine(name)
            if fresh:  # it had to leave for another's memory
                self._greedy(child)
            for attempt in range(1, self.options.tries + 1):
                before = self.gauge.now()
                watch = machine.Watch(child.session)
                answer = child.ask(op="run", workload=workload.name)
                runs.append((watch.foreign_share(), self.gauge.since(before), answer))
                if runs[-1][0] <= self.options.max_foreign:
                    break
                if attempt < self.options.tries:
                    machine.wait_for_quiet(self.options.max_foreign)
        except Failed as failure:
            stage.drop(name)
            if not runs:
                self._missing(stage, name, workload, str(failure))
                return None
        foreign, limits, answer = min(runs, key=lambda run: run[0])
        self._keep(stage, name, workload, round, answer, answer["seconds"][0], foreign, limits, len(runs))
        return workload.counted_tokens / answer["seconds"][0]

    def _long(self, format: Format) -> None:
        """Each engine alone: its cache fills the memory. Reading takes minutes, so the windows follow each other."""
        workload = self.long[0]
        stage = Stage(self.place, format, limits(self.long, self.options), self.record)
        for name in self.options.working:
            try:
                child = stage.engine(name)
                watch = machine.Watch(child.session)
                answer = child.ask(op="run", workload=workload.name, windows=self.options.rounds)
                foreign = watch.foreign_share()
                stage.clear()  # measuring needs room, and the windows were the last that ran
                after = self.gauge.now()
                for window, seconds in enumerate(answer["seconds"], 1):
                    self._keep(stage, name, workload, window, answer, seconds, foreign, after, 1)
            except Failed as failure:
                self._missing(stage, name, workload, str(failure))
            stage.clear()

    def _keep(
        self,
        stage: Stage,
        name: str,
        workload: Workload,
        round: int,
        answer: dict,
        seconds: float,
        foreign: float,
        limits: roof.Roof | None,
        tries: int,
    ) -> None:
        rate = workload.counted_tokens / seconds
        more = {key: value for key, value in answer.items() if key != "seconds"}
        if limits:
            allowed = roof.allowed(limits, self.options.shape, stage.format, workload)
            more |= {"machine": limits, "allowed": allowed}
        self.record.add(
            "timing",
            engine=name,
            format=stage.format,
            workload=workload.name,
            round=round,
            seconds=seconds,
            tokens_per_second=rate,
            foreign_share=float(f"{foreign:.3f}"),
            tries=tries,
            at=time.strftime("%H:%M:%S"),
            **more,
        )
        disturbed = f", others used {foreign:.0%}" if foreign > self.options.max_foreign else ""
        print(f"  {stage.format} round {round} {workload.name}: {name} {rate:.1f} tokens/s{disturbed}", flush=True)


def limits(workloads: list[Workload], options: Options) -> Limits:
    """What these workloads need: rows, positions of a row and positions of all rows that are there at once."""
    sizes = [
        [len(prompt) + output for prompt, output in zip(workload.prompts, workload.outputs, strict=True)]
        for workload in workloads
    ]
    rows = max(min(len(of_one), ROWS_AT_ONCE) for of_one in sizes)
    together = max(sum(sorted(of_one, reverse=True)[:ROWS_AT_ONCE]) for of_one in sizes)
    return Limits(
        threads=options.threads,
        batch=rows,
        step_tokens=STEP_TOKENS,
        cached_tokens=together + rows * SPARE,
        context=max(map(max, sizes)) + SPARE,
        cached_numbers=options.shape.cached_numbers,
    )
