"""Several devices: `accelerate launch` starts a process for each, every process takes its rows of every batch.

The engine is `accelerate` (on GPUs NCCL, on processors gloo). `fit` takes this module as its `team`.
"""

import os
import sys
from contextlib import nullcontext
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .. import runtime
from ..training import alone


def count() -> int:
    """How many processes train together: what `accelerate launch` (or torchrun) says, else 1."""
    return int(os.environ.get("WORLD_SIZE", 1))


@lru_cache(maxsize=1)
def _team():
    """`accelerate`'s state: the processes have found each other, and each has its device."""
    try:
        from accelerate import PartialState
    except ImportError:
        raise ValueError(f"{count()} processes need accelerate: pip install -e '.[several]'") from None
    return PartialState(cpu=runtime.device().type == "cpu")


def team():
    """What `fit` is to take as its team: this module where several processes train, else `training.alone`."""
    return sys.modules[__name__] if count() > 1 else alone


def first() -> bool:
    """Whether this process is the one that writes files and speaks."""
    return count() == 1 or _team().is_main_process


def in_turn():
    """Context in which the first process goes before the others: what it downloads, they find."""
    return nullcontext() if count() == 1 else _team().main_process_first()


def start(step: int, *models: nn.Module) -> None:
    """Begin together: the same step, the first process's weights."""
    _team()
    from accelerate.utils import broadcast, gather

    steps = gather(torch.tensor([step], device=runtime.device())).tolist()
    if len(set(steps)) > 1:
        raise ValueError(f"the processes begin at steps {steps}: let COURSE_CACHE be a folder that all of them share.")
    broadcast([tensor for model in models for tensor in model.state_dict().values()])


def rows(batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """This process's equal share of the rows of a batch."""
    size, more = divmod(len(batch[0]), count())
    if more or size < 3:
        raise ValueError(
            f"a batch of {len(batch[0])} can't be shared evenly by {count()} processes, 3 rows or more each."
        )
    begin = _team().process_index * size
    return tuple(part[begin : begin + size] for part in batch)


class _Draws(TorchFunctionMode):
    """What is drawn from `generator` for each row is drawn for the whole batch, and this process keeps its rows.

    So noise, times and dropped labels are those of a single process, and the generators stay in step; dropout likewise.
    """

    def __init__(self, generator: torch.Generator, size: int):
        super().__init__()
        self.generator, self.size = generator, size

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is F.dropout and kwargs.get("training", True):
            return args[0] * self._mine(F.dropout, (), args[0].shape, (kwargs.get("p", 0.5),), like=args[0])
        if func in (torch.rand, torch.randn, torch.randint) and kwargs.get("generator") is self.generator:
            bounds = args[:-1] if func is torch.randint else ()
            shape = args if isinstance(args[0], int) and not bounds else args[-1]
            if shape[0] == self.size:
                return self._mine(func, bounds, shape, (), **kwargs)
        return func(*args, **kwargs)

    def _mine(self, func, before, shape, after, like: Tensor | None = None, **kwargs) -> Tensor:
        whole = (self.size * count(), *shape[1:])
        drawn = func(*before, whole if like is None else like.new_ones(whole), *after, **kwargs)
        return drawn[_team().process_index * self.size :][: self.size]


def draws(generator: torch.Generator, size: int):
    """Context in which the `size` rows of this process see the randomness of the whole batch."""
    return _Draws(generator, size)


@torch.no_grad()
def mean(model: nn.Module, value: Tensor) -> Tensor:
    """The mean loss of all processes; gradients and running statistics become their means too."""
    from accelerate.utils import reduce

    grads = [p.grad for p in model.parameters() if p.grad is not None]
    kept = model.state_dict(keep_vars=True).values()
    stats = [t for t in kept if t.is_floating_point() and not isinstance(t, nn.Parameter)]
    parts = [*grads, *stats, value]
    flat = reduce(torch.cat([part.flatten().float() for part in parts]), "mean")
    for part, new in zip(parts[:-1], flat.split([part.numel() for part in parts])):
        part.copy_(new.view_as(part))
    return flat[-1]


def stop_if(asked: list) -> None:
    """KeyboardInterrupt where `asked` holds something; with several processes in all of them, after the same step."""
    from accelerate.utils import reduce

    if reduce(torch.tensor([float(bool(asked))], device=runtime.device()), "sum").item():
        raise KeyboardInterrupt
