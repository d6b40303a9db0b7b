"""The forms of a right answer: another type or dtype is converted where no digit is lost, else refused by name."""

import copy
import functools
import inspect
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .. import runtime


class Wrong(AssertionError):
    """The reader's answer is not right yet; the message names the mistake."""


def need(holds: bool, message: str) -> None:
    """Raise `Wrong(message)` unless `holds`: an assert that `python -O` leaves in."""
    if not holds:
        raise Wrong(message)


def copied(given):
    """Clones of tensors and networks, also inside tuples and lists; gradients flow through them."""
    if isinstance(given, Tensor):
        return given.clone()
    if isinstance(given, (tuple, list)):
        return type(given)(copied(part) for part in given)
    return copy.deepcopy(given) if isinstance(given, nn.Module) else given


def intact(before, after) -> bool:
    """Whether an argument still holds what it held."""
    if isinstance(before, Tensor):
        return before.shape == after.shape and torch.equal(before, after)
    if isinstance(before, (tuple, list)):
        return len(before) == len(after) and all(map(intact, before, after))
    return not isinstance(before, nn.Module) or intact([*before.state_dict().values()], [*after.state_dict().values()])


def names_of(count: int, *functions: Callable) -> list[str]:
    """The names of the first `count` arguments, after the first function that has so many."""
    for function in functions:
        try:
            names = [name for name, p in inspect.signature(function).parameters.items() if p.kind < p.VAR_POSITIONAL]
        except (TypeError, ValueError):
            continue
        if len(names) >= count:
            return names[:count]
    return [f"argument {i + 1}" for i in range(count)]


def wide(value) -> Tensor:
    """In float64, without gradient: what is compared never depends on the dtype that was worked in."""
    value = torch.as_tensor(value).detach()
    return value.to(runtime.float64_device(value.device)).double().cpu()


def alike(found, right) -> bool:
    """Equal shapes, and equal values: whole numbers exactly, others to the digits that their dtype has."""
    if isinstance(right, (tuple, list)):
        return len(found) == len(right) and all(map(alike, found, right))
    exact = right if isinstance(right, Tensor) else torch.as_tensor(right)
    a, b = wide(found), wide(right)
    if a.shape != b.shape or not exact.is_floating_point():
        return torch.equal(a, b)
    relative, absolute = (1e-9, 1e-9) if exact.dtype == torch.float64 else (1e-4, 1e-5)
    return torch.allclose(a, b, relative, absolute)


def shaped(found, right, gives: str = "", said: set[str] | None = None):
    """`found` in the form of `right`: tuples, numbers, tensors of its dtype. What had to be converted goes into `said`.

    `gives` names the parts of a tuple. Wrong where nothing came back, something else, or fewer digits.
    """
    said = set() if said is None else said
    if found is None:
        raise Wrong("You gave nothing back (None): a `return` is missing.")
    if isinstance(right, tuple):
        scalars = isinstance(found, Tensor) or hasattr(found, "__array__")
        if scalars and all(not isinstance(part, Tensor) or part.ndim == 0 for part in right) and found.ndim:
            found = tuple(found)
        if not isinstance(found, (tuple, list)) or len(found) != len(right):
            what = f"{len(found)} things" if isinstance(found, (tuple, list)) else _kind(found)
            raise Wrong(f"Give back {len(right)} things: {gives}. This is {what}.")
        return tuple(shaped(part, of, gives, said) for part, of in zip(found, right, strict=True))
    if isinstance(right, Tensor):
        return _tensor(found, right, said)
    return _number(found, right, said)


def _kind(value) -> str:
    known = {"Tensor": "a tensor", "ndarray": "a numpy array"}
    if hasattr(value, "dtype") and type(value).__name__ not in known:
        return "a numpy number"
    return known.get(type(value).__name__, f"a {type(value).__name__}")


def _scalar(right) -> str:
    return "True or False" if isinstance(right, bool) else "one number"


def _number(found, right, said: set[str]):
    if not isinstance(found, (bool, int, float)):
        if getattr(found, "size", None) != 1 and not (isinstance(found, Tensor) and found.numel() == 1):
            raise Wrong(f"Give back {_scalar(right)}, not {_kind(found)}.")
        said.add(f"{_kind(found)} where {_scalar(right)} is needed")
        found = found.item()
    if isinstance(right, int) and isinstance(found, float) and found.is_integer():
        said.add("a float where a whole number is needed")
        return int(found)
    return found


def _tensor(found, right: Tensor, said: set[str]) -> Tensor:
    kind = _kind(found)
    if not isinstance(found, Tensor):
        said.add(f"{kind} where a tensor is needed")
        try:
            parts = isinstance(found, (tuple, list)) and found and isinstance(found[0], Tensor)
            digits = None if hasattr(found, "dtype") or not right.is_floating_point() else torch.float64
            found = torch.stack(tuple(found)) if parts else torch.as_tensor(found, dtype=digits)
        except (TypeError, ValueError, RuntimeError):
            raise Wrong(f"Give back one tensor: {kind} like this can't become one.") from None
        if found.is_floating_point() and right.is_floating_point():
            return found.to(right.dtype)  # numpy counts in float64, lists become float32
    if found.dtype == right.dtype:
        return found
    have, want = (str(of.dtype).removeprefix("torch.") for of in (found, right))
    if right.is_floating_point():
        if found.is_complex() or found.is_floating_point() and found.dtype.itemsize < right.dtype.itemsize:
            raise Wrong(
                f"You gave {have}, where {want} came in: digits are lost. Keep the dtype of what you are given."
            )
    elif right.dtype == torch.bool and ((found != 0) & (found != 1)).any():
        raise Wrong(f"True or False is needed (bool), not {have} with other values than 0 and 1.")
    elif found.is_floating_point() and not torch.equal(found, found.round()):
        raise Wrong(f"Whole numbers are needed ({want}); these are {have}, with fractions.")
    if kind == _kind(right):
        said.add(f"{have} where {want} is needed")
    return found.to(right.dtype)


def handed_on(function: Callable, right) -> Callable:
    """The accepted function, its answers converted as they were when it was accepted, so that no later cell stops."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        tensors = [*_tensors((*args, *kwargs.values()))]
        where = tensors[0].device.type if tensors else "cpu"
        with torch.autocast(where, enabled=False):  # numpy knows no bfloat16
            found = function(*map(_whole, args), **{name: _whole(each) for name, each in kwargs.items()})
        return _like(found, right, tensors)

    return run


def _tensors(given):
    """The tensors among what an answer is given, those in lists and those of networks too."""
    for each in given:
        if isinstance(each, Tensor):
            yield each
        elif isinstance(each, (list, tuple)):
            yield from _tensors(each)
        elif isinstance(each, nn.Module):
            yield from (*each.parameters(), *each.buffers())


def _whole(x):
    """A tensor in half precision in fp32, anything else as it is."""
    return x.float() if isinstance(x, Tensor) and x.dtype in (torch.bfloat16, torch.float16) else x


def _like(found, right, tensors: list[Tensor]):
    if isinstance(right, tuple):
        return tuple(_like(part, of, tensors) for part, of in zip(found, right, strict=True))
    if not isinstance(right, Tensor):
        return shaped(found, right)
    floats = [each.dtype for each in tensors if each.is_floating_point()] if right.is_floating_point() else []
    found = shaped(found, right) if not isinstance(found, Tensor) else found
    return found.to(tensors[0].device if tensors else found.device, floats[0] if floats else right.dtype)
