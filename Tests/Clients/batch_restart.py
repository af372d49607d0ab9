"""A batch that survives `kill -9`: the unmodified `openai` client uploads and creates it, the server is killed again and again
while it answers, and the answers must be those of a server that nobody disturbed, line by line and to the last bit.

python3 Tests/Clients/batch_restart.py .build-release/release/parterre --kills 5
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from openai import OpenAI


class Program:
    """`parterre serve` on a port of its own, with the bundled model."""

    def __init__(self, program: str, folder: Path, arguments: list[str]) -> None:
        self.command = [program, "serve", "--port", "0", "--batch-dir", str(folder), *arguments]

    def start(self) -> OpenAI:
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        address = self.process.stdout.readline().strip()
        if not address:
            raise RuntimeError(f"{' '.join(self.command)} ended with {self.process.wait()}")
        return OpenAI(base_url=address + "/v1", api_key="none", max_retries=0, timeout=60)

    def end(self, name: int) -> int:
        self.process.send_signal(name)
        return self.process.wait(timeout=60)


def lines(count: int, seed: int) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    made = []
    for i in range(count):
        body: dict[str, Any] = {"prompt": f"Tom had {i} cats and", "max_tokens": draw.randint(20, 300), "ignore_eos": True}
        body |= draw.choice([{"temperature": 0}, {"temperature": 1}, {"temperature": 1, "n": 2, "logprobs": 1}])
        made.append({"custom_id": f"line {i}", "method": "POST", "url": "/v1/completions", "body": body})
    # Some that cannot be answered.
    for i in range(0, count, 17):
        made[i]["body"] = {"prompt": "x", "temperature": -1}
    return made


def begin(client: OpenAI, requests: list[dict[str, Any]]) -> str:
    data = "".join(json.dumps(line) + "\n" for line in requests).encode()
    file = client.files.create(file=("in.jsonl", data), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/completions", completion_window="24h")
    return batch.id


def wait(client: OpenAI, batch_id: str, done: int | None = None, seconds: float = 300) -> Any:
    """Until the batch has ended, or so many of its lines are done."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        batch = client.batches.retrieve(batch_id)
        counts = batch.request_counts
        if batch.status in {"completed", "failed", "expired", "cancelled"}:
            return batch
        if done is not None and counts.completed + counts.failed >= done:
            return batch
        time.sleep(0.01)
    raise TimeoutError(f"{batch_id}: {batch.status}, {batch.request_counts}")


def results(client: OpenAI, file_id: str | None) -> dict[str, Any]:
    """What the lines say, without names and times that differ from run to run."""
    found: dict[str, Any] = {}
    for text in client.files.content(file_id).text.splitlines() if file_id else []:
        line = json.loads(text)
        body = line["response"]["body"]
        assert line["custom_id"] not in found, f"{line['custom_id']} is answered twice"
        found[line["custom_id"]] = (line["response"]["status_code"], body.get("choices"), body.get("usage"), body.get("error"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--serve", nargs=argparse.REMAINDER, default=[], help="arguments of parterre serve")
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.lines} lines, {options.kills} kills")
    requests = lines(options.lines, options.seed)
    draw = random.Random(options.seed)

    with tempfile.TemporaryDirectory() as scratch:
        quiet = Program(options.program, Path(scratch) / "quiet", options.serve)
        client = quiet.start()
        batch = wait(client, begin(client, requests))
        assert batch.status == "completed", batch
        wanted = results(client, batch.output_file_id) | results(client, batch.error_file_id)
        assert len(wanted) == options.lines
        assert quiet.end(signal.SIGTERM) == 0

        killed = Program(options.program, Path(scratch) / "killed", options.serve)
        client = killed.start()
        batch_id = begin(client, requests)
        done = 0
        for kill in range(options.kills):
            batch = wait(client, batch_id, done=done + draw.randint(1, max(1, options.lines // (options.kills + 1))))
            before = batch.request_counts.completed + batch.request_counts.failed
            if batch.status == "completed":
                print("  the batch was done before the next kill")
                break
            killed.end(signal.SIGKILL)
            client = killed.start()
            batch = wait(client, batch_id, done=before)
            done = batch.request_counts.completed + batch.request_counts.failed
            print(f"  killed in {batch.status} after {before} lines; the next server has {done}")
            assert done >= before, "an answered line was lost"
        batch = wait(client, batch_id)
        assert batch.status == "completed", batch
        counts = batch.request_counts
        assert counts.total == options.lines == counts.completed + counts.failed, counts
        got = results(client, batch.output_file_id) | results(client, batch.error_file_id)
        assert got.keys() == wanted.keys(), wanted.keys() ^ got.keys()
        for name in wanted:
            assert got[name] == wanted[name], f"{name}:\n  {got[name]}\n  {wanted[name]}"
        assert killed.end(signal.SIGTERM) == 0
    print(f"{len(wanted)} lines are the same, texts and log-probabilities included")


if __name__ == "__main__":
    main()
