"""Prepares, times, reports: `run --help` lists the options."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from peers import machine, record, roof
from peers.child import child_environment
from peers.engines import ENGINES
from peers.formats import Models
from peers.models import ConversionFailed, Preparation
from peers.options import REPOSITORY, Options, parse
from peers.rounds import Rounds
from peers.stage import Place
from peers.starts import Starts
from peers.venvs import Environments, InstallFailed
from peers.workloads import Workload, make_workloads, write_workloads


def main() -> None:
    options = parse()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    environments = Environments(options.folder / "venvs")
    try:
        environments.install("base")
    except InstallFailed as failure:
        sys.exit(f"nothing can run: {failure}")
    if options.render:
        render(environments, options.render)
        return
    place = prepare(options, environments)
    if options.prepare_only:
        return
    try:
        roof.measure(options.threads)
    except roof.NoLimits as reason:
        sys.exit(f"nothing can be timed: {reason}")
    workloads = choose(options)
    write_workloads(place.workloads, workloads)
    raw = record.Record(
        options.reports / f"{options.name or time.strftime('%Y-%m-%d') + '-peers'}.jsonl", options.append
    )
    began = time.monotonic()
    raw.add("run", **description(options, workloads))
    for engine, reason in place.unavailable.items():
        raw.add("missing", engine=engine, format=None, workload=None, reason=reason)
    Starts(options, place, workloads[0].prompts[0], raw).run()
    Rounds(options, place, workloads, raw).run()
    raw.add("end", seconds=time.monotonic() - began)
    print(f"timed for {(time.monotonic() - began) / 60:.0f} minutes", flush=True)
    render(environments, raw.path)


def prepare(options: Options, environments: Environments) -> Place:
    """Everything that is made once: environments, checkpoint, conversions."""
    unavailable: dict[str, str] = {}
    for engine in options.engines:
        try:
            environments.install(ENGINES[engine].environment)
        except InstallFailed as failure:
            unavailable[engine] = str(failure)
            print(f"{engine} is not available: {failure}", flush=True)
    folder = options.folder.resolve()
    models = Models(folder / f"{options.shape.name}-seed{options.seed}")
    preparation = Preparation(models, environments, options.shape, options.seed, options.threads)
    for engine in options.engines:
        for format in options.start_formats if ENGINES[engine].starts_only else options.formats:
            try:
                if engine not in unavailable and format in ENGINES[engine].formats:
                    preparation.prepare(engine, format)
            except ConversionFailed as failure:
                print(f"{engine} {format}: {failure}", flush=True)
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    settings = {
        "PARTERRE": str(Path(os.environ["PARTERRE"]).resolve()),
        "VLLM_CACHE_ROOT": str(folder / "cache" / "vllm"),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "cache" / "inductor"),
    }
    workloads = folder / "workloads.json"
    return Place(environments, preparation, models, workloads, logs, options.threads, settings, unavailable)


def choose(options: Options) -> list[Workload]:
    workloads = make_workloads(options.seed, options.lengths, options.shape.vocabulary)
    names = [workload.name for workload in workloads]
    for name in options.workloads or []:
        if name not in names:
            sys.exit(f"there is no workload {name}: choose from {', '.join(names)}")
    return [workload for workload in workloads if not options.workloads or workload.name in options.workloads]


def description(options: Options, workloads: list[Workload]) -> dict:
    commit = subprocess.run(
        ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--abbrev=10"], capture_output=True, text=True
    )
    return {
        "date": time.strftime("%Y-%m-%d"),
        "time": time.strftime("%H:%M"),
        "commit": commit.stdout.strip(),
        "machine": machine.describe(),
        "shape": asdict(options.shape),
        "seed": options.seed,
        "rounds": options.rounds,
        "threads": options.threads,
        "keep_above": options.keep_above,
        "max_foreign": options.max_foreign,
        "lengths": asdict(options.lengths),
        "engines": options.working,
        "formats": options.formats,
        "workloads": [workload.name for workload in workloads],
        "command": " ".join(sys.argv[1:]),
    }


def render(environments: Environments, raw: Path) -> None:
    """Report and plot beside the raw data. matplotlib lives in the base environment."""
    python = environments.python("base")
    subprocess.run([str(python), "-m", "peers.report", str(raw)], env=child_environment(python, 1), check=True)


if __name__ == "__main__":
    main()
