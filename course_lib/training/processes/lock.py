"""One training of a recipe at a time: a lock that the operating system takes back when its holder dies."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ...data import files


@contextmanager
def alone(path: Path, what: str) -> Iterator[None]:
    """Hold the lock beside `path` while `what` is going on; BlockingIOError says who holds it already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, note = FileLock(f"{path}.lock", timeout=0), path.with_name(f"{path.name}.holder")
    try:
        lock.acquire()
    except Timeout:
        holder = note.read_text(encoding="utf-8") if note.exists() else "another process"
        raise BlockingIOError(
            f"{what} is under way already, in {holder} (lock: {path}.lock). Wait for it, stop it, or set COURSE_CACHE "
            "to another folder."
        ) from None
    try:
        files.write(note, f"process {os.getpid()} on {platform.node() or 'this machine'}".encode())
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()
