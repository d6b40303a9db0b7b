"""Weight, state and data files that were cut, flipped, swapped, given other shapes, or are a pickle in disguise."""

import itertools
import json
import lzma
import os
import pickle
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import load_file, save_file

from course_lib import data, runtime, training
from course_lib.data import files
from course_lib.experiments.shipping import to_idx
from course_lib.training import RECIPES, checkpoints, fit
from faults import tiny
from faults.tally import Tally

BIT = 1000  # every 1,000th bit is flipped


def cut(raw: bytes, count: int) -> Iterator[bytes]:
    """`raw` cut at `count` places, the ends among them."""
    dice = random.Random(0)
    for n in [0, 1, len(raw) - 1, *(dice.randrange(len(raw)) for _ in range(count - 3))][:count]:
        yield raw[:n]


def flipped(raw: bytes, count: int) -> Iterator[bytes]:
    """`raw` with one bit flipped: every 1,000th, or `count` of those spread over the file."""
    places = range(7, 8 * len(raw), BIT)
    for place in places[:: max(1, -(-len(places) // count))]:
        out = bytearray(raw)
        out[place // 8] ^= 1 << place % 8
        yield bytes(out)


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def pickles(folder: Path, count: int) -> Iterator[bytes]:
    """A bomb in every protocol of pickle, and as torch saves it, whole and inside a model's weights."""
    bomb = Bomb(folder / "exploded")
    kinds = [pickle.dumps(bomb, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for thing, new in itertools.product((bomb, {"weights": torch.ones(2), "more": bomb}), (True, False)):
        torch.save(thing, folder / "bomb", _use_new_zipfile_serialization=new)
        kinds.append((folder / "bomb").read_bytes())
    yield from itertools.islice(itertools.cycle(kinds), count)


def tried(tally: Tally, use: Callable[[], bool], path: Path, remedies: tuple[str, ...], exploded: Path) -> None:
    """Use a damaged file once: an error that names it and the remedy, or the right thing (`use` says whether)."""
    tally.tries += 1
    try:
        right = use()
    except (ValueError, OSError) as error:
        clear = path.name in str(error) and any(remedy in str(error) for remedy in remedies)
        tally.errors += clear
        tally.wrong += not clear
    else:
        tally.resumed += right
        tally.wrong += not right
    tally.executed += exploded.exists()


def checkpoint(folder: Path) -> tuple[Path, Callable[[], bool]]:
    """A small checkpoint in `folder`, and whether loading it gives the model that was saved."""
    path, model = folder / "data/checkpoints/tiny.safetensors", tiny.denoiser(torch.float32)
    training.save(path, model, {"recipe": "tiny"})
    wanted = training.load("tiny").state_dict()

    def use() -> bool:
        loaded = training.load("tiny")
        same = all(torch.equal(weight, wanted[name]) for name, weight in loaded.state_dict().items())
        return same and loaded.config == model.config

    return path, use


def state(folder: Path) -> tuple[Path, Callable[[], bool]]:
    """The state of a training after 3 of 4 steps, and whether going on ends where an undisturbed one does."""
    path = folder / "cache/training/tiny.safetensors"
    pictures = tiny.pictures("train", False)
    batches = training.Batches(pictures.floats(), pictures.labels, 8)

    def run(**options) -> training.Run:
        torch.manual_seed(0)
        recipe = RECIPES["tiny"]
        return fit(recipe.build(), recipe.loss, batches, muon=0.02, progress=False, steps=4, **options)

    def stop(run) -> None:
        if run.step == 3:
            raise KeyboardInterrupt

    wanted = run().losses
    run(checkpoint=path, callback=stop)
    raw = path.read_bytes()

    def use() -> bool:
        try:
            return run(checkpoint=path).losses == wanted
        finally:
            path.write_bytes(raw)

    return path, use


def shapes(path: Path, count: int) -> Iterator[bytes]:
    """The checkpoint with one tensor of another shape, sealed as if it were meant."""
    tensors, raw = load_file(path), path.read_bytes()
    about = json.loads(checkpoints.read_header(path)["course"])
    for name in itertools.islice(itertools.cycle(tensors), count):
        changed = tensors | {name: torch.zeros(*tensors[name].shape, 2, dtype=torch.bfloat16)}
        text = {k: v for k, v in about.items() if k != "seal"} | {"weights": checkpoints.digest(changed)}
        save_file(changed, path, {"course": checkpoints.sealed(text)})
        yield path.read_bytes()
        path.write_bytes(raw)


def weights(count: int, folder: Path, kind: str) -> Tally:
    """`kind` of damage to a checkpoint, `shapes` aside also to the state of a training."""
    tally = Tally()
    tiny.register()
    places = {"COURSE_DATA": str(folder / "data"), "COURSE_CACHE": str(folder / "cache"), "COURSE_PRECISION": "fp32"}
    with mock.patch.dict(os.environ, places):
        for make in (checkpoint, state) if kind != "shapes" else (checkpoint,):
            path, use = make(folder)
            raw = path.read_bytes()
            kinds = {"cut": lambda raw=raw: cut(raw, count), "flipped": lambda raw=raw: flipped(raw, count)}
            kinds |= {"pickles": lambda: pickles(folder, count), "shapes": lambda path=path: shapes(path, count)}
            for bad in kinds[kind]():
                path.write_bytes(bad)
                tried(tally, use, path, ("course train tiny", "Delete it to start anew"), folder / "exploded")
    return tally


def swapped(count: int, folder: Path) -> Tally:
    """Shipped checkpoints, each under the name of another."""
    tally, real = Tally(), checkpoints.folder()
    names = checkpoints.names()
    pairs = list(itertools.permutations(names, 2))
    (folder / "checkpoints").mkdir()
    with mock.patch.dict(os.environ, COURSE_DATA=str(folder)):
        for this, other in random.Random(0).sample(pairs, min(count, len(pairs))):
            path = folder / "checkpoints" / f"{this}.safetensors.xz"
            shutil.copy(real / f"{other}.safetensors.xz", path)
            tried(tally, lambda this=this: bool(training.load(this)) and False, path, ("git checkout",), folder / "no")
            path.unlink()
    return tally


def other_shape(raw: bytes, count: int) -> Iterator[bytes]:
    """Labels as an IDX file of other shapes, compressed as they should be."""
    labels = files.idx(lzma.decompress(raw))
    for n in range(count):
        yield lzma.compress(to_idx(labels.view(-1, 2 ** (n % 4 + 1)) if n % 2 else labels[: -n - 1]))


def pictures(count: int, folder: Path, kind: str) -> Tally:
    """`kind` of damage to the validation pictures (`shapes`: their labels); `swapped`: other files in place."""
    tally, real = Tally(), runtime.data_dir()
    shutil.copytree(real / "fashion", folder / "data/fashion")
    shutil.copy(real / files.CHECKSUMS, folder / "data" / files.CHECKSUMS)
    path = folder / f"data/fashion/validation-{'labels' if kind == 'shapes' else 'pixels'}.idx.xz"
    raw, others = path.read_bytes(), sorted(path.parent.glob("*.xz"))
    kinds = {"cut": lambda: cut(raw, count), "flipped": lambda: flipped(raw, count)}
    kinds |= {"pickles": lambda: pickles(folder, count), "shapes": lambda: other_shape(raw, count)}
    kinds["swapped"] = lambda: (other.read_bytes() for other in others[:count] if other != path)
    with mock.patch.dict(os.environ, COURSE_DATA=str(folder / "data")):
        wanted = data.load("fashion", "validation")

        def use() -> bool:
            found = data.load("fashion", "validation")
            return torch.equal(found.labels, wanted.labels) and torch.equal(found.pixels, wanted.pixels)

        for bad in kinds[kind]():
            path.write_bytes(bad)
            tried(tally, use, path, ("git checkout",), folder / "exploded")
    return tally
