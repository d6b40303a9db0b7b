"""Weights on disk: safetensors with a JSON header, written atomically, read with suspicion. Built in notebook 02."""

import hashlib
import json
import lzma
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, deserialize
from safetensors.torch import load as parse
from safetensors.torch import save as serialise
from torch import nn

from .. import networks, runtime
from ..data import files
from .rounding import packed, unpacked


class CheckpointError(ValueError):
    """A weight file that can't be used; the message names the file and the remedy."""


def folder() -> Path:
    """Where the shipped checkpoints lie."""
    return runtime.data_dir() / "checkpoints"


def path_of(name: str) -> Path:
    """Where the checkpoint `name` lies or would: under xz, as the course ships it, or plain, as others write them."""
    path = folder() / f"{name}.safetensors.xz"
    return path.with_suffix("") if path.with_suffix("").exists() and not path.exists() else path


def names() -> list[str]:
    """What checkpoints there are."""
    return sorted({path.name.split(".")[0] for end in ("", ".xz") for path in folder().glob(f"*.safetensors{end}")})


def write(path: Path, tensors: dict[str, torch.Tensor], header: dict[str, str]) -> None:
    """Write a safetensors file, under xz where `path` ends so; at any moment the old or the whole new one is there."""
    # Copies, as safetensors refuses weights that share memory (tied ones, views).
    whole = {k: v.detach().to("cpu", copy=True).contiguous() for k, v in tensors.items()}
    raw = serialise(whole, header)
    files.write(Path(path), lzma.compress(raw, preset=9) if path.suffix == ".xz" else raw)


def read(path: Path) -> dict[str, torch.Tensor]:
    """All tensors of a safetensors file, in memory of their own: Windows replaces no file that is memory-mapped."""
    return parse(_bytes(path))


def _bytes(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def digest(tensors: dict[str, torch.Tensor]) -> str:
    """sha256 of all weights in the order of their names: one flipped bit changes it."""
    out = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        out.update(name.encode())
        out.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return out.hexdigest()


def read_header(path: Path, remedy: str | None = None) -> dict[str, str]:
    """The strings in the header of a safetensors file that is whole."""
    remedy = _remedy(path) if remedy is None else remedy
    try:
        raw = _bytes(path)
        deserialize(raw)
        return json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")]).get("__metadata__") or {}
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing. {remedy}") from None
    except (SafetensorError, lzma.LZMAError, OSError) as error:
        raise CheckpointError(f"{path} is not a whole safetensors file ({error}). {remedy}") from None


def save(path: Path, model: nn.Module, header: dict, dtype: str = "int8") -> None:
    """Ship `model` with its class, its config and `header` (recipe, seconds, numbers …) as JSON.

    `dtype` is "int8" (matrices and kernels with one scale a row, the rest in bf16) or "bf16".
    """
    config = {"network": type(model).__name__, "config": asdict(model.config)}
    tensors = packed(model.state_dict(), dtype)
    write(path, tensors, {"course": sealed({**config, **header, "dtype": dtype, "weights": digest(tensors)})})


def header(name: str) -> dict:
    """The header of the checkpoint `name`: network, config, recipe, code version, seconds, hardware, numbers."""
    path = path_of(name)
    if not path.exists():
        known = ", ".join(names()) or "none"
        raise CheckpointError(f"no checkpoint is called {name!r} in {folder()}; there are: {known}.")
    text = read_header(path).get("course")
    if text is None:
        raise CheckpointError(f"{path} has no course header: it is some other safetensors file. {_remedy(path)}")
    try:
        about = json.loads(text)
        if not isinstance(about.get("config"), dict):
            raise ValueError("it has no config")
        if about.get("seal") != _seal(about):
            raise ValueError("its checksum is another")
        if about.get("recipe", name) != name:
            raise ValueError(f"it is {about['recipe']}, under another name")
    except (ValueError, AttributeError) as error:
        raise CheckpointError(f"{path} has a damaged course header ({error}). {_remedy(path)}") from None
    return about


def load(name: str) -> nn.Module:
    """The shipped model `name`, in fp32 on the runtime's device, ready to sample: frozen, until `fit` trains it on."""
    about, path = header(name), path_of(name)
    known = {"Autoencoder", "BlockTransformer", "Classifier", "Joint", "MultiScale", "PixelCNN", "Transformer", "UNet"}
    if about.get("network") not in known:
        raise CheckpointError(
            f"{path} holds a {about.get('network')!r}; known are {', '.join(sorted(known))}. {_remedy(path)}"
        )
    try:
        config = {k: tuple(v) if isinstance(v, list) else v for k, v in about["config"].items()}
        config = getattr(networks, about["network"] + "Config")(**config)
        stored, build = read(path), getattr(networks, about["network"])
        with torch.device("meta"):  # shapes alone, for an altered config may ask for more memory than there is
            wanted = _shapes(build(config).state_dict())
        weights = unpacked(stored)
        if _shapes(weights) != wanted:
            raise ValueError("the config asks for other weights than the file holds")
        if digest(stored) != about.get("weights", digest(stored)):
            raise ValueError("the checksum of its weights is not the one in its header")
        model = build(config)
        model.load_state_dict(weights)
    except (SafetensorError, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not fit its own header ({str(error)[:200]}). {_remedy(path)}") from None
    broken = [k for k, v in model.state_dict().items() if v.is_floating_point() and not v.isfinite().all()]
    if broken:
        raise CheckpointError(f"{path} holds numbers that are not finite, in {broken[0]}. {_remedy(path)}")
    return model.eval().requires_grad_(False).to(runtime.device())


def _shapes(weights: dict[str, torch.Tensor]) -> dict[str, tuple]:
    return {k: (v.shape, v.is_floating_point()) for k, v in weights.items()}


def shipped(name: str) -> nn.Module:
    """`load`, kept in memory as long as the file and the device stay the same: to be used, not changed."""
    path = path_of(name)
    return _kept(name, path, path.stat().st_mtime_ns if path.exists() else 0, str(runtime.device()))


@lru_cache(maxsize=4)
def _kept(name: str, *_) -> nn.Module:
    return load(name)


def _seal(about: dict) -> str:
    """sha256 of a course header: an altered config would make the same weights another model."""
    text = json.dumps({k: v for k, v in about.items() if k != "seal"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(about: dict) -> str:
    """A course header as text, with its seal."""
    return json.dumps({**about, "seal": _seal(about)})


def _remedy(path: Path) -> str:
    name = path.name.split(".")[0]
    return f"Get it back with `git checkout -- {path.name}` in its folder, or make it with `course train {name}`."
