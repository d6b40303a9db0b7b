"""`course doctor`: what the course runs on here, and the one line that says whether it is ready or what to do."""

import importlib.metadata
import os
import platform
import shutil
from collections import Counter
from pathlib import Path

import psutil
import torch
from packaging.requirements import Requirement

from course_lib import runtime
from course_lib.data import files

PACKAGE = "pixels-tokens-noise"
SHOWN = ("torch", "numpy", "matplotlib", "ipywidgets", "anywidget", "jupyterlab", "safetensors")
MEMORY = 1.6e9 if torch.version.cuda else 1.0e9  # bytes of a notebook; PyTorch for GPUs takes more of its own
DISK = 0.5e9  # bytes: the largest download and a training in progress


def examine() -> tuple[list[tuple[str, str]], list[str]]:
    """((what, finding) rows, remedies): an empty second list means ready."""
    rows, remedies = [], []
    for check in (_versions, _device, _room, _files):
        found, wrong = check()
        rows += found
        remedies += wrong
    return rows, remedies


def _versions() -> tuple[list, list]:
    """Python and packages, against what pyproject.toml asks for."""
    rows = [("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    try:
        asked = [Requirement(text) for text in importlib.metadata.requires(PACKAGE) or []]
    except importlib.metadata.PackageNotFoundError:
        return rows, ["install the course where it lies: pip install -e ."]
    unfit = []
    for item in asked:
        found = _version(item.name)
        if item.marker is not None and not item.marker.evaluate({"extra": ""}):  # belongs to an extra
            continue
        if found is None:
            unfit.append(f"{item.name} (missing)")
        elif not item.specifier.contains(found, prereleases=True):
            unfit.append(f"{item.name} {found} (needs {item.specifier})")
    rows.append(("packages", " · ".join(f"{name} {_version(name) or 'missing'}" for name in SHOWN)))
    if _version("jupyterlab") is None:
        rows.append(("", "to open the notebooks on this machine: pip install -e '.[lab]'"))
    return rows, [f"install {', '.join(unfit)}: pip install -e ."] if unfit else []


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device() -> tuple[list, list]:
    """Device and precision, each proved by a small product."""
    try:
        device, (dtype, why) = runtime.device(), runtime.precision()
        with runtime.autocast():
            ones = torch.ones(8, 8, device=device)
            right = bool(((ones @ ones).float() == 8).all())
    except (ValueError, RuntimeError, AssertionError) as error:  # an unknown name, or a device that is not there
        reason = str(error).splitlines()[0]
        return [("device", "none that works")], [f"unset COURSE_DEVICE and COURSE_PRECISION ({reason})"]
    name = torch.cuda.get_device_name() if device.type == "cuda" else _processor()
    rows = [("device", f"{device.type}: {name}"), ("precision", f"{str(dtype).removeprefix('torch.')}: {why}")]
    return rows, [] if right else [f"set COURSE_PRECISION=fp32: this {device.type} multiplies {dtype} wrongly"]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _room() -> tuple[list, list]:
    """Cores, memory and disk that are really there for this process."""
    total, free = memory()
    cache = runtime.cache_dir()
    there = next(folder for folder in (cache, *cache.absolute().parents) if folder.exists())
    disk = shutil.disk_usage(there).free
    rows = [
        ("cores", f"{runtime.cores()} really available; torch computes with {torch.get_num_threads()} thread(s)"),
        ("memory", f"{total / 1e9:.1f} GB, {free / 1e9:.1f} GB of it free"),
        ("disk", f"{disk / 1e9:.1f} GB free for downloads and unfinished training ({cache})"),
    ]
    remedies = (
        [f"free some memory: {free / 1e9:.1f} GB is left and a notebook may take {MEMORY / 1e9:.1f} GB"]
        if free < MEMORY
        else []
    )
    if not os.access(there, os.W_OK):
        remedies.append(f"set COURSE_CACHE to a folder that you may write to, not {cache}")
    if disk < DISK:
        remedies.append(f"free some disk at {there}, or set COURSE_CACHE to a roomier folder")
    return rows, remedies


def memory() -> tuple[float, float]:
    """(total, free) bytes for this process: a container's limit counts, where it has one."""
    machine = psutil.virtual_memory()
    try:  # cgroup v2: "max" or a number of bytes
        limit, used = (
            Path("/sys/fs/cgroup", name).read_text(encoding="utf-8").strip()
            for name in ("memory.max", "memory.current")
        )
        if limit != "max" and int(limit) < machine.total:
            return int(limit), min(machine.available, int(limit) - int(used))
    except (OSError, ValueError):
        pass
    return machine.total, machine.available


def _files() -> tuple[list, list]:
    """Every shipped picture file and checkpoint, against its checksum."""
    try:
        found = files.verify()
    except (OSError, ValueError) as error:
        return [("files", "no list of them")], [str(error)]
    every, good = (Counter(name.split("/")[0] for name, ok, _ in found if ok or not only) for only in (False, True))
    rows = [(kind, f"{good[kind]} of {every[kind]} files verified by checksum") for kind in every]
    known = {name for name, *_ in found}
    there = sorted((runtime.data_dir() / "checkpoints").glob("[!.]*.safetensors*"))
    stray = [path.name.split(".")[0] for path in there if f"checkpoints/{path.name}" not in known]
    if stray:
        rows.append(("yours", f"{', '.join(stray)}: trained here, not among the shipped checkpoints"))
    return rows, [message for _, ok, message in found if not ok]
