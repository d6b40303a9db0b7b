"""What becomes part of `data/`: files in the form in which they ship, and the note of their checksums."""

import json
from pathlib import Path

import numpy as np
import torch

from .. import runtime
from ..data.files import CHECKSUMS, checksums, sha256, write
from ..training import checkpoints


def to_idx(tensor: torch.Tensor) -> bytes:
    """`tensor` (uint8, or int64 that fits 32 bits) as the bytes of an IDX file, the inverse of `files.idx`."""
    code, kind = (0x08, ">u1") if tensor.dtype == torch.uint8 else (0x0C, ">i4")
    header = bytes([0, 0, code, tensor.ndim]) + np.array(tensor.shape, ">u4").tobytes()
    return header + np.ascontiguousarray(tensor.numpy()).astype(kind).tobytes()


def record(*paths: Path) -> None:
    """Note the checksums of `paths` (files under `data/`, new or rewritten) in `data/checksums.json`."""
    root = runtime.data_dir()
    known = checksums() if (root / CHECKSUMS).exists() else {}
    known |= {Path(path).relative_to(root).as_posix(): sha256(Path(path).read_bytes()) for path in paths}
    write(root / CHECKSUMS, (json.dumps(dict(sorted(known.items())), indent=1) + "\n").encode())


def annotate(name: str, more: dict) -> None:
    """Add to the header of the shipped checkpoint `name`; the weights stay as they are."""
    path, about = checkpoints.path_of(name), checkpoints.header(name)
    tensors = checkpoints.read(path)
    about |= more | {"weights": checkpoints.digest(tensors)}
    checkpoints.write(path, tensors, {"course": checkpoints.sealed(about)})
