"""What made a training: its state goes on only under the same loss, batches and settings, or it would be neither."""

from functools import partial
from pathlib import Path

from torch import Tensor, nn

from .checkpoints import CheckpointError, digest


def said(value) -> str:
    """A description of `value` that another process would give too: qualified names, digests, no address in memory."""
    if isinstance(value, partial):
        return f"{said(value.func)}({', '.join([*map(said, value.args), *_pairs(value.keywords)])})"
    if isinstance(value, nn.Module):
        return f"{type(value).__qualname__} {digest(value.state_dict())[:12]}"
    if isinstance(value, Tensor):
        return f"tensor {digest({'': value})[:12]}"
    if isinstance(value, dict):
        return f"{{{', '.join(_pairs(value))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(said, value))}]"
    if value is None or isinstance(value, int | float | str):
        return str(value)
    named = value if hasattr(value, "__qualname__") else type(value)
    held = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
    held = [one for one in held if isinstance(one, int | float)]  # its numbers; a list that fills up is no setting
    return f"{named.__module__}.{named.__qualname__}" + (said(held) if held else "")


def _pairs(values: dict) -> list[str]:
    return [f"{key}={said(value)}" for key, value in sorted(values.items(), key=str)]


def of(model: nn.Module, loss, batches: dict, settings: dict) -> dict:
    """Everything on which a training depends, by name; each value is a number, a string, or None where unknown."""
    config = getattr(model, "config", None)
    network = type(model).__qualname__ if config is None else str(config)
    settings = {name: value if isinstance(value, int | str) else float(value) for name, value in settings.items()}
    return settings | {"model": network, "loss": said(loss)} | batches


def compare(path: Path, then: dict, now: dict) -> None:
    """CheckpointError, which names all that differs, where a state made by `then` would go on under `now`."""
    missing = "not recorded"
    pairs = {name: (then.get(name, missing), now.get(name, missing)) for name in now | then}
    other = {name: pair for name, pair in pairs.items() if pair[0] != pair[1] and None not in pair}
    if other:
        what = ", ".join(f"{name} was {before} and is {after}" for name, (before, after) in other.items())
        raise CheckpointError(
            f"{path} is the state of another training ({what}): delete it to start anew, or call with the same "
            f"{', '.join(other)}."
        )
