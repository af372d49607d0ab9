"""The engines, by the names that the report gives them. Nothing here imports one: each lives in its own environment."""

from __future__ import annotations

from dataclasses import dataclass

from peers.formats import Format


@dataclass(frozen=True)
class Driver:
    """Where the driver is, what it needs and which widths of BLOOM's weights its engine has."""

    path: str  # module:class
    environment: str
    formats: tuple[Format, ...]
    starts_only: bool = False  # timed where starts are, nowhere else


ENGINES = {
    "parterre": Driver("peers.engines.parterre:Parterre", "base", tuple(Format)),
    "parterre-packed": Driver("peers.engines.parterre:PackedParterre", "base", tuple(Format), starts_only=True),
    "transformers": Driver("peers.engines.transformers:Transformers", "base", (Format.F32, Format.BF16, Format.INT8)),
    "ctranslate2": Driver("peers.engines.ctranslate2:CTranslate2", "base", (Format.F32, Format.BF16, Format.INT8)),
    "openvino": Driver("peers.engines.openvino:OpenVINO", "openvino", tuple(Format)),
    "vllm": Driver("peers.engines.vllm:VLLM", "vllm", (Format.F32, Format.BF16)),
    "llama.cpp": Driver("peers.engines.llama_cpp:LlamaCpp", "llamacpp", tuple(Format)),
}
