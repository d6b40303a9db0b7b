"""training: batches, the loop and its interrupts, averaged weights, weights on disk, recipes."""

import copy
import json
import math
import os
import pickle
import signal
import threading
from dataclasses import asdict, replace
from functools import partial, wraps
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tiny import autoencoder, denoiser, pixelcnn, shaken, tokens, transformer
from torch import nn

from course_lib import data, runtime, training
from course_lib.__main__ import main
from course_lib.data import emoji, files
from course_lib.experiments import lock, repeat
from course_lib.experiments.shipping import annotate
from course_lib.methods import autoencoding, autoregressive, flow, masked, next_scale
from course_lib.networks import (
    Autoencoder,
    BlockTransformer,
    Classifier,
    ClassifierConfig,
    MultiScale,
    MultiScaleConfig,
    PixelCNN,
    Transformer,
    UNet,
)
from course_lib.training import (
    RECIPES,
    Batches,
    CheckpointError,
    Reading,
    Recipe,
    checkpoints,
    fit,
    inputs,
    losses,
    origin,
    rounding,
)
from course_lib.training.fit import Run, average, optimizers, rate
from course_lib.training.muon import Muon
from course_lib.training.recipes import dialogues
from course_lib.training.state import State


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    """Data and cache of their own, products in fp32 whatever the machine has, no bar."""
    monkeypatch.setenv("COURSE_PRECISION", "fp32")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def quietly(*arguments, **options) -> Run:
    return fit(*arguments, **{"progress": False, "lr": 1e-2} | options)


def numbers(n: int = 24, seed: int = 0) -> Batches:
    """Twenty-four vectors of four numbers."""
    return Batches(torch.randn(n, 4, generator=torch.Generator().manual_seed(seed)), torch.arange(n) % 3, size=8)


def square(model, batch, *, aim=1.0, generator=None):
    """A loss with noise of its own, so that resuming must get that right too."""
    return (model(batch[0] + torch.randn(batch[0].shape, generator=generator)) - aim).square().mean()


def linear() -> nn.Module:
    torch.manual_seed(0)
    return nn.Linear(4, 2)


def same(ours: nn.Module, theirs: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True))


# Batches


@given(n=st.integers(1, 40), size=st.integers(1, 40), seed=st.integers(0, 9), epoch=st.integers(0, 5))
def test_an_epoch_shows_every_picture_once(n, size, seed, epoch):
    if size > n:
        with pytest.raises(ValueError, match=rf"size={size} must lie in 1\.\.{n}"):
            Batches(torch.arange(n), torch.arange(n), size, seed)
        return
    batches, each = Batches(torch.arange(n), torch.arange(n) + 100, size, seed), n // size
    parts = [batches(epoch * each + i) for i in range(each)]
    x = torch.cat([x for x, _ in parts])
    assert torch.equal(torch.cat([labels for _, labels in parts]), x + 100)  # each keeps its own label
    assert len(x) == each * size and len(x.unique()) == len(x)  # what is left over waits for another epoch
    again = Batches(torch.arange(n), torch.arange(n) + 100, size, seed)
    assert torch.equal(again(epoch * each)[0], parts[0][0])


def test_epochs_and_seeds_have_orders_of_their_own():
    batches = [Batches(torch.arange(40), torch.arange(40), 40, seed) for seed in (0, 1)]
    orders = [tuple(b(epoch)[0].tolist()) for b in batches for epoch in (0, 1)]
    assert len(set(orders)) == 4


def test_bytes_become_tokens_and_floats_stay():
    labels = torch.zeros(4, dtype=torch.long)
    assert Batches(torch.zeros(4, 2, dtype=torch.uint8), labels, 2)(0)[0].dtype == torch.long
    assert Batches(torch.zeros(4, 2), labels, 2)(0)[0].dtype == torch.float32


def test_batches_that_cannot_be_are_refused():
    for x, labels, size in ((4, 4, 0), (4, 3, 2), (0, 0, 1)):
        with pytest.raises(ValueError, match=rf"size={size} must lie in 1\.\.{x}, and labels \({labels}\)"):
            Batches(torch.zeros(x), torch.zeros(labels), size)


# Learning rate, averaged weights, optimisers


@given(steps=st.integers(1, 5000))
def test_the_rate_warms_up_holds_and_falls(steps):
    rates = [rate(step, steps) for step in range(steps)]
    assert 0 < min(rates) and max(rates) <= 1
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1]) and rates[top:] == sorted(rates[top:], reverse=True)
    if steps >= 1000:
        assert rates[0] == 0.01 and rates[99] == rates[steps // 2] == 1.0
        assert rates[-1] < 0.03


def test_weights_that_stand_still_are_their_own_average():
    model = Classifier(ClassifierConfig(width=2, features=4))
    ema = copy.deepcopy(model)
    for step in (0, 5, 10_000):
        average(ema, model, step, 0.999)
    assert same(ema, model)


def test_the_average_forgets_where_it_started():
    model, ema = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    nn.init.zeros_(ema.weight)
    left = 1.0  # share of the first weights: the product of min(decay, (1 + n) / (10 + n))
    for step in range(100):
        average(ema, model, step, 0.999)
        left *= min(0.999, (1 + step) / (10 + step))
        assert abs(ema.weight.item() - (1 - left)) < 1e-5  # fp32
    assert left < 1e-10  # a plain average with 0.999 would still hold 90 %


def test_the_average_takes_buffers_as_they_are():
    model = nn.BatchNorm1d(3)
    ema = copy.deepcopy(model)
    model(torch.randn(8, 3))
    average(ema, model, 500, 0.9)
    assert torch.equal(ema.running_mean, model.running_mean) and ema.num_batches_tracked == 1


@pytest.mark.parametrize("shape", [(24, 8), (8, 24), (16, 16)])
def test_our_muon_does_what_torchs_does_but_for_the_rounding_of_bf16(shape):
    start, moved = torch.randn(shape, generator=torch.Generator().manual_seed(0)), {}
    for kind in (torch.optim.Muon, Muon):
        p, generator = torch.nn.Parameter(start.clone()), torch.Generator().manual_seed(1)
        opt = kind([p], lr=0.02, weight_decay=0.01)
        for _ in range(4):
            p.grad = torch.randn(shape, generator=generator)
            opt.step()
        moved[kind] = p.detach() - start
        assert set(opt.state[p]) == {"momentum_buffer"}  # a state of one goes on under the other
    theirs, ours = moved.values()
    assert (ours - theirs).norm() < 0.02 * theirs.norm()


def test_muon_rounds_nothing_where_bf16_is_slow(monkeypatch):
    model = transformer(torch.float32)
    for dtype, kind in ((torch.bfloat16, torch.optim.Muon), (torch.float32, Muon), (torch.float16, Muon)):
        monkeypatch.setattr(runtime, "precision", lambda dtype=dtype: (dtype, "pretended"))
        assert type(optimizers(model, lr=1e-3, muon=0.02)[1]) is kind


def test_muon_takes_the_matrices_of_blocks_and_adam_the_rest():
    for model in (transformer(torch.float32), denoiser(torch.float32)):
        adam, muon = optimizers(model, lr=1e-3, muon=0.02)
        assert isinstance(adam, torch.optim.AdamW) and isinstance(muon, torch.optim.Muon)
        names = {id(p): name for name, p in model.named_parameters()}
        by_muon, by_adam = (
            [names[id(p)] for group in opt.param_groups for p in group["params"]] for opt in (muon, adam)
        )
        assert sorted(by_muon + by_adam) == sorted(names.values())  # each once
        wanted = ("attention.qkv", "attention.out", "mlp.up", "mlp.down")
        assert sorted(by_muon) == sorted(f"blocks.{i}.{part}.weight" for i in range(2) for part in wanted)
    assert len(optimizers(transformer(torch.float32), lr=1e-3)) == 1
    assert len(optimizers(pixelcnn(torch.float32), lr=1e-3, muon=0.02)) == 1  # no blocks


def test_a_muon_step_turns_without_stretching():
    steps = []
    for scale in (1.0, 1000.0):
        model = nn.Module()
        model.blocks, model.head = nn.ModuleList([nn.Linear(24, 24, bias=False)]), nn.Linear(1, 1)
        nn.init.zeros_(model.blocks[0].weight)
        _, muon = optimizers(model, lr=1.0, muon=1.0)
        gradient = torch.randn(24, 24, generator=torch.Generator().manual_seed(0))
        model.blocks[0].weight.grad = gradient * scale
        muon.step()
        steps.append(model.blocks[0].weight.detach())
    stretch = torch.linalg.svdvals(steps[0])
    assert 0.3 < stretch.min() and stretch.max() < 1.3  # five Newton-Schulz steps in bf16 go about to 1, not quite
    torch.testing.assert_close(steps[0], steps[1], atol=0.02, rtol=0)  # bf16


# The loop


def test_training_goes_down_and_says_what_it_did():
    seen = []
    run = quietly(linear(), square, numbers(), steps=60, callback=lambda run: seen.append(run.step))
    assert run.finished and run.step == 60 and len(run.losses) == 60 and seen == list(range(1, 61))
    assert sum(run.losses[-10:]) < 0.8 * sum(run.losses[:10])
    assert run.seconds > 0 and not run.model.training and not run.ema.training
    assert not any(p.requires_grad for p in run.ema.parameters()) and not same(run.model, run.ema)
    assert all(p.grad is None for p in run.model.parameters())


def test_the_past_can_be_copied_and_noise_cannot():
    # Rows of one repeated level: only the first is unknown, log 4 of 6 tokens. Independent levels: log 4 of each.
    levels, rows = 4, 512
    repeated, independent = tokens(rows, (1,), levels).repeat(1, 6), tokens(rows, (6,), levels)
    for x, floor in ((repeated, math.log(4) / 6), (independent, math.log(4))):
        torch.manual_seed(0)
        model = Transformer(transformer(grid=(1, 6), tokens=levels, classes=0, depth=1).config)
        run = quietly(
            model, autoregressive.loss, Batches(x, torch.zeros(rows, dtype=torch.long), 64), steps=120, muon=0.02
        )
        value = sum(run.losses[-20:]) / 20
        # 512 random rows of 6 can be learnt by heart a little, and the loss is still falling a little.
        assert floor - 0.05 < value < floor + 0.05


def test_a_run_is_repeated_by_its_seed():
    runs = [quietly(linear(), square, numbers(), steps=5, seed=seed) for seed in (0, 0, 1)]
    assert runs[0].losses == runs[1].losses != runs[2].losses
    assert same(runs[0].model, runs[1].model)


def test_every_step_has_noise_of_its_own():
    def noises(seed):
        seen = []

        def loss(model, batch, *, generator=None):
            seen.append(torch.rand(1, generator=generator).item())
            return model(batch[0]).square().mean()

        quietly(linear(), loss, numbers(), steps=8, seed=seed)
        return seen

    assert noises(0) == noises(0)
    assert len({*noises(0), *noises(1)}) == 16


def scales(sides: tuple[int, ...], count: int) -> MultiScale:
    return shaken(MultiScale(MultiScaleConfig(sides, count, 3)), 1.0, torch.float32)


CASES = {
    "transformer, muon": (lambda: transformer(torch.float32), partial(autoregressive.loss, drop=0.3), 0.02),
    "pixelcnn": (lambda: pixelcnn(torch.float32), partial(autoregressive.loss, drop=0.3), 0.0),
    "denoiser, muon": (lambda: denoiser(torch.float32), partial(flow.loss, drop=0.3), 0.02),
    "transformer, three labels": (
        lambda: transformer(torch.float32, context=3),
        partial(autoregressive.loss, drop=0.3),
        0.0,
    ),
    "masked, muon": (lambda: transformer(torch.float32, groups=(12,)), partial(masked.loss, drop=0.3), 0.02),
    "next scale, muon": (
        lambda: transformer(torch.float32, grid=(2, 2), groups=(1, 4), vector=3),
        partial(next_scale.loss, pyramid=scales((1, 2), 4), drop=0.3),
        0.02,
    ),
    "codebook": (lambda: scales((1, 2, 4), 6), next_scale.pyramid_loss, 0.0),
    "autoencoder, with statistics": (autoencoder, autoencoding.loss, 0.0),
    "classifier, with dropout": (lambda: Classifier(ClassifierConfig(width=2, features=4)), losses.classify, 0.0),
}


def case(name: str) -> tuple:
    make, loss, muon = CASES[name]
    torch.manual_seed(3)
    model, labels = make(), torch.arange(20) % 3
    shapes = {"denoiser": (1, 8, 8), "classifier": (1, 28, 28), "autoencoder": (1, 8, 8), "codebook": (3, 4, 4)}
    x = tokens(20, (3, 4), 4)
    if name.split(",")[0] in shapes:
        x = torch.randn(20, *shapes[name.split(",")[0]], generator=torch.Generator().manual_seed(0))
    if name.startswith("next scale"):
        x = tokens(20, (5,), 4)
    if "three labels" in name:
        labels = tokens(20, (3,), 3)
    return model, loss, Batches(x, labels, 6), muon


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", CASES)
def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(name, precision, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PRECISION", precision)
    model, loss, batches, muon = case(name)
    whole = quietly(model, loss, batches, steps=12, muon=muon, seed=5)
    stops, path = {1, 2, 7, 11}, tmp_path / "unfinished.safetensors"

    def stop(run):
        if run.step in stops:
            stops.remove(run.step)
            raise KeyboardInterrupt

    for attempt in range(5):
        model, *_ = case(name)
        if attempt:
            torch.manual_seed(attempt)  # a new process has another global seed
        run = quietly(model, loss, batches, steps=12, muon=muon, seed=5, checkpoint=path, callback=stop)
        assert run.finished == (attempt == 4)
    assert run.step == 12 and run.losses == whole.losses
    assert same(run.model, whole.model) and same(run.ema, whole.ema)
    assert run.seconds > 0


@settings(max_examples=10)
@given(st.sets(st.integers(1, 14), max_size=5))
def test_a_run_may_be_interrupted_anywhere(tmp_path_factory, stops):
    path, left = tmp_path_factory.mktemp("run") / "unfinished.safetensors", set(stops)

    def stop(run):
        if run.step in left:
            left.remove(run.step)
            raise KeyboardInterrupt

    runs = [
        quietly(linear(), square, numbers(), steps=15, checkpoint=path, callback=stop) for _ in range(len(stops) + 1)
    ]
    assert [run.step for run in runs] == [*sorted(stops), 15]
    assert same(runs[-1].ema, quietly(linear(), square, numbers(), steps=15).ema)


def test_ctrl_c_waits_for_the_end_of_the_step(capsys):
    before, calls = signal.getsignal(signal.SIGINT), []

    def pressed(model, batch, *, generator=None):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return square(model, batch, generator=generator)

    run = quietly(linear(), pressed, numbers(), steps=9)
    assert run.step == len(run.losses) == len(calls) == 3 and not run.finished
    assert same(run.model, quietly(linear(), square, numbers(), steps=9, callback=stop_at(3)).model)
    assert "interrupted at step 3 of 9: what has been trained is kept" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before


def stop_at(step: int):
    def stop(run):
        if run.step == step:
            raise KeyboardInterrupt

    return stop


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    path, calls = tmp_path / "unfinished.safetensors", []

    @wraps(square)
    def stuck(model, batch, *, generator=None):
        calls.append(1)
        for _ in range(2 if len(calls) == 3 else 0):
            os.kill(os.getpid(), signal.SIGINT)
        return square(model, batch, generator=generator)

    run = quietly(linear(), stuck, numbers(), steps=9, checkpoint=path)
    assert run.step == 2 and not run.finished
    again = quietly(linear(), square, numbers(), steps=9, checkpoint=path)
    assert same(again.model, quietly(linear(), square, numbers(), steps=9).model)


def test_ctrl_c_in_the_last_step_finishes():
    run = quietly(
        linear(), square, numbers(), steps=3, callback=lambda r: r.step == 3 and os.kill(os.getpid(), signal.SIGINT)
    )
    assert run.finished


def test_training_works_outside_the_main_thread():
    runs = []
    thread = threading.Thread(target=lambda: runs.append(quietly(linear(), square, numbers(), steps=3)))
    thread.start()
    thread.join()
    assert runs[0].finished


@pytest.mark.parametrize("kind", ["loss", "gradient"])
def test_a_loss_that_is_no_number_stops_and_loses_nothing(kind, tmp_path):
    path, model = tmp_path / "unfinished.safetensors", linear()

    @wraps(square)
    def bad(model, batch, *, generator=None):
        value = square(model, batch, generator=generator)
        if len(steps) == 3:
            zero = (model.weight * 0).sum()
            value = value * math.nan if kind == "loss" else value + zero.sqrt()  # the root's slope at 0 is infinite
        steps.append(1)
        return value

    steps = []
    with pytest.raises(FloatingPointError, match=r"the loss became .* at step 3, with lr=0\.01.*smaller lr"):
        quietly(model, bad, numbers(), steps=9, checkpoint=path)
    assert same(model, quietly(linear(), square, numbers(), steps=9, callback=stop_at(3)).model)
    again = quietly(model, square, numbers(), steps=9, checkpoint=path)
    assert again.finished and same(again.model, quietly(linear(), square, numbers(), steps=9).model)


def test_a_training_state_is_written_now_and_then(monkeypatch, tmp_path):
    path, there = tmp_path / "unfinished.safetensors", []
    quietly(
        linear(), square, numbers(), steps=4, checkpoint=path, every=0, callback=lambda _: there.append(path.exists())
    )
    assert there == [False, True, True, True]


@pytest.mark.parametrize("steps", [0, -1, 1.5])
def test_steps_that_are_none_are_named(steps):
    with pytest.raises(ValueError, match=f"^steps={steps} must be a whole number, at least 1"):
        quietly(linear(), square, numbers(), steps=steps)


def test_a_state_that_does_not_fit_is_named(tmp_path):
    path = tmp_path / "unfinished.safetensors"
    quietly(linear(), square, numbers(), steps=4, checkpoint=path)
    with pytest.raises(CheckpointError, match=r"unfinished\.safetensors is not the state of this training.*Delete it"):
        quietly(nn.Linear(4, 3), square, numbers(), steps=4, checkpoint=path)
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:20], b"", b"\0" * 200):
        path.write_bytes(broken)
        with pytest.raises(CheckpointError, match=r"unfinished\.safetensors is not a whole.*Delete it to start anew"):
            quietly(linear(), square, numbers(), steps=4, checkpoint=path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="is not the state of this training.*Delete it"):
        quietly(linear(), square, numbers(), steps=4, checkpoint=path)


def unfinished(path, **options) -> Run:
    """A training of four steps, stopped after the second."""
    return quietly(linear(), square, numbers(), steps=4, checkpoint=path, callback=stop_at(2), **options)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("loss", {"loss": partial(square, aim=2.0)}),
        ("loss", {"loss": partial(square, aim=nn.Linear(1, 1))}),
        ("batches", {"batches": numbers(seed=1)}),
        ("batches", {"batches": lambda step: numbers()(step)}),
        ("batch size", {"batches": replace(numbers(), size=4)}),
        ("batch seed", {"batches": replace(numbers(), seed=1)}),
        ("model", {"model": nn.Sequential(nn.Linear(4, 2))}),
        *((name, {name: value}) for name, value in {"steps": 8, "lr": 0.02, "muon": 0.1, "ema": 0.9}.items()),
        *((name, {name: value}) for name, value in {"clip": 2.0, "seed": 3, "recipe": "other"}.items()),
    ],
)
def test_the_state_of_another_training_is_refused(name, change, tmp_path):
    path = tmp_path / "unfinished.safetensors"
    unfinished(path)
    before, call = path.read_bytes(), {"model": linear(), "loss": square, "batches": numbers(), "steps": 4} | change
    says = (
        rf"unfinished\.safetensors is the state of another training \(.*{name} was .* and is .*\): delete it to start"
    )
    with pytest.raises(CheckpointError, match=rf"{says} anew, or call with the same .*{name}"):
        quietly(**call, checkpoint=path)
    assert path.read_bytes() == before
    again = quietly(linear(), square, numbers(), steps=4, checkpoint=path)
    assert same(again.ema, quietly(linear(), square, numbers(), steps=4).ema)


def test_a_state_that_does_not_say_what_made_it_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "unfinished.safetensors"
    with monkeypatch.context() as old:
        old.setattr(origin, "of", lambda *_: {})
        unfinished(path)
    with pytest.raises(CheckpointError, match="lr was not recorded and is 0.01"):
        unfinished(path)


def test_a_loss_is_described_alike_in_every_process():
    described = origin.said(partial(square, [1, None], drop=0.1, how=square, by={"b": 2, "a": object()}))
    where = f"{__name__}.square"
    assert described == f"{where}([1, None], by={{a=builtins.object, b=2}}, drop=0.1, how={where})"
    assert origin.said(linear()) == origin.said(linear()) != origin.said(nn.Linear(4, 2))
    assert origin.said(torch.zeros(2)) != origin.said(torch.ones(2))


def drawn(generator):
    """Batches that no two calls give twice."""
    return lambda step: (torch.randn(8, 4, generator=generator), torch.zeros(8))


@pytest.mark.parametrize("make", [lambda: torch.Generator().manual_seed(0), lambda: None])
def test_batches_that_are_drawn_anew_are_not_used_up_by_a_look(make, tmp_path):
    path = tmp_path / "unfinished.safetensors"
    plain, watched = (
        quietly(linear(), square, drawn(make()), steps=4, checkpoint=where).losses for where in (None, path)
    )
    assert watched == plain
    path.unlink()
    batches = drawn(make())
    assert quietly(linear(), square, batches, steps=4, checkpoint=path, callback=stop_at(2)).losses == plain[:2]
    assert quietly(linear(), square, batches, steps=4, checkpoint=path).finished  # from where they have come to


def test_any_callable_is_told_by_its_first_batch(tmp_path):
    path, calls = tmp_path / "unfinished.safetensors", []

    def batches(step, scale=1.0):
        calls.append(step)
        x, labels = numbers()(step)
        return x * scale, labels

    whole = quietly(linear(), square, batches, steps=4)
    run = quietly(linear(), square, batches, steps=4, checkpoint=path, callback=stop_at(2))
    assert calls == [0, 1, 2, 3, 0, 1]
    with pytest.raises(CheckpointError, match="batches was .* and is "):
        quietly(linear(), square, partial(batches, scale=2.0), steps=4, checkpoint=path)
    run = quietly(linear(), square, batches, steps=4, checkpoint=path)
    assert run.losses == whole.losses and same(run.ema, whole.ema)


@pytest.mark.parametrize(("then", "now"), [(0.02, 0.0), (0.0, 0.02)])
def test_moments_never_land_in_other_weights(then, now, tmp_path):
    path, states = tmp_path / "state.safetensors", []
    for muon in (then, now):
        model = transformer(torch.float32)
        run = Run(model, copy.deepcopy(model))
        states.append(State(path, run, optimizers(model, 1e-3, muon), torch.amp.GradScaler("cpu", enabled=False), {}))
    states[0].store()
    states[0].restore()
    with pytest.raises(CheckpointError, match="its optimisers move other weights"):
        states[1].restore()


def test_settings_of_the_optimiser_are_those_it_began_with(tmp_path):
    path, model = tmp_path / "state.safetensors", linear()
    states = [
        State(path, Run(model, model), optimizers(model, 1e-3), torch.amp.GradScaler("cpu", enabled=False), {})
        for _ in range(2)
    ]
    states[0].opts[0].param_groups[0]["weight_decay"] = 0.5
    states[0].store()
    states[1].restore()
    assert states[1].opts[0].param_groups[0]["weight_decay"] == 0.5


class Tied(nn.Module):
    """An embedding that is its own read-out, and a parameter that is a view of another."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.out = nn.Embedding(5, 4), nn.Linear(4, 5)
        self.out.weight = self.embed.weight
        self.bias = nn.Parameter(torch.zeros(6))
        self.part = nn.Parameter(self.bias.detach()[1:5])

    def forward(self, x):
        return self.out(self.embed(x) + self.part + self.bias[:4])


def test_weights_that_share_memory_are_kept_and_go_on(tmp_path):
    path, batches = tmp_path / "unfinished.safetensors", Batches(tokens(24, (3,), 5), torch.zeros(24), 8)

    def loss(model, batch, *, generator=None):
        return nn.functional.cross_entropy(model(batch[0]).flatten(0, 1), batch[0].flatten())

    whole = quietly(Tied(), loss, batches, steps=6)
    assert quietly(Tied(), loss, batches, steps=6, checkpoint=path, callback=stop_at(3)).step == 3
    run = quietly(Tied(), loss, batches, steps=6, checkpoint=path)
    assert run.losses == whole.losses and same(run.model, whole.model) and same(run.ema, whole.ema)
    for model in (run.model, run.ema):
        assert model.out.weight is model.embed.weight
    assert run.model.part.data_ptr() == run.model.bias[1:].data_ptr()


def test_a_loaded_model_can_be_trained_on():
    saved(make=pixelcnn)
    loaded, x = training.load("model"), tokens(8, (3, 4), 4)
    run = quietly(loaded, autoregressive.loss, Batches(x, torch.zeros(8, dtype=torch.long), 4), steps=3)
    assert run.finished and not same(run.model, training.load("model"))
    assert all(p.requires_grad for p in run.model.parameters()) and not any(
        p.requires_grad for p in run.ema.parameters()
    )


def test_what_is_frozen_beside_others_stays_so():
    model = linear()
    model.weight.requires_grad_(False)
    before = model.weight.clone()
    run = quietly(model, square, numbers(), steps=3, muon=0.02)
    assert torch.equal(run.model.weight, before) and not run.model.weight.requires_grad
    assert not torch.equal(run.model.bias, linear().bias)


@pytest.mark.parametrize("seed", [2**80, -1, 1_764_000_000_000_000_000, np.int32(7), np.uint8(200)])
def test_any_whole_number_is_a_seed(seed, tmp_path):
    path, batches = tmp_path / "unfinished.safetensors", replace(numbers(), seed=seed)
    whole = quietly(linear(), square, batches, steps=4, seed=seed)
    quietly(linear(), square, batches, steps=4, seed=int(seed), checkpoint=path, callback=stop_at(2))
    run = quietly(linear(), square, batches, steps=4, seed=seed, checkpoint=path)
    assert run.losses == whole.losses != quietly(linear(), square, numbers(), steps=4).losses


def test_a_seed_that_is_no_whole_number_is_named():
    for make in (lambda: replace(numbers(), seed=0.5), lambda: quietly(linear(), square, numbers(), steps=1, seed=0.5)):
        with pytest.raises(ValueError, match=r"^seed=0\.5 must be a whole number"):
            make()


# Weights on disk


def saved(name: str = "model", make=transformer, dtype: str = "int8", **header):
    path = checkpoints.folder() / f"{name}.safetensors"
    model = make(torch.float32)
    training.save(path, model, header, dtype)
    return path, model


def free(path) -> bool:
    """Whether nobody holds the file: Windows would not let it be replaced; elsewhere what can be seen is asked."""
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    here = str(path.resolve())
    os.replace(other, path)
    seen = [maps.read_text(encoding="utf-8") for maps in (Path("/proc/self/maps"),) if maps.exists()]
    seen += [os.path.realpath(each) for each in Path("/proc/self/fd").glob("*")]
    return not any(here in each for each in seen)


def test_no_file_is_held_while_it_may_be_replaced(monkeypatch, tmp_path):
    path, (shipped, _) = tmp_path / "unfinished.safetensors", saved()
    write, freed = files.write, []

    def watched(path, data):
        freed.append(not path.exists() or free(path))
        write(path, data)

    monkeypatch.setattr(files, "write", watched)
    annotate("model", {"more": 1})
    kept = training.load("model"), checkpoints.read(shipped), checkpoints.read_header(shipped)
    assert free(shipped) and all(kept)
    unfinished(path)
    run = quietly(
        linear(), square, numbers(), steps=4, checkpoint=path, every=0, callback=lambda _: freed.append(free(path))
    )
    assert run.finished and len(freed) > 5 and all(freed)


@pytest.mark.parametrize(
    "make",
    [
        transformer,
        denoiser,
        pixelcnn,
        lambda _: Classifier(ClassifierConfig(width=2)),
        lambda _: transformer(torch.float32, grid=(4, 4), groups=(1, 4, 16), vector=3),
        lambda _: autoencoder(),
        lambda _: scales((1, 2, 4), 6),
    ],
    ids=["transformer", "denoiser", "pixelcnn", "classifier", "pyramid", "autoencoder", "codebook"],
)
@pytest.mark.parametrize("dtype", ["bf16", "int8"])
def test_weights_come_back_as_they_were_in_few_bits(make, dtype):
    path, model = saved(make=make, dtype=dtype, recipe="model", seconds=3)
    loaded = training.load("model")
    assert type(loaded) is type(model) and loaded.config == model.config
    for name, weight in loaded.state_dict().items():
        wanted = model.state_dict()[name]
        assert weight.dtype == wanted.dtype
        if dtype == "int8" and wanted.ndim > 1 and wanted[0].numel() > 4:
            row = wanted.flatten(1).abs().amax(1) / 127
            # Half a step of the scale, which has 8 bits.
            assert ((weight - wanted).flatten(1).abs() <= 0.5 * (1 + 2**-8) * row[:, None]).all()
        else:
            assert torch.equal(weight, wanted.bfloat16().float() if wanted.is_floating_point() else wanted)
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    assert loaded.state_dict().keys() == model.state_dict().keys()
    assert training.header("model")["recipe"] == "model" and training.header("model")["seconds"] == 3
    assert training.header("model")["config"] == json.loads(json.dumps(asdict(model.config)))
    assert training.header("model")["dtype"] == dtype
    before = path.read_bytes()
    training.save(path, loaded, {"recipe": "model", "seconds": 3}, dtype)
    assert path.read_bytes() == before  # what was rounded once is rounded to itself


@given(st.data())
def test_rounding_twice_is_rounding_once(data):
    shape, power = data.draw(st.tuples(st.integers(0, 4), st.integers(5, 9))), data.draw(st.integers(-30, 30))
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(data.draw(st.integers(0, 999)))) * 10.0**power
    weight[:1] *= data.draw(st.integers(0, 1))  # a row of zeros, now and then
    once = rounding.packed({"w": weight}, "int8")
    twice = rounding.packed(rounding.unpacked(once), "int8")
    assert once.keys() == twice.keys() and all(torch.equal(once[k], twice[k]) for k in once)
    if len(weight):
        steps = (rounding.unpacked(once)["w"] - weight).abs() / once["w.scale"].clamp(min=1e-45)[:, None]
        assert steps.max() <= 0.5 + 1e-4  # in fp32, of up to 127 steps


def test_int8_takes_a_quarter():
    make = lambda dtype: transformer(dtype, width=64, depth=4)  # noqa: E731
    path, model = saved(make=make, dtype="bf16", recipe="model")
    wide, about = path.stat().st_size, training.header("model")
    checkpoints.save(path, training.load("model"), {"recipe": "model"})
    size = 4 * sum(p.numel() for p in model.parameters())
    assert path.stat().st_size < 0.3 * size < wide
    assert (about["dtype"], training.header("model")["dtype"]) == ("bf16", "int8")
    stored = checkpoints.read(path)
    assert stored["position"].dtype == stored["head.weight"].dtype == torch.int8
    assert stored["position.scale"].dtype == torch.float32 and stored["position.scale"].shape == (12,)
    assert all(v.dtype != torch.int8 for v in stored.values() if v.ndim < 2)


def test_a_dtype_that_is_none_is_named():
    with pytest.raises(ValueError, match="^dtype='fp8' must be one of bf16, int8"):
        saved(dtype="fp8")


def test_bytes_without_a_scale_for_each_row_are_refused():
    path, _ = saved()
    tensors = load_file(path)
    for changed, says in (
        ({k: v for k, v in tensors.items() if k != "position.scale"}, "other weights than the file holds"),
        (tensors | {"position.scale": torch.ones(1)}, "position does not have one scale a row"),
        (tensors | {"position": tensors["position"].bfloat16()}, "other weights than the file holds"),
    ):
        rewritten(path, lambda about: about, changed)
        refused(says)


def test_a_loaded_model_answers_as_the_saved_one():
    _, model = saved(make=pixelcnn, dtype="bf16")
    rounded = copy.deepcopy(model).bfloat16().float()
    x, labels = tokens(2, (3, 4)), torch.tensor([0, 3])
    assert torch.equal(training.load("model")(x, labels), rounded(x, labels))


@pytest.mark.parametrize("dtype", ["bf16", "int8"])
def test_a_header_can_be_added_to(dtype):
    path, _ = saved(recipe="model", dtype=dtype)
    before = load_file(path)
    annotate("model", {"metrics": {"bits_per_dim": 2.9}})
    after = load_file(path)
    assert (
        training.header("model")["metrics"] == {"bits_per_dim": 2.9} and training.header("model")["recipe"] == "model"
    )
    assert all(torch.equal(before[k], after[k]) for k in before | after)
    assert training.header("model")["dtype"] == dtype
    training.load("model")


def refused(says: str, name: str = "model") -> None:
    """`load` must refuse, naming the file and the remedy."""
    with pytest.raises(CheckpointError, match=says) as error:
        training.load(name)
    assert f"{name}.safetensors" in str(error.value)
    assert "git checkout -- " in str(error.value) and f"course train {name}" in str(error.value)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(CheckpointError, match="no checkpoint is called 'nobody'.*there are: none"):
        training.load("nobody")
    saved("one")
    saved("two")
    with pytest.raises(CheckpointError, match="'nobody'.*there are: one, two"):
        training.load("nobody")


@settings(max_examples=25)
@given(st.data())
def test_a_truncated_file_is_refused(data):
    path, _ = saved()
    raw = path.read_bytes()
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])
    refused("is not a whole safetensors file")


@settings(max_examples=150)
@given(st.data())
def test_a_flipped_bit_is_refused_wherever_it_is(data):
    path, model = saved(recipe="model", make=pixelcnn, dtype=data.draw(st.sampled_from(rounding.DTYPES)))
    model = training.load("model")
    raw = bytearray(path.read_bytes())
    header = 8 + int.from_bytes(raw[:8], "little")
    at = data.draw(st.one_of(st.integers(0, header - 1), st.integers(header, len(raw) - 1)))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    try:
        loaded = training.load("model")
    except CheckpointError as error:
        assert "model.safetensors" in str(error) and "course train model" in str(error)
    else:  # a space in the header became another, or the seal lost its name: model and header are what they were
        assert loaded.config == model.config and training.header("model")["recipe"] == "model"
        assert same(loaded, model)


def rewritten(path, change, tensors=None) -> None:
    """Write the file anew with another course header (or other weights), sealed as if it were meant."""
    about = change(json.loads(checkpoints.read_header(path)["course"]))
    about.pop("seal", None)
    tensors = tensors or load_file(path)
    about["weights"] = checkpoints.digest(tensors)
    save_file(tensors, path, {"course": checkpoints.sealed(about)})


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"width": 32}, "does not fit its own header.*other weights than the file holds"),
        ({"width": 10**6}, "other weights"),  # and is not even tried: it would take terabytes
        ({"depth": 3}, "other weights"),
        ({"tokens": 6}, "other weights"),
        ({"heads": 3}, "width=16 must be divisible by heads=3"),
        ({"heads": 0}, "does not fit its own header"),
        ({"grid": [4, 4]}, "other weights"),
        ({"grid": 12}, "does not fit its own header"),
        ({"width": "wide"}, "does not fit its own header"),
        ({"depth": None}, "does not fit its own header"),
        ({"flavour": 1}, "does not fit its own header.*flavour"),
    ],
)
def test_a_config_of_another_model_is_refused(config, says):
    path, _ = saved()
    rewritten(path, lambda about: about | {"config": about["config"] | config})
    refused(says)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda about: about | {"network": "PixelCNN"}, "does not fit its own header"),
        (
            lambda about: about | {"network": "system"},
            "holds a 'system'; known are Autoencoder, BlockTransformer, Classifier, Joint, MultiScale, Pix",
        ),
        (lambda about: {k: v for k, v in about.items() if k != "network"}, "holds a None"),
        (lambda about: {k: v for k, v in about.items() if k != "config"}, "damaged course header.*no config"),
        (lambda about: about | {"config": [1]}, "damaged course header.*no config"),
    ],
)
def test_a_header_of_something_else_is_refused(change, says):
    path, _ = saved()
    rewritten(path, change)
    refused(says)


def test_an_altered_header_is_refused():
    path, _ = saved(make=lambda dtype: transformer(dtype, grid=(3, 4)), recipe="model")
    about = json.loads(checkpoints.read_header(path)["course"])
    about["config"]["grid"] = [4, 3]  # the same weights on another grid: another model
    save_file(load_file(path), path, {"course": json.dumps(about)})
    refused("damaged course header.*checksum")
    for text in ("{", "[]", '"word"', "null"):
        save_file(load_file(path), path, {"course": text})
        refused("damaged course header")


def test_weights_of_another_shape_or_name_are_refused():
    path, _ = saved()
    tensors = load_file(path)
    for changed in (
        tensors | {"position": torch.zeros(3, 16)},
        tensors | {"more": torch.zeros(1)},
        {k: v for k, v in tensors.items() if k != "position"},
    ):
        rewritten(path, lambda about: about, changed)
        refused("other weights than the file holds")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers_are_refused(value):
    for name in ("position.scale", "blocks.0.attention.qkv.weight.scale"):
        path, _ = saved()
        tensors = load_file(path)
        tensors[name][2] = value
        rewritten(path, lambda about: about, tensors)
        refused(f"holds numbers that are not finite, in {name.removesuffix('.scale')}")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", ["bf16", "int8"])
def test_a_model_that_is_broken_is_refused_in_any_dtype(value, dtype):
    def broken(dtype):
        model = transformer(dtype)
        model.position.data[2, 3] = value
        return model

    saved(make=broken, dtype=dtype)
    refused("holds numbers that are not finite, in position")


def test_altered_weights_are_refused():
    path, _ = saved()
    tensors, text = load_file(path), checkpoints.read_header(path)
    tensors["position"][2, 3] += 1
    save_file(tensors, path, text)
    refused("checksum of its weights is not the one in its header")


class Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("write", [lambda bomb, path: path.write_bytes(pickle.dumps(bomb)), torch.save])
def test_a_pickle_in_disguise_is_refused_and_never_run(write, folders):
    target = folders / "exploded"
    path, _ = saved()
    write(Bomb(target), path)
    refused("is not a whole safetensors file")
    assert not target.exists()


def test_another_safetensors_file_is_refused():
    path, _ = saved()
    save_file({"a": torch.zeros(2)}, path)
    refused("has no course header: it is some other safetensors file")


@pytest.mark.parametrize("step", ["fsync", "replace", "chmod"])
def test_a_write_that_fails_leaves_the_old_file(monkeypatch, step):
    path, _ = saved(recipe="model")
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, step, full)
    with pytest.raises(OSError, match="No space left"):
        saved(recipe="model", make=pixelcnn)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]  # and nothing half-written beside it


# Recipes


def blank(n: int = 4) -> data.Pictures:
    pixels = torch.randint(256, (n, 1, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    return data.Pictures(pixels, torch.arange(n) % 10, None, [str(i) for i in range(10)])


@pytest.fixture
def shipped(monkeypatch):
    """The pictures and checkpoints that ship, for recipes that build on others."""
    monkeypatch.setenv("COURSE_DATA", str(runtime.ROOT / "data"))
    yield


def vocabulary(name: str, model: nn.Module) -> int:
    """How many tokens a model may choose from: never the mask."""
    if isinstance(model, PixelCNN):
        return model.config.levels
    c = model.config
    return c.outputs - (RECIPES[name].family == "masked" or isinstance(model, BlockTransformer))


def some(name: str) -> data.Pictures:
    """Four pictures of the recipe's kind."""
    splits = {"emoji": "validation", "scenes": "validation", "signs": "held"}
    return data.load(name, splits[name])[[0, 1, 2, 3]] if name in splits else blank()


SINGLE = [name for name in RECIPES if name not in dialogues.RECIPES]  # those of conversations are in test_joint.py


@pytest.mark.parametrize("name", SINGLE)
def test_every_recipe_builds_and_has_a_finite_loss_at_the_start(name, shipped):
    recipe = RECIPES[name]
    model, pictures = recipe.build(), some(recipe.data)
    x, labels = recipe.reads.encode(pictures), recipe.labels(pictures)
    if recipe.start is not None:
        recipe.start(model, x)
    batch = Batches(x, labels, 2)(0)
    with torch.no_grad():
        value = recipe.loss(recipe.trained(model), batch, generator=torch.Generator().manual_seed(0)).item()
    assert math.isfinite(value)
    c = model.config
    if isinstance(model, PixelCNN) or (isinstance(model, Transformer) and c.tokens):
        assert abs(value - math.log(vocabulary(name, model))) < 1e-5  # log K, in fp32
    elif recipe.critic:
        assert value > 0.05  # the critic's share
    elif recipe.untrained and isinstance(model, Transformer):
        assert value < 0.05  # it starts as its teacher, and strides change nothing yet
    elif recipe.start is None and isinstance(model, Transformer | UNet):
        # Zero velocity: 1 + E x²; 1,568 squares have a standard error of about 4 %.
        wanted = 1 + batch[0].square().mean().item()
        assert abs(value - wanted) < 0.2 * wanted
    elif isinstance(model, MultiScale):
        assert value < 0.9 * len(c.scales) * batch[0].square().mean().item()  # k-means is better than nothing
    assert sum(p.numel() for p in model.parameters()) * 2 < 4e6  # bytes in bf16: what may ship


@pytest.mark.parametrize("name", SINGLE)
def test_operations_are_those_of_the_matrices_and_of_attention(name, shipped):
    counted, model = repeat.flops_per_picture(name), RECIPES[name].build()
    c = model.config
    if isinstance(model, BlockTransformer):
        blocks, T = RECIPES[name].loss.keywords["blocks"], c.length
        # Labels, what is clean and, all of it, what is written: the last block is nowhere read clean.
        S = [c.context + (T - 1) // block * block + T for block in blocks]
        matrices = sum(p.numel() for b in model.blocks for p in b.parameters() if p.ndim == 2)
        wanted = sum(3 * (2 * matrices * s + 4 * c.depth * c.width * s**2) for s in S) / len(S)
        assert wanted < counted < 1.5 * wanted  # beside the head
    elif isinstance(model, Transformer):
        T, S = c.length, c.length + (max(c.context - 1, 0) if c.causal else c.context)  # label tokens are read too
        matrices = sum(p.numel() for b in model.blocks for p in b.parameters() if p.ndim == 2 and len(p) > 6)
        ends = (c.outputs - c.masks) * c.width + (model.read.weight.numel() if c.vector else 0)
        attention = 4 * c.depth * c.width * (S * (S + 1) // 2 if c.causal else S * S)
        passes = 3 if not RECIPES[name].untrained else 5 if not RECIPES[name].critic else 5 + 9.5
        wanted = passes * (2 * matrices * S + 2 * ends * T + attention)
        # The rest is time and modulation, once a picture, and the table of what tokens mean, once a batch.
        least = (
            0.6 if RECIPES[name].untrained and RECIPES[name].batches else 1
        )  # a teacher without guidance is asked once
        taught = RECIPES[name].teachers and not RECIPES[name].untrained  # to have a time a place: modulation for each
        most = 1.1 if taught else 1.05 if len(c.factors) > 1 else 1.02
        assert least * wanted <= counted < most * wanted
    elif isinstance(model, PixelCNN):
        assert counted > 3 * 2 * 784 * sum(m.weight.numel() for m in model.layers.modules() if isinstance(m, nn.Conv2d))
    elif isinstance(model, Autoencoder):
        sizes = []
        for part in model.modules():
            if isinstance(part, nn.Conv2d):
                part.register_forward_hook(lambda m, _, y: sizes.append(2 * m.weight.numel() * y[0, 0].numel()))
        model(torch.zeros(1, c.channels, c.size, c.size))
        assert counted == 3 * sum(sizes)
    elif isinstance(model, MultiScale):
        assert counted == 3 * 2 * sum(model.groups) * c.count * c.dim  # every place against every code
    else:
        assert counted > 0


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_recipe_uses_is_a_recipe_before_it(name):
    before = list(RECIPES)[: list(RECIPES).index(name)]
    for used in RECIPES[name].uses:
        assert used in before and set(RECIPES[used].uses) <= set(RECIPES[name].uses)  # everything is charged


# What pictures become, and how models draw

DRAWERS = [name for name in SINGLE if RECIPES[name].sample]


@pytest.mark.parametrize("name", DRAWERS)
def test_every_family_draws_by_one_line_from_any_model_like_the_shipped_one(name, shipped):
    recipe, generator = RECIPES[name], torch.Generator().manual_seed(0)
    model, dials, words = recipe.build().to(runtime.device()).eval(), {}, (2, 10) if recipe.data == "emoji" else (2,)
    if recipe.passes > 50:  # most of it is given, so that the rest takes no time
        whole = torch.ones(2, *recipe.reads.shape, dtype=torch.long)
        dials["known"] = whole, torch.arange(whole[0].numel()).view(whole[0].shape).expand(whole.shape) > 3
    made = training.draw(name, torch.zeros(words, dtype=torch.long), model, generator=generator, **dials)
    assert made.dtype == torch.uint8 and made.shape == (2, *some(recipe.data).pixels.shape[1:])
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    if recipe.family != "autoregressive":  # those decode with a cache, past the module's own call
        training.draw(name, torch.zeros(words, dtype=torch.long), model)
        assert len(calls) == recipe.passes


def test_the_dials_of_a_recipe_give_way_to_those_of_the_call(monkeypatch):
    seen = []

    def sampler(model, labels, **dials):
        seen.append(dials)
        return torch.zeros(len(labels), 3)

    reads = Reading(lambda pictures: pictures.floats(), (3,), lambda x: x.to(torch.uint8))
    recipe = replace(RECIPES["dit-fashion"], reads=reads, sample=sampler, dials={"steps": 16, "shift": 2.0})
    monkeypatch.setitem(RECIPES, "small", recipe)
    made = training.draw("small", torch.zeros(2, dtype=torch.long), nn.Linear(1, 1), steps=4, guidance=1.5)
    assert made.dtype == torch.uint8 and seen == [{"shape": (3,), "steps": 4, "shift": 2.0, "guidance": 1.5}]


def test_what_does_not_draw_is_refused_and_what_does_is_listed():
    with pytest.raises(ValueError, match="'tokenizer-fashion' does not draw; these do: pixelcnn-fashion, .*masked-"):
        training.draw("tokenizer-fashion", torch.zeros(1))


def test_pictures_are_made_class_by_class_and_alike_in_chunks_of_any_size(shipped):
    made, labels = training.make("dit-fashion", 12, 1.5, seed=3, steps=2)
    assert labels.tolist() == [*range(10), 0, 1] and made.shape == (12, 1, 28, 28) and made.dtype == torch.uint8
    chunks, _ = training.make("dit-fashion", 12, 1.5, seed=3, chunk=5, steps=2)
    # Products of another size may round otherwise in the last bit, and a grey then falls on the other side.
    assert (made.int() - chunks.int()).abs().max() <= 1
    assert not torch.equal(made, training.make("dit-fashion", 12, 1.5, seed=4, steps=2)[0])


@pytest.mark.parametrize("name", [name for name in DRAWERS if RECIPES[name].nats])
def test_what_is_measured_of_pictures_is_not_varied(name, shipped):
    recipe, pictures = RECIPES[name], some(RECIPES[name].data)
    x, labels = recipe.as_they_are(pictures)
    assert len(x) == len(labels) == len(pictures)
    model, where = recipe.build().to(runtime.device()).eval(), runtime.device()
    price = recipe.nats(model, x.to(where), labels.to(where)).cpu()
    wanted = x[0].numel() * math.log(vocabulary(name, model))  # untrained, it finds every token as likely as another
    torch.testing.assert_close(price, torch.full((len(pictures),), wanted), rtol=1e-4, atol=0)  # sums of 784 in fp32


def test_clothes_become_what_the_shipped_tokenizer_says(shipped):
    pictures = data.load("fashion", "validation")[list(range(12))]
    tokenizer, pyramid = training.load("tokenizer-fashion"), training.load("pyramid-fashion")
    x = pictures.floats().to(runtime.device())
    ids, latents, scaled = (
        prepare(pictures) for prepare in (inputs.fashion_tokens, inputs.fashion_latents, inputs.fashion_scales)
    )
    assert ids.shape == (12, 49) and latents.shape == (12, 4, 7, 7) and scaled.shape == (12, 70)
    assert torch.equal(ids, tokenizer.tokenize(x).cpu())
    assert torch.equal(ids, tokenizer.quantizer.indices(latents.movedim(1, -1).to(x.device)).flatten(1).cpu())
    assert torch.equal(scaled, pyramid.encode(latents.to(x.device)).cpu())
    # What it ships for: a picture comes back, from numbers, tokens and scales; a grey square would be off by 0.5.
    for z in (tokenizer.encode(x), pyramid.decode(scaled.to(x.device))):
        assert (tokenizer.decode(z) - x).square().mean() < 0.05 * x.square().mean()
    assert (tokenizer.detokenize(ids.to(x.device)) - x).square().mean() < 0.05 * x.square().mean()


def test_emoji_are_shifted_and_only_some_are_mirrored(shipped):
    pictures = data.load("emoji")[list(range(0, 3000, 100))]
    x = pictures.floats()
    every = inputs.shifted(pictures)
    assert every.shape == (len(x) * inputs.VARIANTS, 3, 32, 32) and torch.equal(every, inputs.shifted(pictures))
    parts, free = every.unflatten(0, (len(x), inputs.VARIANTS)), [emoji.mirrors(pictures, i) for i in range(len(x))]
    assert any(free) and not all(free)
    inside = (slice(None), slice(4, 28), slice(4, 28))
    for i, mirror in enumerate(free):
        assert torch.equal(parts[i, 0], x[i]) and torch.equal(parts[i, 1], x[i].flip(-1) if mirror else x[i])
        for variant in range(2, inputs.VARIANTS):
            source = parts[i, variant % 2]  # even ones as they are, odd ones from the mirror
            moves = [source.roll((dy, dx), (1, 2))[inside] for dy in range(-2, 3) for dx in range(-2, 3)]
            assert any(torch.equal(parts[i, variant][inside], move) for move in moves)
    labels = inputs.emoji_labels(pictures)
    assert labels.shape == (len(every), 10)
    assert torch.equal(labels[:: inputs.VARIANTS], emoji.conditions(pictures))
    assert torch.equal(labels, labels[:: inputs.VARIANTS].repeat_interleave(inputs.VARIANTS, 0))


def test_emoji_become_tokens_of_every_variant(shipped):
    pictures = data.load("emoji")[[0, 700]]
    ids, tokenizer = inputs.emoji_tokens(pictures), training.load("tokenizer-emoji")
    assert ids.shape == (2 * inputs.VARIANTS, 64) and len(ids) == len(inputs.emoji_labels(pictures))
    assert torch.equal(ids[0], tokenizer.tokenize(pictures.floats()[:1].to(runtime.device()))[0].cpu())
    back = tokenizer.detokenize(ids.to(runtime.device())).cpu()
    assert (back - inputs.shifted(pictures)).square().mean() < 0.05


def test_words_are_dropped_more_often_than_everything():
    seen, n = [], 8000

    def model(x, labels):
        seen.append(labels)
        return torch.zeros(*x.shape, 5)

    model.null = 99
    labels = torch.arange(10).expand(n, 10)
    losses.captioned(model, (tokens(n, (2,)), labels), generator=torch.Generator().manual_seed(0))
    gone = seen[0] == 99
    assert torch.equal(seen[0][~gone], labels[~gone])
    everything, words = gone[:, :2].all(1), gone[:, 2:].all(1)
    assert torch.equal(gone[:, :2].any(1), everything) and torch.equal(gone[:, 2:].any(1), words)  # whole or not at all
    for share, wanted in ((everything, 0.1), (words, 1 - 0.85 * 0.9)):
        assert abs(share.float().mean() - wanted) < 5 * math.sqrt(wanted * (1 - wanted) / n)  # five standard errors


def test_scales_are_predicted_with_the_shipped_pyramid(shipped):
    pyramid, model = training.load("pyramid-fashion").cpu(), RECIPES["next-scale-fashion"].build()
    shaken(model, 0.1, torch.float32)
    batch = (torch.randint(1000, (2, 70)), torch.tensor([0, 1]))
    wanted = next_scale.loss(model, batch, pyramid=pyramid, drop=0.1, generator=torch.Generator().manual_seed(1))
    value = losses.in_scales(model, batch, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(value, wanted)
    assert losses.shipped("pyramid-fashion") is losses.shipped("pyramid-fashion")  # read once


@pytest.fixture
def small(monkeypatch):
    """A recipe that takes no time, on pictures that need no file."""
    asked = []

    def load(name, split, full):
        asked.append((name, split, full))
        return blank(40)

    recipe = Recipe(
        lambda: Classifier(ClassifierConfig(width=2, features=4)),
        losses.classify,
        Reading(lambda pictures: pictures.floats()),
        "a test",
        steps=5,
        batch=8,
    )
    monkeypatch.setattr(repeat.data, "load", load)
    monkeypatch.setitem(RECIPES, "small", recipe)
    return asked


def test_a_recipe_ends_in_a_checkpoint_with_its_story(small):
    run = repeat.train("small", progress=False)
    assert run.finished and small == [("fashion", "train", True)]
    about = training.header("small")
    assert about["recipe"] == "small" and about["steps"] == 5 and about["batch"] == 8 and about["seeds"] == [0]
    assert about["data"]["pictures"] == 40 and len(about["data"]["sha256"]) == 64
    assert about["parameters"] == sum(p.numel() for p in run.model.parameters())
    assert about["train_flops"] == 5 * 8 * repeat.flops_per_picture("small")
    assert about["hardware"] and about["code"] and about["train_loss"] > 0
    rounded = rounding.unpacked(rounding.packed(run.ema.state_dict(), "int8"))
    assert all(torch.equal(v.cpu(), rounded[k].cpu()) for k, v in training.load("small").state_dict().items())
    left = [path.suffix for path in (runtime.cache_dir() / "training").iterdir()]
    assert left == [".lock"]  # finished: nothing unfinished stays, and an empty lock file that nobody holds


def test_a_recipe_may_draw_its_batches_on_the_fly_and_give_any_tuple(small, monkeypatch):
    def drawn():
        def batch(step):
            own = runtime.generator(0, step)
            return torch.randn(8, 1, 28, 28, generator=own), torch.randint(10, (8,), generator=own), torch.ones(8)

        return batch

    def loss(model, batch, *, generator=None):
        x, labels, weight = batch
        return losses.classify(model, (x, labels), generator=generator) * weight.mean()

    monkeypatch.setitem(RECIPES, "small", replace(RECIPES["small"], batches=drawn, loss=loss))
    run = repeat.train("small", progress=False)
    assert run.finished and not small  # no pictures were read
    assert training.header("small")["data"] == {"name": "fashion", "pictures": 40}
    assert repeat.train("small", progress=False).losses == run.losses  # the same batches again


def test_losses_made_by_the_same_function_of_other_numbers_are_told_apart():
    def made(shift, seen):
        def loss(model, batch, *, generator=None):
            seen.append(shift)
            return (model(batch[0]) * shift).mean()

        return loss

    one, same, other = (origin.said(made(*of)) for of in ((1.0, []), (1.0, [3]), (3.0, [])))
    assert one == same != other  # a list that fills up is no setting


def test_an_interrupted_recipe_goes_on(small, monkeypatch):
    whole = repeat.train("small", progress=False)
    left = [2]

    def classify(model, batch, *, generator=None):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return losses.classify(model, batch, generator=generator)

    recipe = RECIPES["small"]
    before = training.load("small").state_dict()
    monkeypatch.setitem(RECIPES, "small", replace(recipe, loss=classify))
    run = repeat.train("small", progress=False)
    assert not run.finished and run.step == 2
    assert all(torch.equal(v, before[k]) for k, v in training.load("small").state_dict().items())  # still the old one
    left[0] = 100
    with pytest.raises(CheckpointError, match=r"\(steps was 5 and is 7\): delete it to start anew"):
        repeat.train("small", steps=7, progress=False)
    again = repeat.train("small", progress=False)
    assert again.finished and again.losses == whole.losses and same(again.ema, whole.ema)


def test_a_training_under_way_names_its_holder_in_any_locale(monkeypatch, tmp_path):
    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, encoding="cp1252": read(path, encoding=encoding))
    monkeypatch.setattr(lock.platform, "node", lambda: "Łódź")
    with lock.alone(tmp_path / "x", "this"), pytest.raises(BlockingIOError, match="this is under way.*on Łódź"):
        with lock.alone(tmp_path / "x", "this"):
            pass


def test_a_recipe_may_have_labels_and_a_start_of_its_own(small, monkeypatch):
    started, left, seen = [], [2], []

    def start(model, x):
        started.append(x)
        with torch.no_grad():
            model.head.weight.fill_(0.5)

    def classify(model, batch, *, generator=None):
        seen.append((model.head.weight.detach().clone(), batch))
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return losses.classify(model, batch, generator=generator)

    recipe = replace(RECIPES["small"], loss=classify, start=start, labels=lambda pictures: 9 - pictures.labels)
    monkeypatch.setitem(RECIPES, "small", recipe)
    pictures = blank(40)
    assert not repeat.train("small", progress=False).finished
    assert len(started) == 1 and torch.equal(started[0], pictures.floats())  # with what was prepared
    assert (seen[0][0] == 0.5).all()  # before the first step
    rows = [int((pictures.floats() == x).flatten(1).all(1).nonzero()) for x in seen[0][1][0].cpu()]
    assert torch.equal(seen[0][1][1].cpu(), 9 - pictures.labels[rows])
    left[0] = 100
    assert repeat.train("small", progress=False).finished
    assert len(started) == 1  # what goes on is not started anew


def test_what_a_recipe_uses_is_in_its_header(small, monkeypatch):
    small, spent = RECIPES["small"], {}
    recipes = {"small": small, "taught": replace(small, teachers=("small",))}
    recipes["next"] = replace(small, reads=replace(small.reads, uses=("taught",)), teachers=("small",))
    for name, recipe in recipes.items():
        monkeypatch.setitem(RECIPES, name, recipe)
        repeat.train(name, steps=1 + len(spent), progress=False)
        spent[name] = training.header(name)["train_flops"]
    assert "uses" not in training.header("small")
    assert training.header("taught")["uses"] == {"small": spent["small"]}
    assert training.header("next")["uses"] == {"taught": spent["taught"], "small": spent["small"]}


def test_a_recipe_can_be_shorter_but_not_empty(small):
    assert repeat.train("small", steps=2, progress=False).step == 2
    with pytest.raises(ValueError, match="^steps=0"):
        repeat.train("small", steps=0, progress=False)


def test_a_training_that_fails_is_one_line_on_the_command_line(small, monkeypatch, capsys):
    def broken(model, batch, *, generator=None):
        return losses.classify(model, batch, generator=generator) * math.nan

    recipe = RECIPES["small"]
    monkeypatch.setitem(RECIPES, "small", replace(recipe, loss=broken))
    assert main(["train", "small"]) == 1
    assert "course: the loss became nan" in capsys.readouterr().err


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(ValueError, match="no recipe is called 'nobody'.*pixelcnn-fashion"):
        repeat.train("nobody")


def test_a_missing_result_says_how_to_get_it():
    with pytest.raises(FileNotFoundError, match=r"nobody\.json is missing.*git checkout -- nobody\.json"):
        training.result("nobody")


def test_dynamic_binary_pixels_are_on_as_often_as_they_are_grey():
    seen = []

    def model(x, labels):
        seen.append(x)
        assert not labels.any()
        return torch.zeros(*x.shape, 2)

    grey = torch.tensor([0, 64, 128, 255]).repeat(5000, 1)[:, None]
    value = RECIPES["pixelcnn-mnist-binary"].loss(
        model, (grey, torch.arange(5000)), generator=torch.Generator().manual_seed(0)
    )
    assert abs(value.item() - math.log(2)) < 1e-6
    share = seen[0].float().mean((0, 1))
    assert share[0] == 0 and share[3] == 1  # never, and always
    assert (share - grey[0, 0] / 255).abs().max() < 5 * math.sqrt(0.25 / 5000)  # five standard errors
