"""Trains Parterre's default model: text folder in, model folder out. See README.md beside this file."""

from __future__ import annotations

import argparse
import copy
import datetime
import json
import math
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # parallel over rows, not inside an operation: see Trainer

import torch
from torch import Tensor
from torch.nn import functional as F

from corpus import load_corpus
from data import Documents, held_out_rows, rows
from model import Bloom, Shape, alibi_bias
from optimizer import MuonWithAdamW
from schedule import DeadlineProgress, StepProgress, rate_factor
from vocabulary import PAD, save_tokenizer, train_tokenizer

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=CHECKOUT.parent / "shared/data/corpora", help="folder of the texts"
    )
    parser.add_argument(
        "--work", type=Path, default=CHECKOUT / ".build/default-model", help="checkpoints and log go here"
    )
    parser.add_argument("--export", type=Path, help="the finished model folder (default: WORK/final)")
    end = parser.add_mutually_exclusive_group()
    end.add_argument("--minutes", type=float, default=90, help="train for this long (the rate falls to zero by then)")
    end.add_argument("--until", metavar="HH:MM", help="train until this UTC time of day")
    end.add_argument("--steps", type=int, help="train for this many steps instead (same result on every run)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--vocabulary", type=int, default=3072)
    parser.add_argument("--hidden", type=int, default=192)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--length", type=int, default=256, help="tokens a row")
    parser.add_argument("--batch", type=int, default=16, help="rows a step")
    parser.add_argument("--muon-rate", type=float, default=0.02)
    parser.add_argument("--adam-rate", type=float, default=0.003)
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument(
        "--average", type=float, default=0.99, help="decay of the running mean of the weights, per step"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkpoint-minutes", type=float, default=5)
    parser.add_argument("--resume", action="store_true", help="go on from WORK/checkpoint.pt")
    return parser.parse_args()


def deadline(options: argparse.Namespace) -> float:
    if options.until is None:
        return time.time() + 60 * options.minutes
    hour, minute = map(int, options.until.split(":"))
    now = datetime.datetime.now(datetime.timezone.utc)
    end = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (end if end > now else end + datetime.timedelta(days=1)).timestamp()


class Trainer:
    """Forward and backward passes over slices of a batch by a few threads with one core each.

    Threads that meet once a step lose less on a shared machine than OpenMP threads that meet at every operation. The
    slices' gradients are summed in a fixed order, so the number of threads does not change the result.
    """

    SLICE = 4  # rows

    def __init__(self, model: Bloom, options: argparse.Namespace):
        self.model, self.options = model, options
        self.parameters = list(model.parameters())
        self.bias = alibi_bias(options.heads, options.length)
        self.pool = ThreadPoolExecutor(options.workers, initializer=lambda: torch.set_num_threads(1))

    def run_all(self, tasks: list) -> list:
        return list(self.pool.map(lambda task: task(), tasks))

    def gradients(self, grid: Tensor) -> tuple[float, dict[int, Tensor]]:
        def one(part: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
            loss = self.model.loss(part[:, :-1], part[:, 1:], self.bias) * (len(part) / len(grid))
            return loss.detach(), torch.autograd.grad(loss, self.parameters)

        parts = list(self.pool.map(one, grid.split(self.SLICE)))
        total = [torch.stack(same).sum(0) for same in zip(*(g for _, g in parts))]
        norm = math.sqrt(sum(float(g.pow(2).sum()) for g in total))
        if norm > 1:
            for g in total:
                g.div_(norm)
        return sum(float(loss) for loss, _ in parts), {id(p): g for p, g in zip(self.parameters, total)}

    def loss_sum(self, model: Bloom, grid: Tensor) -> float:
        @torch.no_grad()
        def one(part: Tensor) -> float:
            logits = model(part[:, :-1], self.bias)
            return float(
                F.cross_entropy(logits.flatten(0, 1), part[:, 1:].flatten(), ignore_index=PAD, reduction="sum")
            )

        return sum(self.pool.map(one, grid.split(self.SLICE)))


def evaluate(trainer: Trainer, model: Bloom, documents: Documents, length: int) -> dict[str, dict[str, float]]:
    """Nats per token and bits per byte on the held-out stories, by source and over all."""
    report, nats, tokens, size = {}, 0.0, 0, 0
    for source, held in documents.held_out.items():
        grid, predicted = held_out_rows(held, length, PAD)
        loss, count = trainer.loss_sum(model, grid), documents.held_out_bytes[source]
        report[source] = {"loss": loss / predicted, "bits_per_byte": loss / math.log(2) / count, "tokens": predicted}
        nats, tokens, size = nats + loss, tokens + predicted, size + count
    report["all"] = {"loss": nats / tokens, "bits_per_byte": nats / math.log(2) / size, "tokens": tokens}
    return report


def best_loss(work: Path) -> float:
    """Held-out loss of the best checkpoint so far, also from before a resumption."""
    path = work / "best.pt"
    if not path.exists():
        return math.inf
    return json.loads(torch.load(path, weights_only=True)["facts"])["held_out"]["all"]["loss"]


def main() -> None:
    options = arguments()
    options.export = options.export or options.work / "final"
    options.work.mkdir(parents=True, exist_ok=True)
    started = time.time()
    end = deadline(options)

    def log(message: str) -> None:
        print(f"{time.strftime('%H:%M:%S', time.gmtime())} {message}", flush=True)

    corpus = load_corpus(options.data)
    everything = [story for stories in corpus.values() for story in stories]
    tokenizer = train_tokenizer(everything, options.vocabulary)
    save_tokenizer(tokenizer, options.work)
    documents = Documents(corpus, tokenizer)
    sizes = {source: {"stories": len(s), "bytes": sum(len(x.encode()) for x in s)} for source, s in corpus.items()}
    log(f"corpus: {sizes}; {documents.train_tokens} training tokens an epoch")

    torch.manual_seed(options.seed)
    model = Bloom(Shape(tokenizer.get_vocab_size(), options.hidden, options.layers, options.heads))
    average = copy.deepcopy(model)
    optimizer = MuonWithAdamW(model, options.muon_rate, options.adam_rate, options.weight_decay)
    trainer = Trainer(model, options)
    progress = StepProgress(options.steps) if options.steps else DeadlineProgress(end)
    step, seconds = 0, 0.0
    if options.resume:
        state = torch.load(options.work / "checkpoint.pt", weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state(state["optimizer"])
        step, seconds, torch_progress = state["step"], state["seconds"], state["progress"]
        progress = StepProgress(options.steps, step) if options.steps else DeadlineProgress(end, torch_progress)
        log(f"resumed at step {step}, progress {torch_progress:.3f}")
    source = rows(documents.train, options.length, options.seed)
    for _ in range(step * options.batch):
        next(source)

    def facts(report: dict) -> dict:
        return {
            "shape": model.shape.as_dict(),
            "parameters": sum(p.numel() for p in model.parameters()),
            "steps": step,
            "tokens": step * options.batch * options.length,
            "epoch_tokens": documents.train_tokens,
            "corpus": sizes,
            "seconds": seconds,
            "progress": progress.value,
            "held_out": report,
            "row_tokens": options.length,
            "batch_rows": options.batch,
            "seed": options.seed,
        }

    def save(chosen: Bloom, report: dict, name: str) -> Path:
        path = options.work / name
        torch.save({"model": chosen.state_dict(), "facts": json.dumps(facts(report))}, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)
        return path

    def checkpoint() -> None:
        report = evaluate(trainer, average, documents, options.length)
        log(
            f"held out (mean weights): {json.dumps({k: round(v['bits_per_byte'], 4) for k, v in report.items()})} bits/byte, "
            f"loss {report['all']['loss']:.4f}"
        )
        state = {
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimizer": optimizer.state(),
            "step": step,
            "seconds": seconds,
            "progress": progress.value,
        }
        torch.save(state, options.work / "checkpoint.tmp")
        (options.work / "checkpoint.tmp").replace(options.work / "checkpoint.pt")
        path = save(average, report, "latest.pt")
        if report["all"]["loss"] < best_loss(options.work):
            shutil.copyfile(path, options.work / "best.pt")

    log(f"{sum(p.numel() for p in model.parameters()):,} parameters, prepared in {time.time() - started:.0f} s")
    next_checkpoint, shown = time.time() + 60 * options.checkpoint_minutes, 0.0
    while not progress.finished:
        began = time.time()
        grid = torch.tensor([next(source) for _ in range(options.batch)])
        factor = rate_factor(progress.value, step)
        loss, gradients = trainer.gradients(grid)
        if not math.isfinite(loss):
            raise SystemExit(f"The loss is not finite at step {step}; go on with --resume and a lower --muon-rate.")
        optimizer.step(gradients, factor, trainer.run_all)
        with torch.no_grad():
            weight = 1 - min(options.average, (step + 1) / (step + 10))
            for mean, p in zip(average.parameters(), model.parameters()):
                mean.lerp_(p, weight)
        step += 1
        progress.advance()
        took = time.time() - began
        seconds += took
        shown = loss if shown == 0 else 0.9 * shown + 0.1 * loss
        if step % 20 == 0:
            log(
                f"step {step} progress {progress.value:.3f} rate ×{factor:.3f} loss {shown:.3f} "
                f"{options.batch * options.length / took:.0f} tokens/s"
            )
        if time.time() > next_checkpoint:
            checkpoint()
            next_checkpoint = time.time() + 60 * options.checkpoint_minutes
            if isinstance(progress, DeadlineProgress):
                progress.pause()

    reports = [(evaluate(trainer, m, documents, options.length), m) for m in (model, average)]
    report, chosen = min(reports, key=lambda item: item[0]["all"]["loss"])
    log(
        f"finished after {step} steps: held-out loss {report['all']['loss']:.4f}, {report['all']['bits_per_byte']:.4f} bits/byte"
    )
    path = save(chosen, report, "final.pt")
    if best_loss(options.work) < report["all"]["loss"]:
        # The texts are few: after about five passes the model begins to learn them by heart.
        path = options.work / "best.pt"
        log(f"an earlier checkpoint is better: held-out loss {best_loss(options.work):.4f}")
    subprocess.run(
        [
            sys.executable,
            HERE / "export.py",
            "--checkpoint",
            path,
            "--tokenizer",
            options.work / "tokenizer.json",
            "--output",
            options.export,
        ],
        check=True,
    )
    log(f"exported to {options.export}")


if __name__ == "__main__":
    main()
