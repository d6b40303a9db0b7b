"""The whole state of a training run in one safetensors file, so that it can go on after an interrupt."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from .checkpoints import CheckpointError, read_header, write


def store(path: Path, run, opts: list[torch.optim.Optimizer]) -> None:
    """Write weights, averaged weights and the optimisers' moments, atomically."""
    tensors = {f"model.{k}": v for k, v in run.model.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in run.ema.state_dict().items()}
    for n, opt in enumerate(opts):
        for p, moments in opt.state_dict()["state"].items():
            tensors |= {f"opt.{n}.{p}.{k}": torch.as_tensor(v) for k, v in moments.items()}
    header = {"step": run.step, "seconds": run.seconds, "losses": [round(x, 5) for x in run.losses]}
    write(path, tensors, {"training": json.dumps(header)})


def restore(path: Path, run, opts: list[torch.optim.Optimizer]) -> None:
    """Load what `store` wrote into `run` and `opts`; an error names the file where it does not fit."""
    header = json.loads(read_header(path).get("training", "{}"))
    try:
        tensors = load_file(path)
        run.model.load_state_dict(_part(tensors, "model."))
        run.ema.load_state_dict(_part(tensors, "ema."))
        for n, opt in enumerate(opts):
            moments: dict[int, dict] = {}
            for key, value in _part(tensors, f"opt.{n}.").items():
                p, name = key.split(".", 1)
                moments.setdefault(int(p), {})[name] = value
            opt.load_state_dict({"state": moments, "param_groups": opt.state_dict()["param_groups"]})
        run.step, run.seconds, run.losses = header["step"], header["seconds"], header["losses"]
    except (RuntimeError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not the state of this training ({error}). Delete it to start anew."
        ) from error


def _part(tensors: dict, prefix: str) -> dict:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
