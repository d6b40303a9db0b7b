"""Two trainings of one recipe at once, and a clock that is set back."""

import itertools
import random
import shutil
import signal
import time
from pathlib import Path

from faults import killed
from faults.tally import Tally


def two_at_once(count: int, folder: Path) -> Tally:
    """While one trains, the same command says who does; the first ends as if alone, or dies and leaves no lock."""
    older, wanted = killed.reference(folder)
    old, tally, dice = (older / "data/checkpoints/tiny.safetensors.xz").read_bytes(), Tally(), random.Random(0)
    while tally.tries < count:
        place, beside = folder / "now", folder / "beside"
        for path in (place, beside):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(older, place)
        beside.mkdir()
        for name in ("data", "cache"):
            (beside / name).symlink_to(place / name)
        child, phase = killed.start(place, slow=True)
        while phase.value == killed.BEFORE and child.is_alive():
            time.sleep(0.001)
        time.sleep(dice.uniform(0.02, 0.2))
        status = killed.finished(beside)
        if not child.is_alive():
            continue
        tally.tries += 1
        said = (beside / "said").read_text(encoding="utf-8")
        if status != 1 or f"process {child.pid}" not in said or "is under way already" not in said:
            tally.wrong += 1
        if tally.tries % 2:
            child.kill()
        child.join(killed.PATIENCE)
        killed.judge(tally, place, old, wanted)
    return tally


def _set_back(folder: str, phase, dice: random.Random) -> None:
    """A training on a machine whose clock jumps back by up to a year, again and again."""
    import tqdm.std

    real = time.time

    def now() -> float:
        return real() - dice.uniform(0, 365 * 86400)

    time.time = tqdm.std.time = now
    killed.train(folder, phase, every=0.05)


def clock_set_back(count: int, folder: Path) -> Tally:
    """Trainings under such a clock, stopped by Ctrl-C and begun again, end where an undisturbed one does."""
    older, wanted = killed.reference(folder)
    old, tally, dice = (older / "data/checkpoints/tiny.safetensors.xz").read_bytes(), Tally(), random.Random(0)
    for seed in itertools.count():
        if tally.tries == count:
            return tally
        assert seed < 20 + 10 * count, "the signal stops no training"
        place = folder / "now"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(older, place)
        phase = killed.CONTEXT.Value("i", killed.BEFORE, lock=False)
        child = killed.CONTEXT.Process(target=_set_back, args=(str(place), phase, random.Random(seed)))
        child.start()
        if not killed.kill(child, phase, signal.SIGINT, False, dice):
            continue
        tally.tries += 1
        tally.wrong += not killed.stopped_well(child, (place / "said").read_text(encoding="utf-8"))
        killed.judge(tally, place, old, wanted)
    return tally
