"""CTranslate2's form of a checkpoint, by its own converter.

python -m peers.convert.ctranslate2 CHECKPOINT OUTPUT float32|bfloat16|int8
"""

from __future__ import annotations

import sys

from ctranslate2.converters import TransformersConverter

if __name__ == "__main__":
    checkpoint, output, quantization = sys.argv[1:]
    TransformersConverter(checkpoint, low_cpu_mem_usage=True).convert(output, quantization=quantization)
