"""The report, in Markdown."""

from __future__ import annotations

import statistics

from peers.report.figures import OURS, Figures


def markdown(figures: Figures, plot: str, raw: str) -> str:
    run = figures.run
    parts = [
        f"# Parterre beside other engines, BLOOM-560m's shape, {run['date']}",
        introduction(figures),
        f"![tokens per second, each engine at each workload]({plot})",
        ratios(figures),
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
    minutes = sum(end["seconds"] for end in figures.of("end")) / 60
    rows = [[name, value] for name, value in run["machine"].items()]
    rows += [
        ["threads", f"{run['threads']} for each engine"],
        ["date", f"{run['date']} {run['time']}, {minutes:.0f} minutes"],
        ["Parterre", f"commit {run['commit']}"],
        ["command", "; ".join(f"`Benchmarks/peers/run {part['command']}`".replace(" `", "`") for part in figures.of("run"))],
    ]
    disturbed = [line for line in figures.of("timing") if line["foreign_share"] > run["max_foreign"]]
    return "\n".join(
        [
            f"One random checkpoint (seed {run['seed']}), the same token ids for all engines, greedy, end tokens ignored, no reuse of",
            f"prefixes. In each of {run['rounds']} rounds every engine does every workload in turn, one engine running at a time; all others",
            "are stopped by a signal. Cells are medians of tokens/s, the lowest and the highest run in brackets. A peer below",
            f"{run['keep_above']:.0%} of the best peer in round 1 is not timed again at that workload (no brackets).",
            "",
            f"prefill: one prompt of {lengths['prefill']} tokens until its first token. decode: {lengths['decode_steps']} steps behind prompts of",
            f"{lengths['decode_prompt']} tokens. mixed: {lengths['mixed_requests']} requests, prompts of {dash(lengths['mixed_prompt'])}, outputs of"
            f" {dash(lengths['mixed_output'])} tokens, all there at the start; written tokens count.",
            f"long: windows of {lengths['long_steps']} steps behind {lengths['long_context']} cached tokens a row.",
            "",
            grid(["", ""], rows),
            "",
            f"{len(disturbed)} of {len(figures.of('timing'))} timed runs were disturbed by other programs (more than"
            f" {run['max_foreign']:.0%} of the machine) at each try; the raw data tells which.",
        ]
    )


def ratios(figures: Figures) -> str:
    """Parterre over the best peer, workloads by formats."""

    def cell(format: str, workload: str) -> str:
        ratio, best = figures.ratio(format, workload), figures.best_peer(format, workload)
        return f"**{ratio:.2f}×** {best[0]}" if ratio and best else "–"

    rows = [[workload, *(cell(format, workload) for format in figures.formats)] for workload in figures.workloads]
    return "## Parterre against the best peer\n\n" + grid(["workload", *figures.formats], rows)


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
        for engine in figures.engines:
            mine = [line for line in lines if line["engine"] == engine and line["format"] == format]
            if mine:
                seconds = [line["seconds"] for line in mine]
                peak = statistics.median(line["peak_bytes"] for line in mine)
                rows.append(
                    [engine, format, f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})", gibibytes(peak)]
                )
    return rows and (
        "## Start\n\nFrom the start of the process (for Python packages: of the interpreter) to the first token behind a prompt of 16,"
        "\nfiles in the page cache.\n\n" + grid(["engine", "weights", "seconds", "peak memory, GiB"], rows)
    )


def memory(figures: Figures) -> str:
    """Peak of resident memory over all timed work but the long one."""
    peaks = {(line["engine"], line["format"]): line["peak_bytes"] for line in figures.of("memory")}
    rows = [
        [engine, *(gibibytes(peaks.get((engine, format))) for format in figures.formats)]
        for engine in figures.engines
        if any((engine, format) in peaks for format in figures.formats)
    ]
    return rows and (
        "## Peak memory\n\nGiB resident after all workloads but the long one, caches as large as the work needs.\n\n"
        + grid(["engine", *figures.formats], rows)
    )


def checks(figures: Figures) -> str:
    """Whether the engines compute the same model."""
    same = figures.same_tokens()
    found = {(engine, format): f"{equal} of {count}" for engine, format, equal, count in same}
    rows = [
        [engine, *(found.get((engine, format), "–") for format in figures.formats)]
        for engine in figures.engines
        if any((engine, format) in found for format in figures.formats)
    ]
    return rows and (
        "## Same model\n\nGreedy tokens equal to those of transformers in float32 at the same place, from the untimed warm-up. After one other"
        "\ntoken a text goes its own way, which narrow weights do early on random weights; in float32 all should be equal.\n\n"
        + grid(["engine", *figures.formats], rows)
    )


def engines(figures: Figures) -> str:
    """Versions and settings."""
    rows = [[line["engine"], line["format"], line["version"], line["settings"]] for line in figures.of("engine")]
    return rows and "## Versions and settings\n\n" + grid(["engine", "weights", "version", "settings"], rows)


def missing(figures: Figures) -> str:
    lines = dict.fromkeys(
        (line["engine"], line["format"] or "all", line["workload"] or "all", line["reason"]) for line in figures.of("missing")
    )
    return lines and "## Not available\n\n" + grid(["engine", "weights", "workload", "reason"], [list(line) for line in lines])


def grid(head: list[str], rows: list[list[str]]) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"

    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 200 else f"{value:.1f}"


def gibibytes(value: float | None) -> str:
    return "–" if value is None else f"{value / 2**30:.2f}"


def dash(bounds: list[int]) -> str:
    return f"{bounds[0]}–{bounds[1]}"
