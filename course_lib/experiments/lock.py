"""One training of a recipe, or run of an experiment, at a time: the system takes the lock back when its holder dies."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ..data import files


@contextmanager
def alone(path: Path, what: str) -> Iterator[None]:
    """Hold the lock beside `path` while `what` is going on; BlockingIOError says who holds it already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, note = FileLock(f"{path}.lock", timeout=0), path.with_name(f"{path.name}.holder")
    try:
        lock.acquire()
    except Timeout:
        holder = "another process"
        with suppress(OSError):  # it may be done by now
            holder = note.read_text(encoding="utf-8")
        raise BlockingIOError(
            f"{what} is under way already, in {holder} (lock: {path}.lock). Wait for it, stop it, or set COURSE_CACHE "
            "to another folder."
        ) from None
    try:
        files.write(note, f"process {os.getpid()} on {platform.node() or 'this machine'}".encode())
        yield
    finally:
        with suppress(OSError):  # Windows removes no file that somebody reads
            note.unlink()
        lock.release()
