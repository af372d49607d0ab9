"""Machines that the model is asked about. Where each number comes from stands in docs/scaling.md.

Read bandwidth is 0.8 of what the memory channels carry, links 0.7 of theirs; both are assumptions. Latencies between
cores follow what github.com/nviennot/core-to-core-latency lists of the nearest kin.
"""

from __future__ import annotations

from scaling.machine import Machine

READ, LINK = 0.8, 0.7


def peaks(gigahertz: float, f32: int, bf16: int, int8: int) -> dict[str, float]:
    """Of a core, from operations in one cycle."""
    return {"f32": gigahertz * 1e9 * f32, "bf16": gigahertz * 1e9 * bf16, "int8": gigahertz * 1e9 * int8}


def profiles(lane_read: float) -> list[Machine]:
    """`lane_read`: bytes per second of one lane alone, as measured here on Zen 4; assumed of an EPYC's core."""
    xeon_read = 18.2e9  # one lane of a Xeon, of an earlier fit
    xeon = peaks(2.6, 64, 64, 256)  # two 512-bit units, vdpbf16ps on one, as measured there; the clock is an assumption
    epyc = peaks(3.55, 32, 64, 128)  # Zen 4: 512-bit operations in two halves, as measured here
    ryzen = peaks(4.45, 64, 128, 256)  # Zen 5, from the project's issue: 285 Gop/s f32 a core
    return [
        Machine("1 × 8", (8,), 60e9, 35e9, ryzen, 18e-9, 18e-9, 60e9),
        Machine("1 × 32", (32,), READ * 307.2e9, xeon_read, xeon, 51e-9, 51e-9, READ * 307.2e9),
        Machine("2 × 64", (64,) * 2, READ * 358.4e9, xeon_read, xeon, 60e-9, 120e-9, LINK * 240e9),
        Machine("2 × 96", (96,) * 2, READ * 460.8e9, lane_read, epyc, 100e-9, 200e-9, LINK * 256e9),
        Machine("8 × 24", (24,) * 8, READ * 115.2e9, lane_read, epyc, 80e-9, 160e-9, LINK * 64e9),
    ]
