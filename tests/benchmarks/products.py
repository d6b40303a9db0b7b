"""The bare matrix products and convolutions of some work, to be timed alone: what no tidying of the code can save."""

from collections.abc import Callable

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

OPS = torch.ops.aten
PRODUCTS = {OPS.mm, OPS.addmm, OPS.bmm, OPS.baddbmm, OPS.convolution, OPS.convolution_backward}


class Recorder(TorchDispatchMode):
    """Notes each product that is computed, with inputs like those it had, and how often."""

    def __init__(self):
        super().__init__()
        self.calls: dict[str, list] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func.overloadpacket not in PRODUCTS:
            with self:  # a linear layer is one operation where no gradient is wanted; what is it made of?
                made = func.decompose(*args, **kwargs)
            return func(*args, **kwargs) if made is NotImplemented else made
        key = str((func, tree_map_only(torch.Tensor, lambda x: (x.shape, x.stride(), x.dtype), (args, kwargs))))
        if key not in self.calls:
            like = tree_map_only(torch.Tensor, lambda x: x.detach().clone(), (args, kwargs))
            self.calls[key] = [func, *like, 0]
        self.calls[key][-1] += 1
        return func(*args, **kwargs)


def products(work: Callable) -> Callable:
    """The products of `work()`, as something to be called: each as often as there, and nothing else."""
    with Recorder() as recorder:
        work()
    calls = list(recorder.calls.values())

    @torch.inference_mode()
    def bare():
        for func, args, kwargs, times in calls:
            for _ in range(times):
                func(*args, **kwargs)

    return bare
