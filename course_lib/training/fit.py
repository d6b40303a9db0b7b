"""One training loop for every family. Built in notebook 02."""

import copy
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from .. import runtime
from . import alone, origin
from .batches import Batches, Drawn
from .muon import Muon
from .state import State


@dataclass
class Run:
    """What training gave: the `model`, its averaged twin `ema` (the one to use), the losses and the seconds."""

    model: nn.Module
    ema: nn.Module
    losses: list[float] = field(default_factory=list)
    step: int = 0
    seconds: float = 0.0
    finished: bool = False


def optimizers(model: nn.Module, lr: float, muon: float = 0.0) -> list[torch.optim.Optimizer]:
    """AdamW for everything, or with `muon` > 0 Muon at that rate for the matrices inside `blocks`.

    A part of the model with a `pace` learns at so many times these rates. Source: Muon
    (kellerjordan.github.io/posts/muon), torch's own where bf16 is fast.
    """
    named = dict(model.named_parameters())
    matrices = [n for n, p in named.items() if p.ndim == 2 and n.endswith("weight")]
    inside = [n for n in matrices if muon and "blocks" in n.split(".")]
    paces = {id(p): part.pace for part in model.modules() if hasattr(part, "pace") for p in part.parameters()}

    def groups(names: list[str]) -> list[dict]:
        own = {n: paces.get(id(named[n]), 1.0) for n in names}
        return [{"params": [(n, named[n]) for n in names if own[n] == k], "pace": k} for k in sorted({*own.values()})]

    rest = groups([n for n in named if n not in inside])
    out = [torch.optim.AdamW(rest, lr=float(lr), betas=(0.9, 0.98), weight_decay=0.01, fused=True)]
    kind = torch.optim.Muon if runtime.precision()[0] == torch.bfloat16 else Muon
    return out + ([kind(groups(inside), lr=float(muon), weight_decay=0.01)] if inside else [])


def rate(step: int, steps: int, warmup: int = 100) -> float:
    """Share of the learning rate at `step`: a short warm-up, constant to 60 %, then down to 2 % in a straight line."""
    return min(1.0, (step + 1) / min(warmup, max(1, steps // 10)), 0.02 + 0.98 * (steps - step) / (0.4 * steps))


@torch.no_grad()
def average(ema: nn.Module, model: nn.Module, step: int, decay: float) -> None:
    """Move the running average of the weights; it starts fast so that the first weights are soon forgotten."""
    weight = 1 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(ema.parameters()), list(model.parameters()), weight)
    for ours, theirs in zip(ema.buffers(), model.buffers(), strict=True):
        ours.copy_(theirs)


@contextmanager
def _patience() -> Iterator[list]:
    """Ctrl-C waits in a list until the step is done, so that weights and count agree; a second one does not wait."""
    asked = []

    def note(*_):
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not in the main thread: nobody interrupts here
        yield asked
        return
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)


def fit(
    model: nn.Module,
    loss: Callable,
    batches: Callable[[int], tuple[Tensor, ...]],
    *,
    steps: int,
    lr: float = 1e-3,
    muon: float = 0.0,
    ema: float = 0.995,
    clip: float = 1.0,
    seed: int = 0,
    checkpoint: Path | None = None,
    every: float = 120.0,
    recipe: str = "",
    device: torch.device | str | None = None,
    team=alone,  # or `experiments.several`
    callback: Callable[[Run], None] | None = None,
    progress: bool = True,
) -> Run:
    """Train `model` on `loss(model, batch, generator=…)` for a fixed number of steps, on `device` or the runtime's.

    An interrupt (Ctrl-C, the stop button) keeps what has been trained. With `checkpoint` the whole state is written
    there every `every` seconds and at the end; the same call goes on to the same result, another is refused (`recipe`
    may name it). A model frozen as a whole, as by `load`, is trained as a whole; what is frozen beside others stays.
    """
    steps, seed = _whole(steps), runtime.whole(seed)
    run, opts, scaler = _ready(model.to(device or runtime.device()), lr, muon)
    settings = {"recipe": recipe, "steps": steps, "lr": lr, "muon": muon, "ema": ema, "clip": clip, "seed": seed}
    state, batches = _begun(checkpoint, run, opts, scaler, loss, batches, settings, team)
    start, whole, bar = time.perf_counter() - run.seconds, True, _bar(steps, run, progress and team.first())
    with _patience() as asked:
        try:
            while run.step < steps:
                team.stop_if(asked)
                value = _gradients(run, loss, batches, opts, scaler, clip, seed, team)
                whole = False
                _apply(run, value, opts, scaler, steps, ema)
                whole, run.seconds = True, time.perf_counter() - start
                _report(bar, run, callback)
                if state and time.perf_counter() - state.written > every:
                    state.store()
            run.finished = True
        except KeyboardInterrupt:
            _say(f"interrupted at step {run.step} of {steps}: what has been trained is kept.", bar, team)
        finally:
            bar.close()
            model.eval().zero_grad()
            if state and run.step and whole:
                state.store()
    return run


def _begun(checkpoint, run: Run, opts, scaler, loss, batches, settings: dict, team) -> tuple[State | None, Callable]:
    """Go on where an earlier run stopped; the state to write, of the first process alone, and the batches to take."""
    state = None
    if checkpoint:
        path, batches = Path(checkpoint), batches if isinstance(batches, Batches) else Drawn(batches)
        made = origin.of(run.model, loss, batches.made(again=path.exists()), settings)
        state = State(path, run, opts, scaler, made)
        if path.exists():
            state.restore()
    team.start(run.step, run.model, run.ema)
    return state if team.first() else None, batches


def _ready(model: nn.Module, lr: float, muon: float) -> tuple[Run, list, torch.amp.GradScaler]:
    """A run that begins, with what moves the weights; a model frozen as a whole is freed."""
    if not any(p.requires_grad for p in model.parameters()):
        model.requires_grad_(True)
    run = Run(model.train(), copy.deepcopy(model).eval().requires_grad_(False))
    kind = next(model.parameters()).device.type
    return run, optimizers(model, lr, muon), torch.amp.GradScaler(kind, enabled=runtime.precision()[0] == torch.float16)


def _whole(steps: int) -> int:
    if steps < 1 or steps != int(steps):
        raise ValueError(f"steps={steps} must be a whole number, at least 1.")
    return int(steps)


def _gradients(run: Run, loss, batches, opts, scaler, clip: float, seed: int, team) -> float:
    """Loss and clipped gradients of the next step; the weights are not touched, whatever goes wrong here."""
    device = next(run.model.parameters()).device
    run.model.zero_grad()
    batch = tuple(part.to(device, non_blocking=True) for part in team.rows(batches(run.step)))
    # Noise, times and dropped labels depend on seed and step alone, as the batches do.
    generator = runtime.generator(seed, run.step)
    with runtime.autocast(), team.draws(generator, len(batch[0])):
        value = loss(run.model, batch, generator=generator)
    scaler.scale(value).backward()
    value = team.mean(run.model, value.detach())
    for opt in opts:
        scaler.unscale_(opt)
    norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), clip)
    # In fp16 a gradient may overflow: the scaler then leaves the step out and scales less.
    if not (value.isfinite() and (norm.isfinite() or scaler.is_enabled())):
        raise FloatingPointError(
            f"the loss became {value.item()} and its gradient {norm.item()} at step {run.step}, with "
            f"lr={opts[0].defaults['lr']}. Nothing is lost: try a smaller lr, and look for wrong values in the batches."
        )
    return value.item()


def _apply(run: Run, value: float, opts, scaler, steps: int, ema: float) -> None:
    """Move the weights along their gradients, and their average after them."""
    for opt in opts:
        for group in opt.param_groups:
            group["lr"] = opt.defaults["lr"] * group.get("pace", 1.0) * rate(run.step, steps)
        scaler.step(opt)
    scaler.update()
    average(run.ema, run.model, run.step, ema)
    run.losses.append(value)
    run.step += 1


def _bar(steps: int, run: Run, progress: bool) -> tqdm:
    return tqdm(total=steps, initial=run.step, disable=not progress, leave=False, unit="step", mininterval=1.0)


def _say(text: str, bar: tqdm, team) -> None:
    if team.first():
        bar.write(text)


def _report(bar: tqdm, run: Run, callback: Callable[[Run], None] | None) -> None:
    if run.step % 10 == 0:
        recent = run.losses[-50:]
        bar.set_postfix_str(f"loss {sum(recent) / len(recent):.3f}", refresh=False)
    bar.update()
    if callback is not None:
        callback(run)
