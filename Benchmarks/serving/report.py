"""The report: tables in Markdown and a plot, from the raw data."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "parterre"  # the same data give the same file
matplotlib.rcParams["font.size"] = 8

import matplotlib.pyplot as plt  # noqa: E402

COLOURS = {"parterre": "#1b7837", "parterre-unbounded": "#7fbf7b", "llama.cpp": "#8c6d31", "vllm": "#54758f"}
PANELS = (
    ("output tokens/s", lambda load: load["output_tokens_per_second"]),
    ("first token, p50, ms", lambda load: load["ttft_ms"].get("p50")),
    ("first token, p95, ms", lambda load: load["ttft_ms"].get("p95")),
    ("between tokens, p50, ms", lambda load: load["itl_ms"].get("p50")),
    ("between tokens, p99, ms", lambda load: load["itl_ms"].get("p99")),
)
COLUMNS = (
    "rate",
    "answered",
    "out tok/s",
    "ttft p50",
    "p95",
    "p99",
    "itl p50",
    "p95",
    "p99",
    "e2e p50",
    "p99",
    "others",
)


def write(raw: Path) -> None:
    lines = [json.loads(line) for line in raw.read_text().splitlines()]
    loads = [line for line in lines if line["kind"] == "load"]
    if not loads:
        print("there is nothing to report")
        return
    picture = raw.with_suffix(".svg")
    plot(loads, picture)
    raw.with_suffix(".md").write_text(markdown(lines, loads, raw.name, picture.name))
    print(f"wrote {raw.with_suffix('.md')}")


def names(loads: list[dict]) -> list[str]:
    return list(dict.fromkeys(load["server"] for load in loads))


def plot(loads: list[dict], path: Path) -> None:
    figure, axes = plt.subplots(1, len(PANELS), figsize=(2.5 * len(PANELS), 2.4))
    for panel, (title, value) in zip(axes, PANELS, strict=True):
        for name in names(loads):
            points = [(load["rate"], value(load)) for load in loads if load["server"] == name]
            rates, values = zip(*sorted(points), strict=True)
            panel.plot(rates, values, marker="o", markersize=3, label=name, color=COLOURS.get(name))
        panel.set_title(title, fontsize=8)
        panel.set_xlabel("requests/s")
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylim(bottom=0)
    for panel in axes[1:]:
        panel.set_yscale("log")
    axes[0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def markdown(lines: list[dict], loads: list[dict], raw: str, picture: str) -> str:
    run = lines[0]
    settings = loads[0]["settings"]
    parts = [
        f"# Servers under load, BLOOM-560m with random weights in {run.get('format', 'bf16')}, {run['date']}",
        "Each server is loaded with the same requests over HTTP (`Tests/Clients/load.py`): arrival times and lengths "
        f"of `{run['trace']}`, stretched to each rate, prompts × {settings['prompt_scale']} (at most "
        f"{settings['longest_prompt']} tokens), outputs × {settings['output_scale']} (at most "
        f"{settings['longest_output']}), greedy, streamed, no end token, no prompt like another. At most "
        f"{run['batch']} sequences at once, {run['threads']} threads; the load generator runs on the same cores. "
        f"Arrivals go on for {run['seconds']:.0f} s at each rate; a rate is past what a server can do where its first "
        "tokens come late.",
        *(line["text"] for line in lines if line["kind"] == "note"),
        f"![throughput and latency by rate]({picture})",
        "Times in ms: until the first token, counted from when the trace wanted the request (ttft); between two events "
        "of an answer (itl); the whole answer (e2e). `others`: the share of the machine that other programs took "
        "meanwhile.",
    ]
    for name in names(loads):
        parts += [
            f"## {name}",
            grid(
                COLUMNS, [row(load) for load in sorted(loads, key=lambda load: load["rate"]) if load["server"] == name]
            ),
        ]
    parts += [
        "## Versions and settings",
        grid(*versions(lines)),
        "## Machine",
        grid(("", ""), machine_rows(run, lines)),
    ]
    missing = [line for line in lines if line["kind"] == "missing"]
    if missing:
        parts.append("\n".join(f"- {line['server']} was not available: {line['reason']}" for line in missing))
    parts.append(f"Raw data, one JSON object a line: [{raw}]({raw}).")
    return "\n\n".join(parts) + "\n"


def row(load: dict) -> list[str]:
    def times(name: str, *which: str) -> list[str]:
        return [f"{load[name][key]:.0f}" if key in load[name] else "–" for key in which]

    return [
        f"{load['rate']:g}",
        f"{load['answered']} of {load['requests']}",
        f"{load['output_tokens_per_second']:.0f}",
        *times("ttft_ms", "p50", "p95", "p99"),
        *times("itl_ms", "p50", "p95", "p99"),
        *times("e2e_ms", "p50", "p99"),
        f"{load['foreign']:.0%}",
    ]


def versions(lines: list[dict]) -> tuple[tuple[str, ...], list[list[str]]]:
    peaks = {line["server"]: line["peak_bytes"] for line in lines if line["kind"] == "memory"}
    rows = []
    for line in lines:
        if line["kind"] == "server":
            peak = f"{peaks[line['server']] / 2**30:.2f} GiB" if line["server"] in peaks else "–"
            rows.append([line["server"], line["version"], line["settings"], f"{line['ready_seconds']:.1f} s", peak])
    return ("server", "version", "settings", "ready after", "peak memory"), rows


def machine_rows(run: dict, lines: list[dict]) -> list[list[str]]:
    commands = [line["command"] for line in lines if line["kind"] == "run"]
    return [
        *([name, value] for name, value in run["machine"].items()),
        ["date", f"{run['date']} {run['time']}"],
        ["Parterre", f"commit {run['commit']}"],
        ["command", "; ".join(f"`Benchmarks/serving/run {command}`".replace(" `", "`") for command in commands)],
    ]


def grid(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [head, ["---:" if 0 < len(head) == len(COLUMNS) else "---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
