"""Trainings that die: SIGKILL and Ctrl-C, at any moment and in the middle of a write; then the same command again."""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from unittest import mock

from course_lib.data import results
from faults import tiny
from faults.tally import Tally

CONTEXT = multiprocessing.get_context("forkserver")  # a fresh process for each child, with torch loaded already
CONTEXT.set_forkserver_preload(["faults.tiny"])
BEFORE, TRAINING, WRITING = 0, 1, 2
PATIENCE = 900  # seconds, for a machine that does ten other things


def train(folder: str, phase, slow: bool = False, every: float = 0.0, steps: int = tiny.STEPS) -> None:
    """`course train tiny` in a child: its data and cache lie in `folder`, its words in folder/said."""
    from course_lib.__main__ import main
    from course_lib.data import files

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in a shell's background would ignore it
    os.environ.update(COURSE_DATA=f"{folder}/data", COURSE_CACHE=f"{folder}/cache", COURSE_PRECISION="fp32")
    tiny.register(steps, every)
    real = files.write

    def write(path: Path, data: bytes) -> None:
        phase.value = WRITING
        real(path, data)
        phase.value = TRAINING

    files.write = write
    if slow:
        slow_down()
    with (
        open(f"{folder}/said", "w", encoding="utf-8") as said,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        status = main(["train", "tiny"])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command is over, only this process is not
        sys.exit(status)


def slow_down() -> None:
    """A disk on which a write takes its time, so that a kill hits each part of it."""
    fdopen = os.fdopen

    class Slow:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, data: bytes) -> None:
            for i in range(8):
                part = len(data) // 8 + 1
                self.file.write(data[i * part : (i + 1) * part])
                self.file.flush()
                time.sleep(0.001)

    def later(function):
        def wrapped(*arguments):
            time.sleep(0.002)
            out = function(*arguments)
            time.sleep(0.002)
            return out

        return wrapped

    os.fdopen = lambda *arguments: Slow(fdopen(*arguments))
    os.fsync, os.chmod, os.replace = later(os.fsync), later(os.chmod), later(os.replace)


def start(folder: Path, **options) -> tuple:
    """A child that trains, and the phase it is in."""
    phase = CONTEXT.Value("i", BEFORE, lock=False)
    child = CONTEXT.Process(target=train, args=(str(folder), phase), kwargs=options)
    child.start()
    return child, phase


def finished(folder: Path, **options) -> int:
    """The exit status of a training that nobody disturbs."""
    child, _ = start(folder, **options)
    child.join(PATIENCE)
    return child.exitcode


def reference(folder: Path) -> tuple[Path, str]:
    """A folder with an older checkpoint of fewer steps, and the weights that an undisturbed training ends with."""
    whole, older = folder / "whole", folder / "older"
    for place, steps in ((whole, tiny.STEPS), (older, 3)):
        place.mkdir()
        assert finished(place, steps=steps, every=120.0) == 0, (place / "said").read_text(encoding="utf-8")
    return older, tiny.weights(whole)


def kill(child, phase, sign: int, in_write: bool, dice: random.Random) -> bool:
    """Send `sign` at a random moment and wait for the end; False where the child was done before."""
    while phase.value == BEFORE and child.is_alive():
        time.sleep(0.001)
    time.sleep(dice.uniform(0, 0.4))
    if in_write:
        while phase.value != WRITING and child.is_alive():
            time.sleep(0.0002)
        time.sleep(dice.uniform(0, 0.02))
    hit = child.is_alive() and not (in_write and phase.value != WRITING)
    if hit:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, sign)
    child.join(PATIENCE)
    return hit and child.exitcode != 0


def judge(tally: Tally, folder: Path, old: bytes, wanted: str) -> None:
    """What lies there after the fault, and where the next training ends."""
    target = folder / "data/checkpoints/tiny.safetensors.xz"
    if not target.exists():
        tally.lost += 1
    elif target.read_bytes() != old and tiny.weights(folder) != wanted:
        tally.broken += 1
    state = folder / "cache/training/tiny.safetensors"
    tally.broken += state.exists() and not tiny.whole(state)
    tally.broken += sum(not readable(path, folder) for path in (folder / "data").rglob("*.json"))
    status = finished(folder, every=120.0)
    left = [path for path in folder.rglob(".*tiny.*")]
    if status == 0 and tiny.weights(folder) == wanted and not left:
        tally.resumed += 1
    else:
        tally.wrong += 1


def readable(path: Path, folder: Path) -> bool:
    """Whether a JSON file below folder/data is whole; of a result also whether its seal is its own."""
    with mock.patch.dict(os.environ, COURSE_DATA=str(folder / "data")), contextlib.suppress(ValueError):
        return bool(results.read(path.stem) if path.parent.name == "results" else json.loads(path.read_bytes()))
    return False


def stopped_well(child, said: str) -> bool:
    """Whether a training that got Ctrl-C ended as it should: it says so, without a traceback."""
    if child.exitcode == 130 and "Traceback" not in said:
        return True
    print(f"status {child.exitcode}: {said[-2000:]}", file=sys.stderr, flush=True)
    return False


def killed(count: int, folder: Path, sign: int, in_write: bool) -> Tally:
    """`count` trainings that get `sign`, each looked at and then begun again."""
    older, wanted = reference(folder)
    tally, started, dice = Tally(), 0, random.Random(sign * 2 + in_write)
    old = (older / "data/checkpoints/tiny.safetensors.xz").read_bytes()
    while tally.tries < count:
        place = folder / "now"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(older, place)
        child, phase = start(place, slow=in_write)
        started += 1
        if not kill(child, phase, sign, in_write, dice):
            assert started < 20 + 10 * count, "the signal stops no training"
            continue
        tally.tries += 1
        tally.wrong += sign == signal.SIGINT and not stopped_well(child, (place / "said").read_text(encoding="utf-8"))
        judge(tally, place, old, wanted)
    return tally
