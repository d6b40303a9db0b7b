"""Long trainings are compiled where that can be done, and are as they were where it can't."""

import copy
from functools import partial

import pytest
import torch
from tiny import tokens, transformer

from course_lib import runtime
from course_lib.experiments import compiled, repeat
from course_lib.methods import autoregressive

LONG = compiled.STEPS


@pytest.fixture
def model():
    return transformer(torch.float32)


@pytest.fixture
def batch(model):
    x = tokens(4, model.config.grid)
    return x, torch.zeros(4, dtype=torch.long)


def started(model) -> bool:
    return model._compiled_call_impl is not None


def test_what_is_compiled_says_the_same_under_the_same_names_and_its_copy_is_plain(model, batch):
    before, names = model(*batch).detach(), list(model.state_dict())
    state = torch.get_rng_state()
    done = compiled.compiled(model, autoregressive.loss, lambda step: batch, LONG)
    assert done == started(model) == compiled.at_hand()
    assert torch.equal(torch.get_rng_state(), state)
    assert list(model.state_dict()) == names and all(p.grad is None or not p.grad.any() for p in model.parameters())
    assert torch.allclose(model(*batch), before, atol=1e-5)
    assert not started(copy.deepcopy(model))  # the average, which draws on the way, is not compiled


def test_short_trainings_and_machines_without_a_compiler_are_left_alone(model, batch, monkeypatch):
    assert not compiled.compiled(model, autoregressive.loss, lambda step: batch, LONG - 1) and not started(model)
    monkeypatch.setattr(compiled.shutil, "which", lambda name: None)
    assert not compiled.compiled(model, autoregressive.loss, lambda step: batch, LONG) and not started(model)
    monkeypatch.setattr(runtime, "device", lambda: torch.device("mps"))
    assert not compiled.at_hand()


def test_trainings_of_many_shapes_are_left_alone(model, batch):
    def cut(step):
        return tuple(part[: 4 - step] for part in batch)

    assert not compiled.compiled(model, autoregressive.loss, cut, LONG) and not started(model)
    many = partial(autoregressive.loss, blocks=(1, 2))
    assert not compiled.compiled(model, many, lambda step: batch, LONG) and not started(model)


def test_a_compiler_that_fails_costs_a_sentence_and_nothing_else(model, batch, monkeypatch, capsys):
    monkeypatch.setattr(compiled, "at_hand", lambda: True)

    def broken(self):
        def fails(*args):
            raise RuntimeError("InvalidCxxCompiler")

        self._compiled_call_impl = fails

    before = model(*batch).detach()
    monkeypatch.setattr(torch.nn.Module, "compile", broken)
    assert not compiled.compiled(model, autoregressive.loss, lambda step: batch, LONG)
    assert "not compiled here (RuntimeError)" in capsys.readouterr().out
    assert torch.equal(model(*batch), before) and not started(model)


def test_course_train_asks_for_it(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    asked = []

    def stop(model, loss, batches, steps):
        asked.append(steps)
        raise KeyboardInterrupt

    monkeypatch.setattr(repeat, "compiled", stop)
    with pytest.raises(KeyboardInterrupt):
        repeat.train("token-ar-scenes", progress=False)
    assert asked == [repeat.RECIPES["token-ar-scenes"].steps]
