"""llama.cpp through the C interface that llama-cpp-python carries, with a small loop of continuous batching."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from importlib.metadata import version

import llama_cpp
import numpy as np

from peers.engines.base import Engine, Limits, NotAvailable, Stopwatch, Timing, step_windows
from peers.formats import Format, Models

MICRO_BATCH = 512  # tokens per pass over the weights, llama.cpp's default


@dataclass
class Row:
    """One sequence in flight."""

    prompt: list[int]
    wanted: int
    sequence: int
    read: int = 0  # positions in the cache
    tokens: list[int] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return len(self.tokens) >= self.wanted


class LlamaCpp(Engine):
    def load(self, models: Models, format: Format, limits: Limits) -> None:
        self.limits = limits
        self.cache_type = llama_cpp.GGML_TYPE_F32 if format is Format.F32 else llama_cpp.GGML_TYPE_F16
        self.log = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self.log, None)
        llama_cpp.llama_backend_init()
        path = models.gguf(format)
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        if not self.model:
            raise NotAvailable(f"llama.cpp does not load {path.name}")
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self.model))
        self.context = None
        self.batch = llama_cpp.llama_batch_init(limits.step_tokens, 0, 1)

    def describe(self) -> dict[str, str]:
        cache = "float32" if self.cache_type == llama_cpp.GGML_TYPE_F32 else "float16"
        system = llama_cpp.llama_print_system_info().decode()
        return {"version": f"llama-cpp-python {version('llama-cpp-python')}", "settings": f"cache {cache}; {system}"}

    def prefill(self, prompt: list[int]) -> Timing:
        self._open(1, len(prompt) + 1)
        row = Row(prompt, 1, 0)
        watch = Stopwatch()
        self._step([row])
        return Timing([watch.seconds], [row.tokens])

    def decode(self, prompts: list[list[int]], steps: int, windows: int = 1) -> Timing:
        self._open(len(prompts), max(map(len, prompts)) + steps * windows)
        rows = [Row(prompt, 1 + steps * windows, index) for index, prompt in enumerate(prompts)]
        for row in rows:
            while not row.tokens:
                self._step([row])
        return self._decode(rows, steps, windows)

    def mixed(self, prompts: list[list[int]], outputs: list[int]) -> Timing:
        slots = self.limits.batch
        self._open(slots, max(len(prompt) + output for prompt, output in zip(prompts, outputs, strict=True)))
        memory = llama_cpp.llama_get_memory(self.context)
        rows = [Row(prompt, output, -1) for prompt, output in zip(prompts, outputs, strict=True)]
        waiting, free, active = deque(rows), list(range(slots)), []
        watch = Stopwatch()
        while waiting or active:
            while waiting and free:
                row = waiting.popleft()
                row.sequence = free.pop()
                active.append(row)
            self._step(active)
            for row in [row for row in active if row.done]:
                llama_cpp.llama_memory_seq_rm(memory, row.sequence, -1, -1)
                free.append(row.sequence)
                active.remove(row)
        return Timing([watch.seconds], [row.tokens for row in rows])

    def long(self, prompts: list[list[int]], steps: int, windows: int) -> Timing:
        """One prompt is read and its cache copied for the other rows: each row reads a copy of its own."""
        self._open(len(prompts), len(prompts[0]) + steps * windows + 1)
        wanted = 2 + steps * windows
        first = Row(prompts[0], wanted, 0)
        while not first.tokens:
            self._step([first])
        memory = llama_cpp.llama_get_memory(self.context)
        rows = [first]
        for index in range(1, len(prompts)):
            llama_cpp.llama_memory_seq_cp(memory, 0, index, -1, -1)
            rows.append(Row(prompts[0], wanted, index, first.read, [prompts[index][-1]]))
        self._step(rows)  # also carries the copies out
        return self._decode(rows, steps, windows)

    def _open(self, sequences: int, positions: int) -> None:
        """A fresh cache of the size that the work needs. Each sequence has a stream of its own in it."""
        if self.context:
            llama_cpp.llama_free(self.context)
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_seq_max = sequences
        parameters.n_ctx = sequences * (-(-positions // 256) * 256)
        parameters.n_batch, parameters.n_ubatch = self.limits.step_tokens, MICRO_BATCH
        parameters.n_threads = parameters.n_threads_batch = self.limits.threads
        parameters.type_k = parameters.type_v = self.cache_type
        parameters.kv_unified = False
        self.context = llama_cpp.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise NotAvailable(f"llama.cpp does not make a cache of {sequences} × {positions} positions")

    def _decode(self, rows: list[Row], steps: int, windows: int) -> Timing:
        seconds = step_windows(lambda: self._step(rows), steps, windows)
        return Timing(seconds, [row.tokens for row in rows])

    def _step(self, rows: list[Row]) -> None:
        """Each row's next token, or the next part of its prompt as far as the step has room."""
        batch, count, ends = self.batch, 0, []
        for row in sorted(rows, key=lambda row: not row.tokens):  # those that write go first
            part = row.tokens[-1:] or row.prompt[row.read : row.read + self.limits.step_tokens - count]
            for token in part:
                batch.token[count], batch.pos[count] = token, row.read
                batch.n_seq_id[count], batch.seq_id[count][0] = 1, row.sequence
                batch.logits[count] = 0
                row.read, count = row.read + 1, count + 1
            if part and (row.tokens or row.read == len(row.prompt)):
                batch.logits[count - 1] = 1
                ends.append((row, count - 1))
        batch.n_tokens = count
        if status := llama_cpp.llama_decode(self.context, batch):
            raise RuntimeError(f"llama_decode returned {status}")
        for row, index in ends:
            logits = llama_cpp.llama_get_logits_ith(self.context, index)
            row.tokens.append(int(np.ctypeslib.as_array(logits, (self.vocabulary,)).argmax()))
