"""Rows of a comparison that go on after an interrupt, each with what made it."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from .. import runtime
from ..data import files
from ..training import Run, checkpoints
from . import provenance


def folder(experiment: str) -> Path:
    """Where an experiment keeps what it has so far; it is emptied when the experiment is done."""
    return runtime.cache_dir() / "experiments" / experiment


def rows(experiment: str, keys: list[dict], make: Callable[..., dict], *, part: str = "rows", **settings) -> list[dict]:
    """`make(**key)` for each of `keys`, in order; what was made before an interrupt is kept, and nothing else is.

    `settings` are whatever decides the outcome beside the key. Every row carries its key, the commit, the hardware,
    the seed, its seconds and the digest of all that, of the package as it is and of the shipped weights; one that
    anything else made is made anew.
    """
    path = folder(experiment) / f"{part}.json"
    about, known, found = provenance.made_by(), _kept(path), []
    inside = [checkpoints.header(name)["weights"] for name in checkpoints.names()]
    inside += [files.sha256(file.read_bytes()) for file in sorted((runtime.ROOT / "course_lib").rglob("*.py"))]
    for key in keys:
        made_by = provenance.digest([key, settings, about, inside])
        if made_by not in known:
            start = time.perf_counter()
            row = {"seed": 0, **key, **make(**key), **about}
            row |= {"key": key, "seconds": round(time.perf_counter() - start, 1), "digest": made_by}
            known[made_by] = json.loads(json.dumps(row))  # as it comes back after an interrupt
            files.write(path, json.dumps({"rows": known, "seal": provenance.digest(known)}).encode())
        found.append(known[made_by])
    return found


def _kept(path: Path) -> dict[str, dict]:
    """The rows in `path` by their digests; none where it was damaged or edited: they can be made again."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept["rows"] if kept["seal"] == provenance.digest(kept["rows"]) else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def whole(run: Run) -> Run:
    """`run`, or the interrupt that cut it short, which `fit` keeps to itself: half a training makes no row."""
    if not run.finished:
        raise KeyboardInterrupt
    return run


def forget(experiment: str) -> None:
    """Remove what an experiment has kept: the next one makes everything again."""
    shutil.rmtree(folder(experiment), ignore_errors=True)


def made(found) -> list[dict]:
    """All rows of `rows` somewhere in `found`, a tree of dicts and lists."""
    if isinstance(found, dict):
        return [found] if "digest" in found else [row for part in found.values() for row in made(part)]
    return [row for part in found for row in made(part)] if isinstance(found, list | tuple) else []
