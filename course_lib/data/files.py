"""Pictures in memory, and the files that ship with the course: read only after their checksum is right.

Nothing here unpickles or runs what it reads. Built in notebook 01.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from course_lib import runtime

CHECKSUMS = "checksums.json"


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures with their labels: `pixels` uint8 [N, C, H, W], `labels` [N] (kept as int64), `names` one a class.

    `captions` is one string a picture or None; `extra` holds further columns, each a list or tensor of N.
    Built in notebook 01.
    """

    pixels: torch.Tensor
    labels: torch.Tensor
    captions: list[str] | None = None
    names: list[str] = field(default_factory=list)
    extra: dict[str, list | torch.Tensor] = field(default_factory=dict)

    def __post_init__(self):
        pixels, labels = self.pixels, self.labels
        if not isinstance(pixels, torch.Tensor) or pixels.dtype != torch.uint8:
            kind = getattr(pixels, "dtype", type(pixels).__name__)
            raise ValueError(f"pixels must be a uint8 tensor, got {kind}. Round to 0..255 and call .to(torch.uint8).")
        if pixels.ndim != 4 or pixels.shape[1] not in (1, 3) or 0 in pixels.shape[2:]:
            raise ValueError(
                f"pixels must have shape [N, C, H, W] with 1 or 3 channels, got {list(pixels.shape)}. Grey pictures "
                "[N, H, W] need pixels[:, None]."
            )
        whole = isinstance(labels, torch.Tensor) and not (labels.is_floating_point() or labels.is_complex())
        if not whole or labels.dtype == torch.bool:
            kind = getattr(labels, "dtype", type(labels).__name__)
            raise ValueError(f"labels must be a tensor of whole numbers, got {kind}. Call .long() on it.")
        labels = labels.long()
        object.__setattr__(self, "labels", labels)  # frozen: whatever came, from here on it is int64
        if labels.shape != pixels.shape[:1]:
            raise ValueError(f"labels must have shape [{len(pixels)}], one a picture, got {list(labels.shape)}.")
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < len(self.names):
            raise ValueError(
                f"labels run from {int(labels.min())} to {int(labels.max())}, but names lists {len(self.names)} "
                "classes. Count labels from 0 and give each class a name."
            )
        columns = {f"extra[{key!r}]": column for key, column in self.extra.items()}
        for name, column in {"captions": self.captions, **columns}.items():
            if column is not None and len(column) != len(pixels):
                raise ValueError(f"{name} has {len(column)} entries for {len(pixels)} pictures. Give one a picture.")

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index) -> "Pictures":
        """The pictures at `index`: a number, a slice, a list of numbers, or a tensor of numbers or of booleans."""
        rows = self._rows(index)

        def pick(column):
            return column[rows] if isinstance(column, torch.Tensor) else column and [column[i] for i in rows.tolist()]

        extra = {key: pick(column) for key, column in self.extra.items()}
        return Pictures(self.pixels[rows], self.labels[rows], pick(self.captions), self.names, extra)

    def _rows(self, index) -> torch.Tensor:
        """`index` as an int64 tensor of row numbers: what NumPy makes of it, if that is one row of them."""
        try:
            rows = np.arange(len(self))[index.tolist() if isinstance(index, torch.Tensor) else index]
        except IndexError as error:
            raise IndexError(f"index={index!r} does not fit: there are {len(self)} pictures ({error}).") from None
        if rows.ndim > 1:
            raise IndexError(f"index={index!r} must be a number or one row of them.")
        return torch.from_numpy(np.atleast_1d(rows).copy())

    def floats(self) -> torch.Tensor:
        """Pixels as float32 in [-1, 1], [N, C, H, W]: black is -1, white is 1."""
        return self.pixels.float() / 127.5 - 1


def idx(raw: bytes) -> torch.Tensor:
    """The tensor in `raw`, an IDX file (MNIST's format): uint8, or int32 widened to int64."""
    kind, rank = np.dtype({0x08: ">u1", 0x0C: ">i4"}[raw[2]]), raw[3]
    shape = np.frombuffer(raw, ">u4", rank, 4).tolist()
    array = np.frombuffer(raw, kind, offset=4 + 4 * rank).reshape(shape)
    return torch.from_numpy(array.astype(np.uint8 if kind.itemsize == 1 else np.int64))


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def write(path: Path, data: bytes) -> None:
    """Write `data` to `path` all at once: a reader sees the old file or the whole new one, never half of it."""
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException as error:
        if part is not None:
            Path(part).unlink(missing_ok=True)
        if isinstance(error, OSError):
            remedy = "What was there before is untouched: make room, or get the right to write there, and try again."
            raise OSError(error.errno, f"{path} could not be written ({error.strerror or error}). {remedy}") from None
        raise


def sweep(path: Path) -> None:
    """Remove what writes to `path` left beside it when their processes were killed; nobody may be writing now."""
    for part in path.parent.glob(f".{path.name}.*"):
        part.unlink(missing_ok=True)


def checksums() -> dict[str, str]:
    """Path under `data/` -> SHA-256, for every picture, caption and checkpoint file that ships."""
    path = runtime.data_dir() / CHECKSUMS
    remedy = f"Get it back with `git checkout -- data/{CHECKSUMS}`, or point COURSE_DATA at the course's data folder."
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing. {remedy}") from None
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}). {remedy}") from None


def shipped(name: str) -> bytes:
    """The bytes of `data/name`, checksum verified; OSError or ValueError name the file and the remedy."""
    path, known = runtime.data_dir() / name, checksums()
    remedy = f"Get it back with `git checkout -- data/{name}`, or download the course again."
    if name not in known:
        raise ValueError(f"{name} is not listed in {CHECKSUMS}. It lists: {', '.join(known) or 'nothing'}.")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing. {remedy}") from None
    except OSError as error:
        raise OSError(f"{path} cannot be read ({error.strerror or error}). {remedy}") from None
    if sha256(raw) != known[name]:
        raise ValueError(f"{path} is cut or altered: its checksum is not the one in {CHECKSUMS}. {remedy}")
    return raw


def verify() -> list[tuple[str, bool, str]]:
    """(file, ok, message) for every shipped file: message is its size, or what is wrong and the remedy."""
    rows = []
    for name in checksums():
        try:
            rows.append((name, True, f"{len(shipped(name)):,} bytes"))
        except (OSError, ValueError) as error:
            rows.append((name, False, str(error)))
    return rows
