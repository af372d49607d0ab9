"""Hanging up on a server, by whichever of a client's streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from checks import Checks
from server import Server


def hangs_up(check: Checks, server: Server, open_stream: Callable[[], Any]) -> None:
    """A stream of 2,000 tokens that is closed behind its first event."""
    before = server.metrics()["vllm:generation_tokens_total"]
    stream = open_stream()
    next(iter(stream))
    stream.close()
    gauges = server.wait_until_idle(2)
    check.equal("a stream that is closed frees its blocks", set(gauges.values()), {0.0})
    written = server.metrics()["vllm:generation_tokens_total"] - before
    check.true("and writes no further", written < 2000, written)
