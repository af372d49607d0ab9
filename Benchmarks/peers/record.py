"""The raw data of a run: one JSON object a line, written as it happens. The report is made from nothing else."""

from __future__ import annotations

import json
from pathlib import Path


class Record:
    """Appends to the file of a run."""

    def __init__(self, path: Path, append: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        if not append:
            path.write_text("")

    def add(self, kind: str, **values: object) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"record": kind, **values}) + "\n")


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]
