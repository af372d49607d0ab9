"""Checks that print as they go and decide the exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


class Checks:
    """`section` catches what its body throws, so that one surprise does not hide the checks after it."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        print(f"-- {name}", flush=True)
        try:
            yield
        except Exception as error:
            traceback.print_exc(file=sys.stdout)
            self.true(f"{name}: ran to its end", False, repr(error))

    def true(self, what: str, condition: object, detail: object = "") -> bool:
        if condition:
            self.passed += 1
            print(f"   ok      {what}", flush=True)
        else:
            self.failed += 1
            print(f"   FAILED  {what}  {str(detail)[:1000]}", flush=True)
        return bool(condition)

    def equal(self, what: str, got: object, wanted: object) -> bool:
        return self.true(what, got == wanted, f"got {got!r}, wanted {wanted!r}")

    def raises(self, what: str, error: type[Exception], call: Callable[[], Any], saying: str = "") -> Any:
        """The exception, if the call raised one of that class whose text holds `saying` in any case, else None."""
        try:
            value = call()
        except error as raised:
            if self.true(what, saying.lower() in str(raised).lower(), f"it says: {raised}"):
                return raised
            return None
        except Exception as raised:
            self.true(what, False, f"raised {type(raised).__name__} instead of {error.__name__}: {raised}")
            return None
        self.true(what, False, f"raised nothing and returned {value!r}")
        return None

    def finish(self) -> NoReturn:
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(0 if self.passed and not self.failed else 1)
