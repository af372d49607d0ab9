"""OpenVINO's form of a checkpoint: exported by optimum-intel, weights compressed by nncf.

python -m peers.convert.openvino CHECKPOINT OUTPUT f32|bf16|int8|int4
"""

from __future__ import annotations

import sys
from pathlib import Path

import nncf
import openvino
from optimum.exporters.openvino import main_export

from peers.formats import Format

INT4_GROUP = 64


def export(checkpoint: Path, output: Path, format: Format) -> None:
    """bf16 is stored as float16: OpenVINO keeps no bf16 files, and computes in bf16 when told to."""
    main_export(
        str(checkpoint),
        output=output,
        task="text-generation-with-past",
        library_name="transformers",
        ov_config=None,
    )
    path = output / "openvino_model.xml"
    model = openvino.Core().read_model(path)
    match format:
        case Format.INT8:
            model = nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
        case Format.INT4:
            model = nncf.compress_weights(
                model, mode=nncf.CompressWeightsMode.INT4_SYM, group_size=INT4_GROUP, ratio=1.0, all_layers=True
            )
    smaller = output / "smaller.xml"
    openvino.save_model(model, smaller, compress_to_fp16=format is Format.BF16)
    del model
    smaller.replace(path)
    smaller.with_suffix(".bin").replace(path.with_suffix(".bin"))


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]), Format(sys.argv[3]))
