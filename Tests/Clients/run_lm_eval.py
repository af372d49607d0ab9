"""The unmodified `lm-eval` with its `local-completions` model against a server, on tasks that need no download; its
numbers are compared with those of `parterre` without a server.

    python3 Tests/Clients/run_lm_eval.py --base-url http://127.0.0.1:8000 --parterre .build/release/parterre

`lm_eval` is looked for beside this Python.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from checks import Checks
from server import Server

TASKS = Path(__file__).parent / "lm_eval_task"
REPOSITORY = Path(__file__).parent.parent.parent
sys.path.insert(0, str(TASKS))

import documents  # noqa: E402
from documents import Parterre  # noqa: E402

NAMES = ("parterre_last_word", "parterre_which_word", "parterre_whole_text", "parterre_continue")
EOS = 2  # what lm-eval puts in front of a whole text
# The server's log-probabilities are float32, the direct ones float64 from the same logits; an answer is a sum of some.
TOLERANCE = 1e-4


class Run:
    """What lm-eval said: its figures, and the answer to each request."""

    def __init__(self, folder: Path) -> None:
        self.figures = json.loads(next(folder.rglob("results_*.json")).read_text())["results"]
        self.samples = {}
        for task in NAMES:
            path = next(folder.rglob(f"samples_{task}_*.jsonl"))
            lines = map(json.loads, path.read_text().splitlines())
            self.samples[task] = sorted(lines, key=lambda line: line["doc_id"])

    def figure(self, task: str, metric: str) -> float:
        return self.figures[task][f"{metric},none"]


def run_lm_eval(server: Server, model: str, tokenizer: str | None, folder: Path, concurrent: int, batch: int) -> Run:
    arguments = {
        "model": model,
        "base_url": server.openai + "/completions",
        "num_concurrent": concurrent,
        "max_retries": 1,
        "max_length": 1024,
        # Without it lm-eval takes the model's first token, where it knows that: which depends on the tokenizer's source.
        "custom_prefix_token_id": EOS,
    }
    if tokenizer:
        arguments |= {"tokenizer_backend": "huggingface", "tokenizer": tokenizer}
    output = folder / f"output-{concurrent}-{batch}"
    command = [
        Path(sys.executable).parent / "lm_eval",
        "run",
        "--model",
        "local-completions",
        "--tasks",
        ",".join(NAMES),
    ]
    command += ["--model_args", ",".join(f"{name}={value}" for name, value in arguments.items())]
    command += ["--include_path", TASKS, "--batch_size", str(batch), "--log_samples", "--output_path", output]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(folder / "cache")}
    environment |= {"OPENAI_API_KEY": server.api_key or "none", "TOKENIZERS_PARALLELISM": "false", "DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment, capture_output=True, text=True, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"lm_eval failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return Run(output)


def log_likelihood(sample: dict, request: int = 0) -> float:
    answer = sample["filtered_resps"][request]
    return float(answer[0] if isinstance(answer, list) else answer)


def direct_pairs(parterre: Parterre, folder: Path, pairs: list[tuple[str, str]]) -> list[float]:
    """The log-likelihood of each second text behind its first."""
    whole = parterre.tokenize([a + b for a, b in pairs])
    begins = [len(ids) for ids in parterre.tokenize([a for a, _ in pairs])]
    scores = parterre.log_probabilities(whole, folder)
    return [sum(row[begin - 1 :]) for row, begin in zip(scores, begins, strict=True)]


def compare(run: Run, docs: list[dict], parterre: Parterre, folder: Path, check: Checks) -> None:
    def close(what: str, got: list[float], wanted: list[float]) -> None:
        worst = max(abs(a - b) for a, b in zip(got, wanted, strict=True))
        check.true(f"{what}: {len(got)} numbers, the farthest is {worst:.1e} away", worst < TOLERANCE)

    pairs = [(doc["context"], " " + doc["last_word"]) for doc in docs]
    direct = direct_pairs(parterre, folder, pairs)
    close("last word, as from `parterre logits`", [*map(log_likelihood, run.samples["parterre_last_word"])], direct)
    perplexity = math.exp(-statistics.fmean(direct))
    got = run.figure("parterre_last_word", "perplexity")
    check.true(f"its perplexity {got:.6g}, directly {perplexity:.6g}", math.isclose(got, perplexity, rel_tol=1e-5))

    choices = [(doc["context"], " " + word) for doc in docs for word in doc["words"]]
    direct = direct_pairs(parterre, folder, choices)
    answered = [log_likelihood(s, i) for s in run.samples["parterre_which_word"] for i in range(4)]
    close("four choices", answered, direct)
    rows = [direct[i : i + 4] for i in range(0, len(direct), 4)]
    accuracy = statistics.fmean(
        row.index(max(row)) == doc["words"].index(doc["last_word"]) for row, doc in zip(rows, docs, strict=True)
    )
    got = run.figure("parterre_which_word", "acc")
    check.true(f"its accuracy {got:.4f}, directly {accuracy:.4f}", math.isclose(got, accuracy, abs_tol=1e-9))

    whole = [[EOS, *ids] for ids in parterre.tokenize([doc["text"] for doc in docs])]
    sums = [sum(row) for row in parterre.log_probabilities(whole, folder)]
    close("whole texts", [*map(log_likelihood, run.samples["parterre_whole_text"])], sums)
    bits = -sum(sums) / math.log(2) / sum(len(doc["text"].encode()) for doc in docs)
    got = run.figure("parterre_whole_text", "bits_per_byte")
    check.true(f"their bits per byte {got:.6f}, directly {bits:.6f}", math.isclose(got, bits, rel_tol=1e-5))

    texts = [sample["filtered_resps"][0] for sample in run.samples["parterre_continue"]]
    check.equal("continuations, as from `parterre generate`", texts, [doc["continuation"] for doc in docs])
    check.equal("their exact_match", run.figure("parterre_continue", "exact_match"), 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--base-url", required=True)
    add("--parterre", type=Path, required=True, help="the program, for the direct numbers")
    add("--model", type=Path, help="the folder that the server serves; without it the bundled model")
    add("--tokenizer", help="a folder for transformers; without it lm-eval asks the server to tokenize, or fails")
    add("--prompts", type=Path, default=REPOSITORY / "Examples" / "prompts.jsonl", help="MT-Bench's lines, or such")
    add("--documents", type=int, default=24)
    add("--seed", type=int, default=1)
    o = parser.parse_args()

    check, server = Checks(), Server(o.base_url)
    name = server.json("/v1/models")["data"][0]["id"]
    parterre = Parterre(o.parterre.resolve(), o.model)
    with tempfile.TemporaryDirectory() as temporary, check.section("lm-eval"):
        folder = Path(temporary)
        texts = documents.read_texts(o.prompts, o.documents)
        docs = documents.make(texts, parterre, o.seed)
        (folder / "documents.jsonl").write_text("".join(json.dumps(doc) + "\n" for doc in docs))
        print(f"{len(docs)} documents of {o.prompts.name}, seed {o.seed}", flush=True)
        one = run_lm_eval(server, name, o.tokenizer, folder, concurrent=1, batch=1)
        compare(one, docs, parterre, folder, check)
        # vLLM's /tokenizer_info lets lm-eval do without a tokenizer of its own.
        asks_server = server.call("/tokenizer_info")[0] == 200
        print(f"   then with {'the tokenizer of the server' if asks_server else o.tokenizer}")
        many = run_lm_eval(server, name, None if asks_server else o.tokenizer, folder, concurrent=4, batch=4)
        for task in NAMES:
            got, wanted = ([s["filtered_resps"] for s in run.samples[task]] for run in (many, one))
            check.equal(f"{task}: four requests of four prompts at a time = one prompt at a time, with ==", got, wanted)
    check.finish()


if __name__ == "__main__":
    main()
