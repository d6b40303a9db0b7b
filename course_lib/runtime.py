"""Where the course runs: device, precision, threads, seeds, budgets and where `data/` lies. Built in notebook 00."""

import hashlib
import math
import operator
import os
import sys
import tempfile
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path

import torch

import course_lib

ROOT = Path(__file__).resolve().parent.parent


def setting(name: str) -> str:
    """The environment variable `name`, without spaces around; '' where it is not set, or set to nothing."""
    return os.environ.get(name, "").strip()


def _choice(name: str, allowed: tuple[str, ...]) -> str:
    """The `setting`, checked against what it may be; '' where it is not set."""
    value = setting(name).lower()
    if value and value not in allowed:
        raise ValueError(f"{name}={value!r} is not known. Set it to one of {', '.join(allowed)}, or unset it.")
    return value


def _folder(name: str) -> Path:
    """A folder as it was set or typed, its ~ expanded; where nobody has a home, that of temporary files stands in."""
    try:
        return Path(name).expanduser()
    except RuntimeError:  # a user without a home, as in a container that runs under any number
        return Path(tempfile.gettempdir(), *Path(name).parts[1:])


def data_dir() -> Path:
    """The folder of pictures, checkpoints and results that ships with the course (`COURSE_DATA` overrides it)."""
    return _folder(setting("COURSE_DATA") or str(ROOT / "data"))


def cache_dir() -> Path:
    """A writable folder for downloads, unfinished training and the reader's own files (`COURSE_CACHE` overrides it)."""
    if chosen := setting("COURSE_CACHE"):
        return _folder(chosen)
    return _folder(setting("XDG_CACHE_HOME") or "~/.cache") / "pixels-tokens-noise"


def cores() -> int:
    """Processor cores that this process may really use: affinity and a container's quota count, not the machine."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:  # cgroup v2: "max 100000" or "150000 100000" (quota and period in microseconds)
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="utf-8").split()
        if quota != "max":
            count = min(count, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass
    return count


def device() -> torch.device:
    """CUDA, then MPS, then CPU; `COURSE_DEVICE` overrides the choice."""
    if chosen := _choice("COURSE_DEVICE", ("cpu", "cuda", "mps")):
        there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        if not there[chosen]:
            raise ValueError(
                f"COURSE_DEVICE={chosen!r}, but this PyTorch finds no such device. Unset it, or set it to cpu."
            )
        return torch.device(chosen)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        _apple(course_lib.FALLS_BACK)
        return torch.device("mps")
    return torch.device("cpu")


@lru_cache
def _apple(falls_back: bool) -> None:
    """Say once what becomes of what an Apple GPU lacks."""
    remedy = (
        "runs on the processor" if falls_back else f"stops with an error, unless you start with {course_lib.FALLBACK}=1"
    )
    print(
        f"Apple GPU: what it lacks {remedy}; float64 is on the processor. COURSE_DEVICE=cpu avoids it.", file=sys.stderr
    )


def float64_device(where: torch.device) -> torch.device:
    """Where float64 is at home: on `where` itself, but an Apple GPU has none, so there on the processor."""
    return torch.device("cpu") if where.type == "mps" else where


def precision() -> tuple[torch.dtype, str]:
    """The dtype in which matrices multiply, and why. `COURSE_PRECISION` = fp32, bf16 or fp16 overrides the choice.

    bf16 pays where the processor multiplies it in hardware (AVX512-BF16, AMX, Ampere and later); a T4 gets fp16.
    """
    named = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    if chosen := _choice("COURSE_PRECISION", tuple(named)):
        return named[chosen], "COURSE_PRECISION says so"
    where = device().type
    if where == "cuda":
        if torch.cuda.get_device_capability()[0] >= 8:
            return torch.bfloat16, "the GPU multiplies bf16 in hardware"
        return torch.float16, "the GPU has no bf16 in hardware, but fp16"
    if where == "cpu" and torch.backends.mkldnn.is_available():
        for name, check in (("AVX512-BF16", "_is_avx512_bf16_supported"), ("AMX", "_is_amx_tile_supported")):
            if getattr(torch.cpu, check, lambda: False)():
                return torch.bfloat16, f"the processor has {name}"
    return torch.float32, f"bf16 is not fast on this {where}"


def autocast():
    """Context in which matrix products run in `precision()`; weights and everything delicate stay in fp32."""
    dtype, _ = precision()
    return nullcontext() if dtype == torch.float32 else torch.autocast(device().type, dtype=dtype)


def seed(value: int) -> torch.Generator:
    """Seed torch's global generator (for initial weights) and return a fresh CPU generator with the same seed."""
    own = generator(value)
    torch.manual_seed(own.initial_seed())
    return own


def whole(seed: int) -> int:
    """`seed` as a Python number, whoever made it (NumPy, torch); ValueError for what is not whole."""
    try:
        return operator.index(seed)
    except TypeError:
        raise ValueError(f"seed={seed!r} must be a whole number.") from None


def generator(seed: int, step: int | None = None) -> torch.Generator:
    """A CPU generator for any whole number, and with `step` one of its own for each step.

    torch takes 64 bits; a number with more of them becomes a hash of its digits.
    """
    value = whole(seed) if step is None else whole(seed) * 1_000_003 + step
    if not -(2**63) <= value < 2**64:
        value = int.from_bytes(hashlib.sha256(str(value).encode()).digest()[:8], "big")
    return torch.Generator().manual_seed(value)


def budget(cpu: int, gpu: int) -> int:
    """A fixed number of steps: `cpu` on a processor, `gpu` on CUDA; `COURSE_BUDGET` multiplies it.

    Never seconds: a slow machine draws the same picture.
    """
    chosen = gpu if device().type == "cuda" else cpu
    text = setting("COURSE_BUDGET") or "1"
    try:
        scale = float(text)
    except ValueError:
        scale = math.nan
    if not 0 < scale < math.inf:
        raise ValueError(f"COURSE_BUDGET={text!r} must be a number above 0 (1 is the course as it stands), or unset.")
    return max(1, round(chosen * scale))


def streams(batch: int, generator: torch.Generator | None = None) -> list[torch.Generator]:
    """One small generator a picture, so that picture i never depends on how many others are drawn beside it."""
    if not isinstance(generator, torch.Generator | None):
        raise ValueError(f"generator={generator!r} must be a torch.Generator: torch.Generator().manual_seed(0).")
    return [torch.Generator().manual_seed(s) for s in torch.randint(2**62, (batch,), generator=generator).tolist()]


def _per_picture(draw, batch: int, shape: tuple[int, ...], generator, like) -> torch.Tensor:
    own = generator if isinstance(generator, list) else streams(batch, generator)
    out = torch.stack([draw(shape, generator=each) for each in own]) if own else torch.zeros(0, *shape)
    return out.to(device() if like is None else like)


def noise(batch: int, shape: tuple[int, ...], generator=None, like=None) -> torch.Tensor:
    """Standard normal `[batch, *shape]`; one seed gives picture i the same noise on any device, in any batch.

    `generator` is one for all, or the `streams` of a sampler that draws again and again.
    """
    return _per_picture(torch.randn, batch, tuple(shape), generator, like)


def uniforms(batch: int, shape: tuple[int, ...], generator=None, like=None) -> torch.Tensor:
    """Uniform [0, 1) `[batch, *shape]`, a stream a picture as in `noise`."""
    return _per_picture(torch.rand, batch, tuple(shape), generator, like)


def setup() -> None:
    """Use the cores really available, no more: oversubscribed threads are 50 times slower than one."""
    if torch.get_num_threads() > cores() or "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(cores())


setup()
