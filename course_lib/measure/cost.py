"""What it cost: seconds, calls of the network, floating-point operations. Built in notebook 03."""

import time
import timeit
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from .. import runtime
from ..networks.layers import FLOPS


class Counter:
    """Wrap a model and count: `.calls` of the network, and `.rows`, the pictures that went through it.

    Whatever else a sampler asks of a model (its `config`, its `null` label) is answered by the model itself.
    """

    def __init__(self, model: Callable):
        self.model, self.calls, self.rows = model, 0, 0

    def __call__(self, x, *conditions):
        self.calls, self.rows = self.calls + 1, self.rows + len(x)
        return self.model(x, *conditions)

    def __getattr__(self, attribute: str):
        if attribute == "model":  # asked for before it is there, as by `copy`
            raise AttributeError(attribute)
        found = getattr(self.model, attribute)
        return self._decoder if attribute == "decoder" else found

    def _decoder(self, labels):
        step = self.model.decoder(labels)

        def counted(tokens, i):
            self.calls, self.rows = self.calls + 1, self.rows + len(tokens)
            return step(tokens, i)

        return counted


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of `repeats` runs of `work()`, in seconds; the GPU is waited for."""

    def whole() -> None:
        work()
        if runtime.device().type == "cuda":
            torch.cuda.synchronize()

    return min(timeit.repeat(whole, number=1, repeat=max(1, repeats)))


def cpu_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The least processor seconds of `repeats` runs of `work()` on one core: what a busy machine disturbs least."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return min(timeit.repeat(work, timer=time.process_time, number=1, repeat=max(1, repeats)))
    finally:
        torch.set_num_threads(threads)


def flops(work: Callable[[], object]) -> int:
    """Floating-point operations of the matrix products in one run of `work()`."""
    with FlopCounterMode(display=False, custom_mapping=FLOPS) as counter, torch.no_grad():
        work()
    return counter.get_total_flops()
