"""Where a notebook finds itself: `ready` is what every first cell calls. Built in notebook 00.

What can be put right is put right for this kernel, with one sentence each; what cannot stops the notebook with one
sentence that says what to do. Nothing here asks the network: no notebook needs it.
"""

import os
import tempfile
from pathlib import Path

import torch

from course_lib import printable, runtime
from course_lib.data import files

EDITION = 3  # raised when a notebook starts to need something new of the package; every first cell says which it needs
GPU = 1.5e9  # bytes that must be free on a GPU: CUDA's own half a gigabyte, and as much as a notebook takes in all


class WrongPlace(RuntimeError):
    """What stands in a notebook's way here, in one sentence; a notebook shows that sentence and no traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


def ready(edition: int) -> None:
    """Say in one sentence that a notebook of this `edition` can run here, and before it what was put right.

    WrongPlace says what to do where it cannot: an older package, missing or damaged data, a device that is not there.
    """
    if edition > EDITION:
        raise WrongPlace(
            f"This notebook is newer than the course's package in {runtime.ROOT}: run `course update` there, then "
            "restart the kernel."
        )
    printable()
    _data()
    for said in (_folder(), _cache(), _device()):
        if said:
            print(said)


def _data() -> None:
    """WrongPlace where pictures or checkpoints are missing or damaged."""
    where = runtime.data_dir()
    remedy = "get them back with `git checkout -- data`, or clone the course again" + (
        ", or unset COURSE_DATA." if runtime.setting("COURSE_DATA") else "."
    )
    try:
        wrong = [name for name, ok, _ in files.verify() if not ok]
    except (OSError, ValueError):
        raise WrongPlace(f"The course's pictures and weights are not in {where}: {remedy}") from None
    if wrong:
        more = f" and {len(wrong) - 1} more" if wrong[1:] else ""
        raise WrongPlace(f"{wrong[0]}{more} in {where} is missing, damaged or unreadable: {remedy}")


def _writable(folder: Path) -> bool:
    """Whether a file can be made in `folder`, which is made first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _folder() -> str:
    """A warning where the notebook lies in a folder in which nothing can be saved."""
    if _writable(Path.cwd()):
        return ""
    return f"{Path.cwd()} is read-only, so your changes are not saved: copy the notebook to a folder of yours."


def _cache() -> str:
    """Take a temporary folder for downloads, trainings and predictions where the usual one cannot be written."""
    usual = runtime.cache_dir()
    if _writable(usual):
        if runtime.setting("COURSE_CACHE") or not usual.is_relative_to(tempfile.gettempdir()):
            return ""
        return f"Predictions and trainings go to {usual}, which may be emptied: set COURSE_CACHE to a folder of yours."
    os.environ["COURSE_CACHE"] = tempfile.mkdtemp(prefix="pixels-tokens-noise-")
    return (
        f"{usual} is read-only, so predictions and trainings go to {os.environ['COURSE_CACHE']} and may be lost: set "
        "COURSE_CACHE to a folder of yours."
    )


def _device() -> str:
    """What the notebook runs on; a GPU that is too small or does not compute gives way to the processor."""
    asked = runtime.setting("COURSE_DEVICE")
    try:
        device = runtime.device()
        reason = "" if device.type == "cpu" else _unfit(device)
        if reason and asked:
            raise WrongPlace(f"The GPU {reason}: close what else uses it, or set COURSE_DEVICE=cpu.")
        if reason:
            os.environ["COURSE_DEVICE"] = "cpu"
        runtime.precision()
    except ValueError as error:
        raise WrongPlace(str(error)) from None
    if reason:
        return f"Ready, on the processor, because the GPU {reason}: close what else uses it and restart the kernel."
    if device.type != "cpu":
        return f"Ready, on the GPU ({device.type})."
    return f"Ready, on the processor{'' if asked else ': PyTorch finds no GPU here, and this notebook needs none'}."


def _unfit(device: torch.device) -> str:
    """Why this GPU cannot take a notebook; '' where it can."""
    try:
        if device.type == "cuda" and (free := torch.cuda.mem_get_info()[0]) < GPU:
            return f"has {free / 1e9:.1f} GB free and a notebook takes {GPU / 1e9:.1f} GB"
        ones = torch.ones(8, 8, device=device)
        return "" if bool((ones @ ones == 8).all()) else "multiplies wrongly"
    except (RuntimeError, AssertionError) as error:  # no room for a context, or not one that this PyTorch was built for
        return f"does not compute ({str(error).splitlines()[0]})"
