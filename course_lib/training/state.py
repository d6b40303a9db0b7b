"""The whole state of a training run in one safetensors file, so that it can go on after an interrupt."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError

from ..data import files
from . import origin
from .checkpoints import CheckpointError, digest, read, read_header, write


@dataclass
class State:
    """A run with its optimisers and its scaler, in the file `path`; `made` is what `origin.of` says of it."""

    path: Path
    run: object
    opts: list[torch.optim.Optimizer]
    scaler: torch.amp.GradScaler
    made: dict
    written: float = field(default_factory=time.perf_counter)  # seconds on that clock; at first those of the beginning

    def store(self) -> None:
        """Write weights, averaged weights, the optimisers' moments and the state of dropout, atomically."""
        run = self.run
        tensors = {f"model.{k}": v for k, v in run.model.state_dict().items()}
        tensors |= {f"ema.{k}": v for k, v in run.ema.state_dict().items()}
        for n, opt in enumerate(self.opts):
            for p, moments in opt.state_dict()["state"].items():
                tensors |= {f"opt.{n}.{p}.{k}": torch.as_tensor(v) for k, v in moments.items()}
        tensors |= {f"random.{k}": v for k, v in _random().items()}
        header = {"made": self.made, "groups": _groups(self.opts), "scaler": self.scaler.state_dict()}
        header |= {"step": run.step, "seconds": run.seconds, "losses": run.losses}
        write(self.path, tensors, {"training": json.dumps(header), "seal": _seal(tensors, header)})
        self.written = time.perf_counter()

    def restore(self) -> None:
        """Load what `store` wrote into all of these; an error names the file where it does not fit."""
        remedy = "Delete it to start anew."
        try:
            about = read_header(self.path, remedy)
            header, tensors = json.loads(about.get("training", "{}")), read(self.path)
            if about.get("seal") != _seal(tensors, header):
                raise ValueError("its checksum is another")
            origin.compare(self.path, header.get("made", {}), self.made)
            self._load(header, tensors)
        except CheckpointError:
            raise
        except (SafetensorError, RuntimeError, LookupError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(f"{self.path} is not the state of this training ({reason}). {remedy}") from error

    def _load(self, header: dict, tensors: dict[str, torch.Tensor]) -> None:
        run, groups = self.run, header["groups"]
        run.model.load_state_dict(_part(tensors, "model."))
        run.ema.load_state_dict(_part(tensors, "ema."))
        if _names(groups) != _names(_groups(self.opts)):  # torch compares how many there are, not which
            raise ValueError("its optimisers move other weights")
        for n, opt in enumerate(self.opts):
            moments: dict[int, dict] = {}
            for key, value in _part(tensors, f"opt.{n}.").items():
                p, name = key.split(".", 1)
                moments.setdefault(int(p), {})[name] = value
            opt.load_state_dict({"state": moments, "param_groups": groups[n]})
        if self.scaler.is_enabled() and header.get("scaler"):
            self.scaler.load_state_dict(header["scaler"])
        for kind, random in _part(tensors, "random.").items():
            if kind in _random():
                (torch.cuda if kind == "cuda" else torch).set_rng_state(random)
        run.step, run.seconds, run.losses = header["step"], header["seconds"], header["losses"]


def _groups(opts: list[torch.optim.Optimizer]) -> list[list[dict]]:
    """Settings and names of the weights of each group of each optimiser."""
    return [opt.state_dict()["param_groups"] for opt in opts]


def _names(groups: list[list[dict]]) -> list[list[list[str]]]:
    return [[group["param_names"] for group in each] for each in groups]


def _seal(tensors: dict[str, torch.Tensor], header: dict) -> str:
    """sha256 of everything: a run that goes on with a flipped bit would end elsewhere, and nobody would know."""
    return files.sha256((digest(tensors) + json.dumps(header, sort_keys=True)).encode())


def _random() -> dict[str, torch.Tensor]:
    """The global generators' state, on which dropout depends: a run that goes on must drop what it would have."""
    return {"cpu": torch.get_rng_state()} | ({"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {})


def _part(tensors: dict, prefix: str) -> dict:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
