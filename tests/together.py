"""What tests/test_several.py starts with `accelerate launch`: every family of networks trained by several processes."""

import contextlib
import io
import json
import os
import sys
from pathlib import Path

import torch

STEPS, STOP = 12, 7


def trainings(folder: Path) -> dict:
    """Losses and last weights of each case; then two resumed trainings: one begun elsewhere, one left unfinished."""
    from test_training import CASES, case, quietly, stop_at

    from course_lib.data import files
    from course_lib.experiments import several

    written, write = [], files.write
    files.write = lambda path, data: (written.append(path.name), write(path, data))
    out = {}
    for name in CASES:
        model, loss, batches, muon = case(name)
        run = quietly(model, loss, batches, steps=STEPS, muon=muon, seed=5, team=several.team())
        weights = torch.cat([p.detach().flatten() for p in run.ema.parameters()])
        out[name] = {"losses": run.losses, "weights": weights.tolist()}
    model, loss, batches, muon = case("denoiser, muon")
    begun = folder / "begun.safetensors"
    if begun.exists():
        out["resumed"] = quietly(
            model, loss, batches, steps=STEPS, muon=muon, seed=5, team=several.team(), checkpoint=begun
        ).losses
    model, *_ = case("denoiser, muon")
    left = folder / "left.safetensors"
    quietly(
        model,
        loss,
        batches,
        steps=STEPS,
        muon=muon,
        seed=5,
        team=several.team(),
        checkpoint=left,
        callback=stop_at(STOP),
    )
    return out | {"written": written}


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
        found = trainings(Path(sys.argv[1]))
    rank = os.environ.get("RANK", "alone")
    (Path(sys.argv[1]) / f"{rank}.json").write_text(json.dumps(found | {"said": said.getvalue()}), encoding="utf-8")
