"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from peers import machine
from peers.engines import ENGINES
from peers.formats import TINY, Format, Shape
from peers.workloads import Lengths

REPOSITORY = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Options:
    """What was asked for; see `parse` for what each means."""

    engines: list[str]
    formats: list[Format]
    workloads: list[str] | None
    rounds: int
    shape: Shape
    seed: int
    lengths: Lengths
    threads: int
    long_formats: list[Format]
    start_formats: list[Format]
    keep_above: float
    max_foreign: float
    tries: int
    folder: Path
    reports: Path
    name: str | None
    prepare_only: bool
    append: bool
    render: Path | None

    @property
    def working(self) -> list[str]:
        """The engines that are timed at their work and not at their start alone."""
        return [name for name in self.engines if not ENGINES[name].starts_only]


def pair(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def some_of(known: Iterable[str]) -> Callable[[str], list]:
    """A reader of comma-separated names, `none` for no one."""
    known = list(known)

    def read(text: str) -> list:
        names = [] if text == "none" else text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name}: choose from {', '.join(known)}")
        return [item for item in known if item in names]

    return read


def parse(arguments: list[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(
        prog="run",
        description="Times Parterre and other engines on the same work in turn; writes a report, a plot, raw data.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    work = Lengths()
    add = parser.add_argument
    add("--engines", type=some_of(ENGINES), default=list(ENGINES), help="which ones, separated by commas")
    add("--formats", type=some_of(Format), default=list(Format), help="widths of the weights, separated by commas")
    add(
        "--workloads",
        type=lambda text: text.split(","),
        help="names as in the report, separated by commas (default: all)",
    )
    add("--rounds", type=int, default=3, help="timed runs of each engine and workload, round by round")
    add("--seed", type=int, default=0, help="of the checkpoint's weights and of the prompts")
    add("--threads", type=int, default=machine.cores(), help="for every engine")
    add("--prefill", type=int, default=work.prefill, help="tokens of the prompt that is only read")
    add("--decode-prompt", type=int, default=work.decode_prompt, help="tokens before the decoding")
    add("--decode-steps", type=int, default=work.decode_steps, help="steps of the decoding")
    add(
        "--batches",
        type=lambda text: tuple(map(int, text.split(","))),
        default=work.batches,
        help="rows decoded at once",
    )
    add("--mixed-requests", type=int, default=work.mixed_requests, help="requests of the mix")
    add("--mixed-prompt", type=pair, default=work.mixed_prompt, help="tokens of their prompts, LOW-HIGH")
    add("--mixed-output", type=pair, default=work.mixed_output, help="tokens of their answers, LOW-HIGH")
    add("--long-context", type=int, default=work.long_context, help="cached tokens of each row of the long workload")
    add("--long-batch", type=int, default=work.long_batch, help="rows of the long workload")
    add("--long-steps", type=int, default=work.long_steps, help="steps of each of its timed windows")
    add("--long-formats", type=some_of(Format), default=[Format.BF16], help="formats of the long workload, or none")
    add("--start-formats", type=some_of(Format), default=[Format.BF16], help="formats of the start times, or none")
    add(
        "--keep-above",
        type=float,
        default=0.85,
        metavar="SHARE",
        help="a peer below this share of the best peer of round 1 is not timed again at that workload; 0 keeps all",
    )
    add("--max-foreign", type=float, default=0.06, metavar="SHARE", help="a run that others disturbed more is repeated")
    add("--tries", type=int, default=3, help="runs at most until one is undisturbed; then the least disturbed counts")
    add("--folder", type=Path, default=REPOSITORY / ".peers", help="environments and checkpoints (about 25 GB)")
    add("--reports", type=Path, default=REPOSITORY / "Benchmarks" / "reports", help="where the report goes")
    add("--name", help="of the report's files (default: the date and -peers)")
    add(
        "--tiny",
        dest="shape",
        action="store_const",
        const=TINY,
        default=Shape(),
        help="a model of two layers instead of BLOOM-560m's, to try this command out: the figures mean nothing",
    )
    add("--prepare-only", action="store_true", help="install and convert, time nothing")
    add(
        "--append", action="store_true", help="go on with the raw data of that name: a run in several parts, one report"
    )
    add("--render", type=Path, metavar="JSONL", help="write report and plot again from the raw data of a run")
    parsed = vars(parser.parse_args(arguments))
    lengths = Lengths(
        parsed.pop("prefill"),
        parsed.pop("decode_prompt"),
        parsed.pop("decode_steps"),
        parsed.pop("batches"),
        parsed.pop("mixed_requests"),
        parsed.pop("mixed_prompt"),
        parsed.pop("mixed_output"),
        parsed.pop("long_context"),
        parsed.pop("long_batch"),
        parsed.pop("long_steps"),
    )
    return Options(lengths=lengths, **parsed)
