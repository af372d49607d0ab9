"""Prepares, loads each server at each rate, writes the report: `run --help` lists the options."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from peers import machine

from serving import prepare, report
from serving.servers import SERVERS, NotAvailable, Running

REPOSITORY = Path(__file__).parent.parent.parent
LOAD = REPOSITORY / "Tests" / "Clients" / "load.py"
TRACE = REPOSITORY.parent / "shared" / "data" / "traces" / "AzureLLMInferenceTrace_conv.csv"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run",
        description="Loads servers with the same requests at rising rates; writes a report, a plot, raw data.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--servers", default=",".join(SERVERS), help="which ones, separated by commas")
    add("--rates", default="0.25,0.5,1,1.5", help="requests per second, separated by commas")
    add("--seconds", type=float, default=60, help="of arrivals at each rate")
    add("--trace", type=Path, default=TRACE, help="arrival times and lengths")
    add("--skip", type=int, default=0, help="begin behind that many requests of it")
    add("--prompt-scale", type=float, default=0.12)
    add("--output-scale", type=float, default=0.2)
    add("--longest-prompt", type=int, default=512)
    add("--longest-output", type=int, default=128)
    add("--batch", type=int, default=32, help="most sequences at once, for every server")
    add("--threads", type=int, default=machine.cores(), help="for every server")
    add("--format", choices=["bf16", "f32"], default="bf16", help="of weights and cache; llama.cpp's cache stays f16")
    add("--seed", type=int, default=0, help="of the checkpoint and the prompts")
    add("--tiny", action="store_true", help="a model of two layers, to try this command out")
    add("--folder", type=Path, default=REPOSITORY / ".peers" / "serving", help="environment and checkpoints (8 GB)")
    add("--reports", type=Path, default=REPOSITORY / "Benchmarks" / "reports")
    add("--name", default=time.strftime("%Y-%m-%d") + "-serving", help="of the report's files")
    add("--append", action="store_true", help="go on with the raw data of that name: a run in several parts")
    add("--prepare-only", action="store_true")
    add("--render", action="store_true", help="only write report and plot again")
    return parser.parse_args()


def main() -> None:
    options = parse()
    raw = options.reports / f"{options.name}.jsonl"
    if options.render:
        report.write(raw)
        return
    place = prepare.prepare(options)
    if options.prepare_only:
        return
    if not options.append:
        raw.unlink(missing_ok=True)
    add(raw, "run", **describe(options))
    for name in options.servers.split(","):
        try:
            measure(SERVERS[name](place), options, raw)
        except NotAvailable as failure:
            print(f"{name} is not available: {failure}", flush=True)
            add(raw, "missing", server=name, reason=str(failure))
    report.write(raw)


def measure(server: Running, options: argparse.Namespace, raw: Path) -> None:
    """Starts the server, warms it up, and loads it at each rate in turn."""
    print(f"starting {server.name}", flush=True)
    began = time.monotonic()
    with server:
        server.wait_until_ready()
        add(raw, "server", server=server.name, ready_seconds=round(time.monotonic() - began, 1), **server.describe())
        one_load(server, options, rate=2, requests=6, skip=options.skip + 5000, seed=0)  # untimed
        for rate in map(float, options.rates.split(",")):
            # Other prompts at each rate, or a prefix cache would know them.
            seed = 1 + options.seed + round(1000 * rate)
            watch = machine.Watch(server.session)
            figures = one_load(server, options, rate, round(options.seconds * rate), options.skip, seed)
            # The load generator is a child of this process and counts as ours when it has ended.
            add(raw, "load", server=server.name, rate=rate, foreign=round(watch.foreign_share(), 3), **figures)
            print(
                f"{server.name} at {rate}/s: {figures['output_tokens_per_second']} tokens/s, "
                f"ttft p50 {figures['ttft_ms'].get('p50')} ms, itl p99 {figures['itl_ms'].get('p99')} ms",
                flush=True,
            )
        add(raw, "memory", server=server.name, peak_bytes=server.peak_memory())


def one_load(server: Running, options: argparse.Namespace, rate: float, requests: int, skip: int, seed: int) -> dict:
    output = options.folder / "load.json"
    output.unlink(missing_ok=True)
    command = [sys.executable, LOAD, "--base-url", server.url, "--model", server.model, "--json", output]
    command += ["--trace", options.trace, "--skip", skip, "--rate", rate, "--requests", requests]
    command += ["--prompt-scale", options.prompt_scale, "--output-scale", options.output_scale]
    command += ["--longest-prompt", options.longest_prompt, "--longest-output", options.longest_output]
    command += ["--ids", f"300,{8_000 if options.tiny else 250_000}", "--seed", seed, "--timeout", 600]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if not output.exists():
        raise NotAvailable(f"the load failed: {done.stderr.strip()[-300:]}")
    return json.loads(output.read_text())


def describe(options: argparse.Namespace) -> dict:
    commit = subprocess.run(
        ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--abbrev=10"], capture_output=True, text=True
    )
    return {
        "date": time.strftime("%Y-%m-%d"),
        "time": time.strftime("%H:%M"),
        "commit": commit.stdout.strip(),
        "machine": machine.describe(),
        "command": " ".join(f"--{name} {getattr(options, name)}" for name in ("servers", "rates", "seconds", "format")),
        "trace": options.trace.name,
        "format": options.format,
        "batch": options.batch,
        "threads": options.threads,
        "seconds": options.seconds,
    }


def add(raw: Path, kind: str, **fields: object) -> None:
    raw.parent.mkdir(parents=True, exist_ok=True)
    with raw.open("a") as file:
        file.write(json.dumps({"kind": kind} | fields) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
