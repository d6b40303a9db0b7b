"""`torch.compile` for long trainings, where a compiler is at hand: its minute is soon paid back."""

import shutil
from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from .. import runtime

STEPS = 1000  # of a training that is long enough
COMPILERS = ("c++", "g++", "clang++", "cl")


def at_hand() -> bool:
    """Whether this device's programs can be compiled here: by Triton on CUDA, by a C++ compiler on a processor."""
    kind = runtime.device().type
    if kind == "cpu":
        return any(map(shutil.which, COMPILERS))
    return kind == "cuda" and find_spec("triton") is not None


def compiled(model: nn.Module, loss: Callable, batches: Callable[[int], tuple[Tensor, ...]], steps: int) -> bool:
    """Compile `model` in place for a training of `steps`, and try it on the first batch; whether that is done.

    Weights and their names stay. Where it is not worth it, no compiler is at hand, or the trial fails, for whatever
    reason, the model is as it was. Nor is it worth it where shapes change from step to step, or sizes of blocks do:
    each would be compiled by itself.
    """
    if steps < STEPS or not at_hand():
        return False
    shapes = {tuple(part.shape for part in batches(step)) for step in range(3)}
    if len(shapes) > 1 or len(getattr(loss, "keywords", {}).get("blocks", ())) > 1:
        return False
    batch = batches(0)
    model.to(runtime.device())
    with torch.random.fork_rng():
        try:
            model.compile()
            with runtime.autocast():
                value = loss(model, tuple(part.to(runtime.device()) for part in batch), generator=runtime.generator(0))
            value.backward()
        except Exception as why:  # compilers fail in many ways, and none of them is the reader's concern
            model._compiled_call_impl = None
            print(f"not compiled here ({type(why).__name__}): the training is the same, and slower")
            return False
        finally:
            model.zero_grad()
    torch._dynamo.config.suppress_errors = True  # what fails later goes on as it was, too
    return True
