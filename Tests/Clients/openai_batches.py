"""The unmodified `openai` client's files and batches against a server.

python3 Tests/Clients/openai_batches.py --base-url http://127.0.0.1:8000
"""

from __future__ import annotations

import argparse
import json
import random
import time
from typing import Any

import openai
from checks import Checks
from openai import OpenAI
from server import Server

STATES = {"validating", "failed", "in_progress", "finalizing", "completed", "expired", "cancelling", "cancelled"}
ENDED = {"failed", "completed", "expired", "cancelled"}


class Session:
    def __init__(self, server: Server, check: Checks, seed: int) -> None:
        self.check = check
        self.random = random.Random(seed)
        self.client = OpenAI(base_url=server.openai, api_key=server.api_key or "none", max_retries=0, timeout=120)
        self.model = self.client.models.list().data[0].id

    def line(self, name: str, **fields: Any) -> dict[str, Any]:
        body = {"model": self.model, "prompt": "Once upon a time", "max_tokens": 16, "temperature": 0} | fields
        return {"custom_id": name, "method": "POST", "url": "/v1/completions", "body": body}

    def upload(self, lines: list[dict[str, Any]], name: str = "batch.jsonl") -> Any:
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        return self.client.files.create(file=(name, data), purpose="batch")

    def begin(self, file_id: str, **more: Any) -> Any:
        return self.client.batches.create(
            input_file_id=file_id, endpoint="/v1/completions", completion_window="24h", **more
        )

    def wait(self, batch_id: str, seconds: float = 60) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            batch = self.client.batches.retrieve(batch_id)
            self.known = batch.status in STATES
            if batch.status in ENDED:
                return batch
            time.sleep(0.2)
        raise TimeoutError(f"{batch_id} is still {batch.status} after {seconds} s: {batch.request_counts}")

    def lines(self, file_id: str) -> dict[str, Any]:
        text = self.client.files.content(file_id).text
        return {line["custom_id"]: line for line in map(json.loads, text.splitlines())}


def files(s: Session) -> None:
    lines = [s.line("a"), s.line("b")]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    file = s.client.files.create(file=("two.jsonl", data), purpose="batch")
    s.check.equal("object", file.object, "file")
    s.check.equal("bytes", file.bytes, len(data))
    s.check.equal("filename", file.filename, "two.jsonl")
    s.check.equal("purpose", file.purpose, "batch")
    s.check.equal("files.retrieve", s.client.files.retrieve(file.id).id, file.id)
    s.check.equal("files.content gives the bytes back", s.client.files.content(file.id).content, data)
    s.check.true("files.list names it", file.id in [f.id for f in s.client.files.list()])
    s.check.true("files.delete", s.client.files.delete(file.id).deleted)
    s.check.raises("then it is NotFoundError", openai.NotFoundError, lambda: s.client.files.retrieve(file.id))
    s.check.raises("as its content", openai.NotFoundError, lambda: s.client.files.content(file.id))
    for name in ("no-such-file", "..%2F..%2Fetc%2Fpasswd", "file-../../../etc/passwd"):
        s.check.raises(f"{name}: NotFoundError", openai.NotFoundError, lambda n=name: s.client.files.content(n))


def one_batch(s: Session) -> None:
    wanted = {
        f"line {i}": s.line(f"line {i}", prompt=f"Tom had {i} cats", seed=i, temperature=i % 2) for i in range(12)
    }
    wanted["several"] = s.line("several", prompt=["One", "Two"], n=2, temperature=1, seed=3, logprobs=2)
    bad = {"bad": s.line("bad", temperature=-1), "unknown": s.line("unknown", no_such_field=1)}
    order = [*wanted.values(), *bad.values()]
    s.random.shuffle(order)
    batch = s.begin(s.upload(order).id, metadata={"purpose": "test"})
    s.check.equal("object", batch.object, "batch")
    s.check.true("begins in a known state", batch.status in STATES, batch.status)
    s.check.equal("metadata comes back", batch.metadata, {"purpose": "test"})
    batch = s.wait(batch.id)
    s.check.equal("it completes", batch.status, "completed")
    counts = batch.request_counts
    s.check.equal("counts", (counts.total, counts.completed, counts.failed), (len(order), len(wanted), len(bad)))
    answers = s.lines(batch.output_file_id)
    s.check.equal("every good line is answered once", set(answers), set(wanted))
    s.check.equal("with 200", {a["response"]["status_code"] for a in answers.values()}, {200})
    for name in ("line 4", "line 5", "several"):
        direct = s.client.completions.create(**wanted[name]["body"])
        got = answers[name]["response"]["body"]
        s.check.equal(
            f"{name}: the texts of a direct request",
            [c["text"] for c in got["choices"]],
            [c.text for c in direct.choices],
        )
    direct = s.client.completions.create(**wanted["several"]["body"])
    got = answers["several"]["response"]["body"]["choices"]
    s.check.equal(
        "and its log-probabilities, to the last bit",
        [c["logprobs"]["token_logprobs"] for c in got],
        [c.logprobs.token_logprobs for c in direct.choices],
    )
    errors = s.lines(batch.error_file_id) if batch.error_file_id else {}
    s.check.equal("bad lines are in the error file", set(errors), set(bad))
    s.check.true("batches.list names it", batch.id in [b.id for b in s.client.batches.list()])
    s.check.raises(
        "a batch that ended cannot be cancelled", openai.APIStatusError, lambda: s.client.batches.cancel(batch.id)
    )


def cancelling(s: Session) -> None:
    lines = [s.line(f"long {i}", max_tokens=1500, ignore_eos=True) for i in range(200)]
    batch = s.begin(s.upload(lines).id)
    time.sleep(1)
    asked = s.client.batches.cancel(batch.id)
    s.check.true("batches.cancel", asked.status in {"cancelling", "cancelled"}, asked.status)
    began = time.monotonic()
    batch = s.wait(batch.id)
    s.check.equal("it ends as cancelled", batch.status, "cancelled")
    s.check.true("soon", time.monotonic() - began < 20)
    s.check.true("without all lines", batch.request_counts.completed < 200, batch.request_counts)


def bad_batches(s: Session) -> None:
    s.check.raises(
        "an unknown batch: NotFoundError", openai.NotFoundError, lambda: s.client.batches.retrieve("batch_none")
    )
    s.check.raises("an unknown input file is refused", openai.APIStatusError, lambda: s.begin("file-none"))
    file = s.upload([s.line("a")])
    s.check.raises(
        "an endpoint that is not served: BadRequestError",
        openai.BadRequestError,
        lambda: s.client.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h"),
    )
    twice = s.upload([s.line("a"), s.line("a")])
    no_json = s.client.files.create
    for what, make in (
        ("two lines of one custom_id", lambda: twice),
        ("a file that is no JSON", lambda: no_json(file=("x.jsonl", b"hello\n\xff\n"), purpose="batch")),
        ("an empty file", lambda: no_json(file=("x.jsonl", b""), purpose="batch")),
    ):
        try:
            batch = s.wait(s.begin(make().id).id)
        except openai.BadRequestError as error:
            s.check.true(f"{what}: refused", error.message)
            continue
        failed = batch.status == "failed" or batch.request_counts.failed > 0
        s.check.true(f"{what}: the batch fails, or its line", failed, batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--api-key")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    options = parser.parse_args()
    print(f"openai {openai.__version__}, seed {options.seed}")
    check = Checks()
    session = Session(Server(options.base_url, options.api_key), check, options.seed)
    for part in (files, one_batch, cancelling, bad_batches):
        with check.section(part.__name__.replace("_", " ")):
            part(session)
    check.finish()


if __name__ == "__main__":
    main()
