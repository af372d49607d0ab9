"""The report, in Markdown."""

from __future__ import annotations

import statistics
import textwrap

from peers.report.figures import OURS, Figures


def markdown(figures: Figures, plot: str, raw: str) -> str:
    run = figures.run
    parts = [
        f"# Parterre beside other engines, {run['shape']['name']} with random weights, {run['date']}",
        introduction(figures),
        f"![tokens per second, each engine at each workload]({plot})",
        ratios(figures),
        shares(figures),
        *(table(figures, format) for format in figures.formats),
        starts(figures),
        memory(figures),
        checks(figures),
        engines(figures),
        missing(figures),
        f"Raw data, one JSON object a line: [{raw}]({raw}).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def introduction(figures: Figures) -> str:
    run, lengths = figures.run, figures.run["lengths"]
    ends = figures.of("end")
    minutes = f"{sum(end['seconds'] for end in ends) / 60:.0f} minutes"
    if len(ends) < len(figures.of("run")):
        minutes = "not run to its end"
    rows = [[name, value] for name, value in run["machine"].items()]
    rows += [
        ["threads", f"{run['threads']} for each engine"],
        ["date", f"{run['date']} {run['time']}, {minutes}"],
        ["Parterre", f"commit {run['commit']}"],
        [
            "command",
            "; ".join(f"`Benchmarks/peers/run {part['command']}`".replace(" `", "`") for part in figures.of("run")),
        ],
    ]
    timings = figures.of("timing")
    disturbed = [line for line in timings if line["foreign_share"] > run["max_foreign"]]
    about = (
        f"One random checkpoint (seed {run['seed']}), the same number of tokens for all engines, greedy, end tokens "
        f"ignored, no reuse of prefixes. In each of {run['rounds']} rounds every engine does every workload in turn; "
        "one runs at a time, the others stand still. Cells are medians of tokens/s, the slowest and the fastest run "
        f"in brackets. A peer below {run['keep_above']:.0%} of the best peer in round 1 is not timed again at that "
        "workload (no brackets), and a peer so far behind at the largest batch not at the mix."
    )
    work = [
        f"- prefill: one prompt of {lengths['prefill']} tokens, until its first token",
        f"- decode: {lengths['decode_steps']} steps behind prompts of {lengths['decode_prompt']} tokens",
        f"- mixed: {lengths['mixed_requests']} requests that are there at the start, prompts of "
        f"{dash(lengths['mixed_prompt'])} and outputs of {dash(lengths['mixed_output'])} tokens; tokens written count",
        f"- long: windows of {lengths['long_steps']} steps behind {lengths['long_context']:,} cached tokens a row",
    ]
    quiet = (
        f"{len(disturbed)} of {len(timings)} timed runs were disturbed at each try: other programs took more than "
        f"{run['max_foreign']:.0%} of the machine. The raw data tells which."
    )
    return "\n\n".join([paragraph(about), "\n".join(work), grid(["", ""], rows), paragraph(quiet)])


def ratios(figures: Figures) -> str:
    """Parterre over the best peer, workloads by formats."""

    def cell(format: str, workload: str) -> str:
        ratio, best = figures.ratio(format, workload), figures.best_peer(format, workload)
        return f"**{ratio:.2f}×** {best[0]}" if ratio and best else "–"

    rows = [[workload, *(cell(format, workload) for format in figures.formats)] for workload in figures.workloads]
    return "## Parterre against the best peer\n\n" + grid(["workload", *figures.formats], rows)


def shares(figures: Figures) -> str:
    """The same ratios, each run held against what the machine allowed at its own moment, and what that was."""

    def cell(format: str, workload: str) -> str:
        ratio, best = figures.even_ratio(format, workload), figures.best_share(format, workload)
        if not ratio or not best:
            return "–"
        ours = figures.cells[format, workload, OURS].share
        return f"**{ratio:.2f}×** {best[0]}: {ours:.0%} to {best[1]:.0%}"

    rows = [[workload, *(cell(format, workload) for format in figures.formats)] for workload in figures.workloads]
    limits = [line["machine"] for line in figures.of("timing") if "machine" in line]
    if not limits:
        return ""
    read = [limit["read_bytes_per_second"] / 1e9 for limit in limits]
    about = (
        f"Clocks and memory of a shared machine change from minute to minute; here its memory read {min(read):.0f} to "
        f"{max(read):.0f} GB/s. So the limits are measured beside every timed run (`parterre bench --limits`), "
        "and each run is held against what they allowed it: each weight read once a step, products at the peak of the weights' "
        "format, whichever takes longer; a mix as if all its products ran at the peak. Medians of these shares, "
        "Parterre's and that of the peer with the highest."
    )
    return section("The same at even limits", about, ["workload", *figures.formats], rows)


def table(figures: Figures, format: str) -> str:
    """Tokens/s of all engines in one format."""

    def cell(workload: str, engine: str) -> str:
        if found := figures.cells.get((format, workload, engine)):
            spread = f" ({number(found.low)}–{number(found.high)})" if len(found.rates) > 1 else ""
            best = figures.best_peer(format, workload)
            mark = "**" if best and best[0] == engine else ""
            return f"{mark}{number(found.median)}{mark}{spread}"
        return "not available" if figures.missing(format, workload, engine) else "–"

    bounds = {workload: figures.bound(format, workload) for workload in figures.workloads}
    head = ["workload", *figures.engines] + (["bound", "Parterre's share"] if any(bounds.values()) else [])
    rows = []
    for workload in figures.workloads:
        row = [workload, *(cell(workload, engine) for engine in figures.engines)]
        if any(bounds.values()):
            bound, ours = bounds[workload], figures.cells.get((format, workload, OURS))
            row += [number(bound), f"{ours.median / bound:.0%}"] if bound and ours else ["–", "–"]
        rows.append(row)
    return f"## {format} weights, tokens/s\n\n" + grid(head, rows)


def starts(figures: Figures) -> str:
    """Process start to first token."""
    lines = figures.of("start")
    rows = []
    for format in dict.fromkeys(line["format"] for line in lines):
        for engine in dict.fromkeys(line["engine"] for line in lines if line["format"] == format):
            mine = [line for line in lines if line["engine"] == engine and line["format"] == format]
            seconds = [line["seconds"] for line in mine]
            peak = statistics.median(line["peak_bytes"] for line in mine)
            cell = f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})"
            rows.append([engine, format, cell, gibibytes(peak)])
    return section(
        "Start",
        "From the start of the process (of the interpreter, for Python packages) to the first token behind a prompt "
        "of 16, files in the page cache.",
        ["engine", "weights", "seconds", "peak memory, GiB"],
        rows,
    )


def memory(figures: Figures) -> str:
    """Peak of resident memory over all timed work but the long one."""
    peaks = {(line["engine"], line["format"]): gibibytes(line["peak_bytes"]) for line in figures.of("memory")}
    return section(
        "Peak memory",
        "GiB resident after all workloads but the long one, caches as large as the work needs.",
        ["engine", *figures.formats],
        by_engine(figures, peaks),
    )


def checks(figures: Figures) -> str:
    """Whether the engines compute the same model."""
    same = {(engine, format): f"{equal} of {count}" for engine, format, equal, count in figures.same_tokens()}
    return section(
        "Same model",
        "Greedy tokens of the untimed warm-up equal to those of transformers in float32 at the same place. After one "
        "other token a text goes its own way, as narrow weights soon do on a random model; in float32 all should be "
        "equal.",
        ["engine", *figures.formats],
        by_engine(figures, same),
    )


def engines(figures: Figures) -> str:
    """Versions and settings."""
    rows = [[line["engine"], line["format"], line["version"], line["settings"]] for line in figures.of("engine")]
    return section("Versions and settings", "", ["engine", "weights", "version", "settings"], rows)


def missing(figures: Figures) -> str:
    lines = [
        (line["engine"], line["format"] or "all", line["workload"] or "all", line["reason"])
        for line in figures.of("missing")
    ]
    rows = [list(line) for line in dict.fromkeys(lines)]
    return section("Not available", "", ["engine", "weights", "workload", "reason"], rows)


def by_engine(figures: Figures, values: dict[tuple[str, str], str]) -> list[list[str]]:
    """A row for each engine that has a value, a column for each format."""
    rows = [[engine, *(values.get((engine, format), "–") for format in figures.formats)] for engine in figures.engines]
    return [row for row in rows if set(row[1:]) != {"–"}]


def section(title: str, about: str, head: list[str], rows: list[list[str]]) -> str:
    """A heading, a paragraph and a table; nothing where the table would be empty."""
    return "\n\n".join(part for part in (f"## {title}", paragraph(about), grid(head, rows)) if part) if rows else ""


def paragraph(text: str) -> str:
    return textwrap.fill(text, 140)


def grid(head: list[str], rows: list[list[str]]) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"

    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 200 else f"{value:.1f}"


def gibibytes(value: float) -> str:
    return f"{value / 2**30:.2f}"


def dash(bounds: list[int]) -> str:
    return f"{bounds[0]}–{bounds[1]}"
