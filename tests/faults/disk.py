"""A disk that is full: a real tmpfs of 1 MiB where it may be mounted, else a limit on the size of files."""

import contextlib
import io
import os
import random
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from course_lib.__main__ import main
from faults import killed, tiny
from faults.tally import Tally

LEAST = 280_000  # bytes: two states of the training need more


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A tmpfs of 1 MiB at `folder`; False where nobody may mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder: Path, mounted: bool, free: int) -> Iterator[None]:
    """Only `free` bytes are left on the disk (or, without one, in a file)."""
    if mounted:
        room = shutil.disk_usage(folder).free
        (folder / "ballast").write_bytes(b"\1" * max(0, room - free))
        yield
        (folder / "ballast").unlink()
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free // 2, before[1]))  # Python ignores SIGXFSZ: the write fails
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def train(folder: Path) -> tuple[int, str]:
    """Exit status and words of `course train tiny` in this process."""
    said = io.StringIO()
    places = {"COURSE_DATA": str(folder / "data"), "COURSE_CACHE": str(folder / "cache"), "COURSE_PRECISION": "fp32"}
    with mock.patch.dict(os.environ, places), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        return main(["train", "tiny"]), said.getvalue().strip().splitlines()[-1]


def full(count: int, folder: Path) -> Tally:
    """`count` trainings on a disk that fills up, each begun again when there is room."""
    older, wanted = killed.reference(folder)
    old, tally, dice = (older / "data/checkpoints/tiny.safetensors.xz").read_bytes(), Tally(), random.Random(0)
    with small_disk(folder / "disk") as mounted:
        for n in range(count):
            place = folder / "disk" / "now"
            shutil.copytree(older, place)
            tiny.register(every=120.0 * (n % 2))
            free = dice.randrange(0, 140_000 if n % 2 else LEAST)
            with filled(folder / "disk", mounted, free):
                status, last = train(place)
            tally.tries += 1
            if status != 1 or "could not be written" not in last or "make room" not in last:
                tally.wrong += 1
            killed.judge(tally, place, old, wanted)
            shutil.rmtree(place)
    return tally
