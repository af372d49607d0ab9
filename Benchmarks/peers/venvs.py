"""Virtual environments, one for each set of packages that agree with each other."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
# Pulled in by others, never needed for text, and made for another torch than the one for CPUs: transformers then fails.
UNWANTED = ("torchvision", "torchaudio", "torchcodec")
# llama-cpp-python has no wheel on PyPI: it is compiled here, for this processor.
BUILD_SETTINGS = {"CMAKE_ARGS": "-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF"}


class InstallFailed(Exception):
    """The message is the last line of pip that says why."""


class Environments:
    """The virtual environments under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def python(self, name: str) -> Path:
        return self.folder / name / "bin" / "python"

    def install(self, name: str) -> None:
        """Makes the environment and installs its requirements, unless that was done before with the same ones."""
        requirements = REQUIREMENTS / f"{name}.txt"
        wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
        stamp, log = self.folder / name / "installed", self.folder / f"{name}.log"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        print(f"installing {name} (minutes; {log} tells)", flush=True)
        with log.open("wb") as output:
            for command in (
                [sys.executable, "-m", "venv", str(self.folder / name)],
                [str(self.python(name)), "-m", "pip", "install", "--requirement", str(requirements)],
                [str(self.python(name)), "-m", "pip", "uninstall", "--yes", *UNWANTED],
            ):
                done = subprocess.run(command, stdout=output, stderr=output, env=os.environ | BUILD_SETTINGS)
                if done.returncode:
                    raise InstallFailed(f"{' '.join(command[1:4])} failed: {reason(log)}")
        stamp.write_text(wanted)


def reason(log: Path) -> str:
    """The last line of a log that names an error, else the last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "exception")) or "Error:" in line]
    return (errors or lines or ["no output"])[-1][:200]
