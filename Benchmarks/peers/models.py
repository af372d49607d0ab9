"""Makes one random checkpoint and each engine's form of it, once; what is there already is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from peers.child import child_environment
from peers.formats import Format, Models, Shape
from peers.venvs import Environments, reason

REPOSITORY = Path(__file__).parent.parent.parent
CTRANSLATE2_TYPES = {Format.F32: "float32", Format.BF16: "bfloat16", Format.INT8: "int8"}


class ConversionFailed(Exception):
    """The message is what the converter said last."""


class Preparation:
    """Runs the converters in their environments. A form appears under its name only when it is complete."""

    def __init__(self, models: Models, environments: Environments, shape: Shape, seed: int, threads: int) -> None:
        self.models = models
        self.environments = environments
        self.shape = shape
        self.seed = seed
        self.threads = threads

    def prepare(self, engine: str, format: Format) -> Path:
        """The path that the engine will load, made if need be."""
        match engine:
            case "ctranslate2":
                return self._convert("base", "ctranslate2", self.models.ctranslate2(format), CTRANSLATE2_TYPES[format])
            case "openvino":
                return self._convert("openvino", "openvino", self.models.openvino(format), format)
            case "llama.cpp":
                return self._convert("base", "gguf", self.models.gguf(format), format)
            case "parterre-packed":
                return self._packed(format)
            case "transformers" if format is Format.INT8:
                return self._checkpoint(Format.F32)
            case _:
                return self._checkpoint(format)

    def _checkpoint(self, format: Format) -> Path:
        target = self.models.hugging_face(format)
        dtype = "f32" if format is Format.F32 else "bf16"

        def make(partial: Path) -> None:
            tool = REPOSITORY / "Tools" / "compare" / "random_checkpoint.py"
            self._python("base", str(tool), str(partial), "--dtype", dtype, "--seed", str(self.seed), *self._sizes())
            self._python("base", "-m", "peers.convert.tokenizer", str(partial))

        return self._once(target, make)

    def _packed(self, format: Format) -> Path:
        source = self._checkpoint(Format.BF16 if format is Format.BF16 else Format.F32)

        def make(partial: Path) -> None:
            command = [os.environ["PARTERRE"], "quantize", source, "--weights", format, "--output", partial, "--quiet"]
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
            if done.returncode:
                raise ConversionFailed(done.stderr.strip())

        return self._once(self.models.packed(format), make)

    def _sizes(self) -> list[str]:
        names = ("--layers", "--heads", "--head-dim", "--vocabulary")
        sizes = (self.shape.layers, self.shape.heads, self.shape.head_size, self.shape.vocabulary)
        return [part for name, size in zip(names, sizes, strict=True) for part in (name, str(size))]

    def _convert(self, environment: str, converter: str, target: Path, kind: str) -> Path:
        source = self._checkpoint(Format.F32)
        return self._once(
            target,
            lambda partial: self._python(
                environment, "-m", f"peers.convert.{converter}", str(source), str(partial), str(kind)
            ),
        )

    def _once(self, target: Path, make: Callable[[Path], None]) -> Path:
        if target.exists():
            return target
        print(f"making {target.name}", flush=True)
        partial = target.with_name("partial-" + target.name)
        if partial.is_dir():
            shutil.rmtree(partial)
        partial.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        make(partial)
        partial.rename(target)
        return target

    def _python(self, environment: str, *arguments: str) -> None:
        python, log = self.environments.python(environment), self.models.folder / "conversions.log"
        with log.open("wb") as output:
            done = subprocess.run(
                [str(python), *arguments], stdout=output, stderr=output, env=child_environment(python, self.threads)
            )
        if done.returncode:
            raise ConversionFailed(f"{' '.join(arguments[:2])}: {reason(log)}")
