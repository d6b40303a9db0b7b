"""A device that is none: ordinary tensors that refuse to meet tensors of the processor, as a GPU's do.

`install()` makes the course run on it: whatever would fail on a GPU because one tensor was left behind, because a
generator belongs to another device or because a picture goes to matplotlib without `.cpu()`, fails here too, and no GPU
is needed. The device is called "meta", a name that torch knows everywhere; the numbers behind it are real.
"""

import contextlib

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")
aten = torch.ops.aten
MEET = {
    "aten::to",
    "aten::_to_copy",
    "aten::copy_",
    "aten::_copy_from",
    "aten::set_",
    "aten::lift_fresh",
    "aten::detach",
}
DOUBLES = True  # False: the device has no float64, as an Apple GPU
INDEXED = {"aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}  # by indices anywhere


class Pretend(torch.Tensor):
    """A tensor on the device; `inner` has its numbers."""

    @staticmethod
    def __new__(cls, inner: torch.Tensor):
        out = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
        )
        out.inner = inner
        return out

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return _run(func, args, kwargs or {})

    def tolist(self):
        return self.detach().cpu().tolist()

    def __format__(self, spec):
        return format(self.detach().cpu(), spec)

    def __deepcopy__(self, memo):
        copied = Pretend(self.inner.detach().clone())
        made = torch.nn.Parameter(copied, self.requires_grad) if isinstance(self, torch.nn.Parameter) else copied
        memo[id(self)] = made
        return made


def _wanted(kwargs: dict) -> bool:
    return kwargs.get("device") is not None and torch.device(kwargs["device"]) == DEVICE


def _run(func, args, kwargs):
    """One operation: are all its tensors in one place? Then do it with the numbers behind them."""
    name, leaves = func._schema.name, tree_leaves((args, kwargs))
    here = [t for t in leaves if isinstance(t, Pretend)]
    plain = [t for t in leaves if isinstance(t, torch.Tensor) and not isinstance(t, Pretend)]
    moves = "device" in kwargs and kwargs["device"] is not None
    there = _wanted(kwargs) if moves else bool(here)
    if (here or _wanted(kwargs)) and name not in MEET:
        indices = name in INDEXED and here and isinstance(args[0], Pretend)
        if any(t.ndim > 0 for t in plain) and not indices:
            raise RuntimeError(f"{name}: expected all tensors to be on the same device, but found {DEVICE} and cpu!")
        if any(isinstance(leaf, torch.Generator) for leaf in leaves):
            raise RuntimeError(f"{name}: expected a {DEVICE} device type for generator but found 'cpu'")
    if moves:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    inner_args, inner_kwargs = tree_map(lambda t: t.inner if isinstance(t, Pretend) else t, (args, kwargs))
    out = func(*inner_args, **inner_kwargs)
    if name == "aten::_to_copy" and not there and any(out is t.inner for t in here):
        out = out.clone()
    known = {id(t.inner): t for t in here}

    def wrap(t):
        if not isinstance(t, torch.Tensor) or isinstance(t, Pretend):
            return t
        if there and not DOUBLES and t.dtype == torch.float64:
            raise TypeError("the device doesn't support float64")
        return known[id(t)] if id(t) in known else Pretend(t) if there else t

    return tree_map(wrap, out)


class _Dispatch(TorchDispatchMode):
    """Sees what is made on the device, too."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if not _wanted(kwargs) and not any(isinstance(t, Pretend) for t in tree_leaves((args, kwargs))):
            return func(*args, **kwargs)
        return _run(func, args, kwargs)


class _Function(TorchFunctionMode):
    """`torch.tensor(…, device="meta")` and `new_tensor` would forget the numbers."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in (torch.tensor, torch.as_tensor) and _wanted(kwargs):
            return func(*args, **{**kwargs, "device": "cpu"}).to(DEVICE)
        if func is torch.Tensor.new_tensor and isinstance(args[0], Pretend) and "device" not in kwargs:
            return torch.tensor(*args[1:], **{"dtype": args[0].dtype} | kwargs).to(DEVICE)
        return func(*args, **kwargs)


def _slope(function, at, towards):
    """`torch.func.jvp` by a difference: its own way ends in operations that know no numbers on this device."""
    with torch.no_grad():
        near = [function(*(x + e * v for x, v in zip(at, towards))) for e in (1e-3, -1e-3)]
        return function(*at), (near[0] - near[1]) / 2e-3


def _enter(self) -> None:
    """`torch.inference_mode` as `no_grad`: tensors like these can't live without versions."""
    self.plain = torch.no_grad()
    self.plain.__enter__()


def _exit(self, *why) -> None:
    self.plain.__exit__(*why)


@contextlib.contextmanager
def installed(doubles: bool = True):
    """The course runs on the pretended device inside; without `doubles` it has no float64, as an Apple GPU."""
    from course_lib import runtime

    global DOUBLES
    DOUBLES, had = doubles, DOUBLES
    device, precision, wide, adam = runtime.device, runtime.precision, runtime.float64_device, torch.optim.AdamW
    enabled, jvp = torch.is_autocast_enabled, torch.func.jvp
    inference = torch.inference_mode.__enter__, torch.inference_mode.__exit__

    def unfused(*args, **kwargs):
        return adam(*args, **{**kwargs, "fused": False, "foreach": False})

    runtime.device = lambda: DEVICE
    runtime.precision = lambda: (torch.float32, "the device is pretended")
    runtime.float64_device = wide if doubles else lambda where: torch.device("cpu")
    torch.optim.AdamW = unfused
    torch.inference_mode.__enter__, torch.inference_mode.__exit__ = _enter, _exit
    torch.func.jvp = _slope
    torch.is_autocast_enabled = lambda *where: where != (DEVICE.type,) and enabled(*where)
    try:
        with _Function(), _Dispatch():
            yield
    finally:
        torch.is_autocast_enabled, torch.func.jvp = enabled, jvp
        torch.inference_mode.__enter__, torch.inference_mode.__exit__ = inference
        runtime.device, runtime.precision, runtime.float64_device, torch.optim.AdamW = device, precision, wide, adam
        DOUBLES = had


def install(doubles: bool = True) -> None:
    """The same for good, such as in a kernel."""
    _KEPT.enter_context(installed(doubles))


_KEPT = contextlib.ExitStack()
