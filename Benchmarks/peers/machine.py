"""What the run ran on, and how much of it others used meanwhile. Linux only: it reads /proc."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cores() -> int:
    return len(os.sched_getaffinity(0))


def describe() -> dict[str, str]:
    """For the head of the report."""
    fields: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    wide = (
        "avx2",
        "avx512f",
        "avx512_bf16",
        "avx512_vnni",
        "avx_vnni",
        "amx_bf16",
        "amx_int8",
        "asimddp",
        "bf16",
        "i8mm",
    )
    flags = fields.get("flags", fields.get("Features", "")).split()
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return {
        "processor": f"{fields.get('model name', platform.machine())}"
        f" (family {fields.get('cpu family', '?')}, model {fields.get('model', '?')})",
        "cores used": str(cores()),
        "vector instructions": ", ".join(flag for flag in wide if flag in flags) or "none that matter here",
        "memory": f"{memory('MemTotal') / 2**30:.0f} GiB",
        "system": f"{system}, Linux {platform.release()}",
    }


def memory(name: str) -> int:
    """A line of /proc/meminfo, in bytes."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def busy_seconds() -> float:
    """CPU seconds that all cores spent on anything, the hypervisor's other guests (steal) included."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split(None, 9)[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


@dataclass(frozen=True)
class Process:
    """A line of /proc/PID/stat."""

    session: int
    cpu_seconds: float  # of itself and of its children that have ended


def process(pid: int) -> Process | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None  # ended while we looked
    return Process(session=int(fields[3]), cpu_seconds=sum(map(int, fields[11:15])) / TICKS)


def session_members(session: int) -> dict[int, Process]:
    """All live processes of a session."""
    found = {int(name): process(int(name)) for name in os.listdir("/proc") if name.isdigit()}
    return {pid: item for pid, item in found.items() if item and item.session == session}


def peak_memory(pid: int) -> int:
    """The most that a live process had in memory at once, in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


class Watch:
    """The share of the machine that went to others than one session while it was watched."""

    def __init__(self, session: int) -> None:
        self.session = session
        self.start = (time.monotonic(), busy_seconds(), self._own())

    def _own(self) -> float:
        ours = process(os.getpid())
        members = session_members(self.session).values()
        return sum(member.cpu_seconds for member in members) + (ours.cpu_seconds if ours else 0)

    def foreign_share(self) -> float:
        began, busy, own = self.start
        elapsed = time.monotonic() - began
        foreign = busy_seconds() - busy - (self._own() - own)
        return max(0.0, foreign) / elapsed / (os.cpu_count() or 1)


def wait_for_quiet(limit: float, patience: float = 60) -> None:
    """Waits until others use less than this share of the machine for two seconds, or patience ends."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        watch = Watch(session=-1)
        time.sleep(2)
        if watch.foreign_share() <= limit:
            return


def read_into_page_cache(path: Path) -> None:
    """Reads a file, or all files of a folder, so that loading does not wait for the disk."""
    for file in [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file()):
        with file.open("rb", buffering=0) as stream:
            while stream.read(1 << 24):
                pass
