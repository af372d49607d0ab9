"""What the model knows of a machine."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Machine:
    name: str
    lanes_by_node: tuple[int, ...]  # lanes in use on each NUMA node
    node_read: float  # bytes per second that a node's memory gives to all its lanes
    lane_read: float  # bytes per second that one lane can take
    peaks: dict[str, float]  # operations per second of one lane: f32, bf16, int8
    near: float  # seconds for a cache line from another core of the node
    far: float  # seconds for a cache line from a core of another node
    link: float  # bytes per second into a node from all others

    @property
    def lanes(self) -> int:
        return sum(self.lanes_by_node)

    @property
    def nodes(self) -> int:
        return len(self.lanes_by_node)

    def read(self, node: int) -> float:
        """Bytes per second that all lanes of a node reach together."""
        return min(self.node_read, self.lanes_by_node[node] * self.lane_read)

    def transfer(self) -> float:
        """Seconds for a cache line from a lane that may be any other."""
        if self.lanes == 1:
            return 0.0
        near = sum(n * (n - 1) for n in self.lanes_by_node) / (self.lanes * (self.lanes - 1))
        return near * self.near + (1 - near) * self.far

    def peak(self, names: tuple[str, ...]) -> float:
        return max(self.peaks[name] for name in names)

    def with_lanes(self, lanes: int) -> Machine:
        """Fewer lanes: nodes take them in turn, as `WorkerLanes.spread` does."""
        nodes = self.nodes
        spread = [lanes // nodes + (node < lanes % nodes) for node in range(nodes)]
        return replace(self, lanes_by_node=tuple(count for count in spread if count))
