"""What a network is given: errors that name the argument, the value and the remedy."""

import torch
from torch import Tensor


def sides(size: int | tuple[int, int]) -> tuple[int, int]:
    """Height and width of pictures, of which one number says both."""
    return (size, size) if isinstance(size, int) else tuple(size)


def check_labels(labels: Tensor, shapes: tuple[tuple[int, ...], ...], null: int) -> None:
    """ValueError where labels are no whole numbers from 0 to `null`, or have none of the `shapes`."""
    if labels.is_floating_point() or labels.is_complex() or labels.shape not in shapes:
        raise ValueError(
            f"labels must be whole numbers of shape {list(shapes[0])}, one a picture, "
            f"not {labels.dtype} of shape {list(labels.shape)}."
        )
    _check_range("labels", labels, null, f" ({null} = no label)")


def labels_or_null(labels: Tensor | None, batch: int, null: int, device: torch.device) -> Tensor:
    """Labels `[batch]` on a device, `null` ("no label") where there are none; ValueError out of range."""
    if labels is None:
        return torch.full((batch,), null, device=device)
    check_labels(labels, ((batch,),), null)
    return labels.to(device).long()


def check_tokens(tokens: Tensor, shapes: tuple[tuple[int, ...], ...], levels: int) -> None:
    """ValueError where tokens are no whole numbers from 0 to `levels` - 1, or a picture has none of the `shapes`."""
    if tokens.is_floating_point() or tokens.shape[1:] not in shapes:
        wanted = " or ".join(str(["B", *shape]).replace("'", "") for shape in shapes)
        raise ValueError(
            f"tokens must be whole numbers of shape {wanted}, not {tokens.dtype} of shape {list(tokens.shape)}."
        )
    _check_range("tokens", tokens, levels - 1, "")


def check_step(tokens: Tensor, i: int, shape: tuple[int, int], done: int) -> None:
    """ValueError where a decoder made for tokens of `shape`, that has read up to position `done`, can't go to `i`."""
    if tokens.shape != shape:
        raise ValueError(
            f"tokens must have shape {list(shape)}, as the decoder was made for, not {list(tokens.shape)}."
        )
    if not done <= i < shape[1]:
        raise ValueError(f"decoding is at position {done} of {shape[1]}, not {i}: make a new decoder to start anew.")


def _check_range(name: str, x: Tensor, last: int, note: str) -> None:
    if torch.compiler.is_compiling() or not x.numel():  # a look at the values would cut a compiled graph in two
        return
    low, high = (int(bound) for bound in x.aminmax())
    if low < 0 or high > last:
        raise ValueError(f"{name} must lie in 0..{last}{note}, not {low}..{high}.")
