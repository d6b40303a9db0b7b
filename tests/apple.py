"""A pretended Apple GPU: tensors that say they lie on `mps`, and refuse float64 as such a GPU does."""

import torch
from torch.overrides import TorchFunctionMode

MPS = torch.device("mps")


class Tensor(torch.Tensor):
    """A tensor on the pretended GPU; its numbers lie on the processor."""

    __torch_function__ = torch._C._disabled_torch_function_impl
    device = property(lambda self: MPS)


def _bare(thing):
    if isinstance(thing, Tensor):
        return thing.as_subclass(torch.Tensor)
    return type(thing)(map(_bare, thing)) if type(thing) in (tuple, list) else thing


class AppleGPU(TorchFunctionMode):
    """Inside, `mps` can be used; a float64 tensor there is an error, and so is mixing it with one elsewhere."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        flat = [*args, *kwargs.values(), *(x for arg in args if isinstance(arg, tuple | list) for x in arg)]
        there = any(isinstance(thing, Tensor) for thing in flat)
        if func is torch.Tensor.cpu:
            return _bare(args[0])
        if func is torch.Tensor.to:
            there, args = self._moved(there, args)
        elif kwargs.get("device") is not None:
            there = torch.device(kwargs["device"]) == MPS
            kwargs["device"] = "cpu" if there else kwargs["device"]
        elif there:
            self._mixed(flat)
        out = func(*_bare(args), **{key: _bare(value) for key, value in kwargs.items()})
        return self._placed(out) if there else out

    def _moved(self, there: bool, args: tuple) -> tuple[bool, tuple]:
        """Whether `.to(…)` ends on the GPU, and its arguments for the processor."""
        for target in args[1:]:
            if isinstance(target, Tensor) or target in (MPS, "mps"):
                there = True
            elif isinstance(target, torch.device | str | torch.Tensor):
                there = False
        return there, tuple(torch.device("cpu") if arg is MPS or arg in (MPS, "mps") else arg for arg in args)

    def _mixed(self, flat: list) -> None:
        for thing in flat:
            if isinstance(thing, torch.Tensor) and not isinstance(thing, Tensor) and thing.ndim:
                raise RuntimeError("Expected all tensors to be on the same device, but found mps:0 and cpu!")

    def _placed(self, out):
        if isinstance(out, tuple | list) and not isinstance(out, torch.Size):
            parts = [self._placed(part) for part in out]
            return type(out)(parts) if type(out) in (tuple, list) else parts
        if not isinstance(out, torch.Tensor):
            return out
        if out.dtype == torch.float64:
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        return out.as_subclass(Tensor)
