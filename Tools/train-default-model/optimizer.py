"""Muon for the matrices inside the blocks, AdamW for the rest.

Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/): momentum, then the update's singular values are pushed
towards one by five Newton–Schulz steps. On a budget of minutes it needs about half of AdamW's tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model import Bloom


def orthogonalize(update: Tensor, steps: int = 5) -> Tensor:
    """Newton–Schulz with the quintic of the Muon article on a stack of matrices [n, rows, columns], rows ≤ columns."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = update / (update.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x


class MuonWithAdamW:
    """One optimizer with a learning-rate factor in 0...1 that the schedule sets."""

    def __init__(self, model: Bloom, muon_rate: float, adam_rate: float, weight_decay: float, momentum: float = 0.95):
        self.momentum, self.muon_rate, self.adam_rate, self.weight_decay = momentum, muon_rate, adam_rate, weight_decay
        matrices: list[Tensor] = []
        for block in model.h:
            matrices += [block.qkv_weight, block.dense.weight, block.dense_h_to_4h.weight, block.dense_4h_to_h.weight]
        chosen = {id(p) for p in matrices}
        # Matrices of one shape are orthogonalized as one stack.
        self.stacks: dict[tuple[int, int], list[Tensor]] = {}
        for p in matrices:
            self.stacks.setdefault(tuple(p.shape[-2:]), []).append(p)
        self.velocity = {id(p): torch.zeros_like(p) for p in matrices}
        others = [p for p in model.parameters() if id(p) not in chosen]
        self.adam = torch.optim.AdamW(others, lr=adam_rate, betas=(0.9, 0.95), weight_decay=0.0, foreach=True)

    @torch.no_grad()
    def step(self, gradients: dict[int, Tensor], factor: float, run_all=None) -> None:
        """One step with `gradients` by parameter id. `run_all` runs a list of tasks, in parallel if it likes."""
        tasks = [lambda shape=shape: self._step_stack(shape, gradients, factor) for shape in self.stacks]
        tasks.append(lambda: self._step_adam(gradients, factor))
        if run_all is None:
            for task in tasks:
                task()
        else:
            run_all(tasks)

    @torch.no_grad()
    def _step_stack(self, shape: tuple[int, int], gradients: dict[int, Tensor], factor: float) -> None:
        rows, columns = shape
        parameters, updates = self.stacks[shape], []
        for p in parameters:
            gradient, velocity = gradients[id(p)], self.velocity[id(p)]
            velocity.lerp_(gradient, 1 - self.momentum)
            updates.append(gradient.lerp(velocity, self.momentum).reshape(-1, rows, columns))
        stack = torch.cat(updates)
        stack = orthogonalize(stack.mT).mT if rows > columns else orthogonalize(stack)
        rate = self.muon_rate * factor
        scale = rate * max(1.0, rows / columns) ** 0.5
        for p, update in zip(parameters, stack.split([u.shape[0] for u in updates])):
            p.mul_(1 - rate * self.weight_decay)
            p.add_(update.reshape(p.shape), alpha=-scale)

    @torch.no_grad()
    def _step_adam(self, gradients: dict[int, Tensor], factor: float) -> None:
        for group in self.adam.param_groups:
            group["lr"] = self.adam_rate * factor
            for p in group["params"]:
                p.grad = gradients[id(p)]
        self.adam.step()

    def state(self) -> dict:
        stacks = [[self.velocity[id(p)] for p in parameters] for parameters in self.stacks.values()]
        return {"velocity": stacks, "adam": self.adam.state_dict()}

    def load_state(self, state: dict) -> None:
        for parameters, velocities in zip(self.stacks.values(), state["velocity"]):
            for p, velocity in zip(parameters, velocities):
                self.velocity[id(p)].copy_(velocity)
        self.adam.load_state_dict(state["adam"])
