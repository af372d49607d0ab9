"""What the scripts ask a server outside of OpenAI's client, over the standard library alone."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any


class Server:
    """One server by its address, e.g. `http://127.0.0.1:8000`."""

    def __init__(self, base_url: str, api_key: str | None = None) -> None:
        self.url = base_url.rstrip("/")
        self.api_key = api_key

    @property
    def openai(self) -> str:
        return self.url + "/v1"

    def call(self, path: str, body: object = None) -> tuple[int, bytes]:
        """Status and body of a GET, or of a POST where there is something to send."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        request = urllib.request.Request(self.url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def json(self, path: str, body: object = None) -> Any:
        status, answer = self.call(path, body)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}: {answer[:300]!r}")
        return json.loads(answer)

    def tokenize(self, text: str) -> list[int]:
        return self.json("/tokenize", {"prompt": text, "add_special_tokens": False})["tokens"]

    def metrics(self) -> dict[str, float]:
        """Each series of /metrics by its name without labels; of several with one name, the sum."""
        status, text = self.call("/metrics")
        if status != 200:
            raise RuntimeError(f"/metrics answered {status}")
        return parse_metrics(text.decode())

    def wait_until_idle(self, seconds: float) -> dict[str, float]:
        """Waits until nothing runs or waits and no block is in use; returns the last gauges, idle or not."""
        deadline = time.monotonic() + seconds
        while True:
            gauges = load_gauges(self.metrics())
            if not any(gauges.values()) or time.monotonic() >= deadline:
                return gauges
            time.sleep(0.2)


LOAD_GAUGES = ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc")


def load_gauges(metrics: dict[str, float]) -> dict[str, float]:
    """What is in use now. A missing one is a KeyError."""
    return {name: metrics[name] for name in LOAD_GAUGES}


def parse_metrics(text: str) -> dict[str, float]:
    """Prometheus's text format."""
    sums: dict[str, float] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            series, value = line.rsplit(" ", 1)
            name = series.partition("{")[0]
            sums[name] = sums.get(name, 0) + float(value)
    return sums
