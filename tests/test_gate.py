"""The gate in front of every checker: what comes back is converted or refused in one sentence, whatever was asked."""

import ast
import cProfile
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from solutions import ANSWERS, NAMES, named
from styles import STYLES, after, spoiling, styled

from course_lib import check
from course_lib.check import core, forms, gate
from course_lib.check.core import CHECKERS
from course_lib.check.gate import Noted

TRIED = {name: CHECKERS[name].trial(ANSWERS[name]) for name in NAMES}
RIGHT = {name: tried.right for name, tried in TRIED.items()}
TRAINED = {name for name in NAMES if TRIED[name].traits.get("trained")} | {"straight_through"}


def parts(value):
    return value if isinstance(value, tuple) else (value,)


def numbers(value) -> bool:
    return any(isinstance(part, int | float) for part in parts(value))


FREE = [name for name in NAMES if name not in TRAINED | {"tilted"} and not numbers(RIGHT[name])]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_answer_is_named(name, monkeypatch):
    def finished(*given):
        ANSWERS[name](*given)
        raise NotImplementedError

    def endless(*given):
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                pass

    named(CHECKERS[name], lambda *given: None, "nothing back .None.: a `return` is missing")
    named(CHECKERS[name], lambda *given: "the answer", "Give back")
    named(CHECKERS[name], lambda *given: {"x": 1}, "Give back")
    named(CHECKERS[name], finished, "`raise NotImplementedError` is still there")
    monkeypatch.setattr(gate, "SECONDS", 0.01)
    named(CHECKERS[name], endless, "did not end within")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def giving(dtype):
    return [name for name in FREE if any(part.dtype == dtype for part in parts(RIGHT[name]))]


def doubled(x):
    return x.double() if x.dtype == torch.float32 else x.numpy()


@pytest.mark.parametrize("name", FREE)
def test_numpy_lists_and_float64_are_converted_and_the_converted_function_is_handed_on(name, capsys):
    for change in (lambda x: x.detach().numpy(), lambda x: x.tolist(), doubled):
        handed, seen = CHECKERS[name](after(name, change)), []
        assert "goes on with it converted" in capsys.readouterr().out
        assert not CHECKERS[name].trial(lambda *given: seen.append(handed(*given)) or seen[-1]).converted  # noqa: B023
        for one, other in zip(parts(seen[-1]), parts(RIGHT[name]), strict=True):
            assert type(one) is type(other) and one.dtype == other.dtype


@pytest.mark.parametrize("name", sorted(TRAINED))
def test_where_the_notebook_trains_through_it_gradients_must_flow(name):
    for change in (lambda x: x.detach().numpy(), lambda x: x.detach()):
        named(CHECKERS[name], after(name, change), "no gradient reaches|No gradient reaches")


@pytest.mark.parametrize("name", giving(torch.float64))
def test_float32_is_refused_where_float64_came_in(name):
    named(CHECKERS[name], after(name, lambda x: x.float()), "float32, where float64 came in")


@pytest.mark.parametrize("name", giving(torch.int64))
def test_other_whole_numbers_are_converted_and_fractions_refused(name, capsys):
    named(CHECKERS[name], after(name, lambda x: x + 0.5 if x.dtype == torch.int64 else x), "Whole numbers are needed")
    CHECKERS[name](after(name, lambda x: x.to(torch.int32) if x.dtype == torch.int64 else x))
    assert "int32 where int64 is needed" in capsys.readouterr().out


GIVEN = [name for name in NAMES if any(isinstance(x, torch.Tensor | list) for x in TRIED[name].first)]


@pytest.mark.parametrize("name", GIVEN)
def test_an_answer_that_changes_what_it_was_given_is_told_so(name):
    named(CHECKERS[name], spoiling(name), "The values are right, but you changed `")


# Right answers in other styles


@pytest.mark.parametrize("name", STYLES)
def test_other_styles_are_right_with_every_seed(name):
    for style in STYLES[name]:
        CHECKERS[name](style)
        for seed in range(1, 5):
            CHECKERS[name].trial(style, seed)


def test_a_style_is_what_a_checker_accepts_and_else_the_answer_itself():
    assert styled("adaln_block", "numpy") is ANSWERS["adaln_block"]  # the notebook trains through it
    assert styled("adaln_block", "other words") is STYLES["adaln_block"][-1]
    assert isinstance(styled("repaired", "lists")(torch.linspace(1, 0.1, 4)), list)


# The gate itself


@pytest.mark.parametrize("name", ["path", "scale_at"])
def test_a_checker_holds_under_a_profiler_which_then_goes_on(name):
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        CHECKERS[name](ANSWERS[name])
        with pytest.raises(check.Wrong, match="course's own version"):
            CHECKERS[name](lambda *given: CHECKERS[name].reference(*given))
        sum([1.0])
    finally:
        profiler.disable()
    assert any("sum" in str(entry.code) for entry in profiler.getstats())


def test_a_checker_holds_under_a_tracer():
    before, seen = sys.gettrace(), set()
    sys.settrace(lambda frame, *_: seen.add(frame.f_code.co_name))
    try:
        check.forwards(ANSWERS["forwards"])
        with pytest.raises(check.Wrong, match="forgets guidance"):
            check.forwards(lambda family, tokens, steps, w: tokens if family == "autoregressive" else steps)
    finally:
        sys.settrace(before)
    assert "forwards" in seen


def test_a_checker_holds_without_asserts():
    sources = [path.read_text(encoding="utf-8") for path in Path(core.__file__).parent.glob("*.py")]
    assert not [node for text in sources for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assert)]


def test_the_gate_leaves_the_stream_of_chances_and_the_timer_alone():
    torch.manual_seed(3)
    first = torch.rand(2)
    torch.manual_seed(3)
    check.revive(ANSWERS["revive"])
    assert torch.equal(torch.rand(2), first)
    signal.setitimer(signal.ITIMER_REAL, 100)
    try:
        check.path(ANSWERS["path"])
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_where_no_loop_can_be_interrupted_the_check_works_without_a_limit(monkeypatch):
    found = []
    thread = threading.Thread(target=lambda: found.append(check.path(ANSWERS["path"])))
    thread.start()
    thread.join()
    monkeypatch.delattr(signal, "setitimer")
    assert found == [ANSWERS["path"]] == [check.path(ANSWERS["path"])]


def test_an_answer_that_draws_does_not_change_what_is_asked_next():
    seen = {1: [], 5: []}
    for draws, asked in seen.items():

        def answer(x, noise, t, draws=draws, asked=asked):
            asked.append(x.clone())
            torch.rand(draws)
            return ANSWERS["path"](x, noise, t)

        check.path(answer)
    assert all(map(torch.equal, *seen.values()))


def test_what_is_handed_on_follows_the_dtype_that_it_is_given():
    handed = check.jump(after("jump", np.asarray))
    x, t = torch.zeros(2, 3, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    assert handed(lambda *_: x, x, t, t, t).dtype == torch.float64
    assert check.jump(handed) is handed  # a cell that is run twice


def test_a_noted_function_keeps_what_it_was_asked_with():
    table = torch.zeros(2)
    noted, x = Noted(lambda x: table), torch.ones(2)
    noted(x).add_(1)
    x.add_(1)
    assert noted.asked[0][0].tolist() == [1, 1] and not table.any()


def test_what_stops_a_gradient_half_way_is_said():
    def answer(x, six, attend, think):
        x = x.clone()
        x += six[:, None, 2] * attend(F.layer_norm(x, x.shape[-1:]) * (1 + six[:, None, 1]) + six[:, None, 0])
        x += six[:, None, 5] * think(F.layer_norm(x, x.shape[-1:]) * (1 + six[:, None, 4]) + six[:, None, 3])
        return x

    named(check.adaln_block, answer, "can't train through it")


def test_an_answer_that_gives_the_same_tensor_again_and_again_is_judged_by_what_it_held():
    kept = {}

    def answer(both, *given):
        found = ANSWERS["guided_within"](both, *given)
        return kept.setdefault(found.shape, found.clone()).copy_(found)

    assert check.guided_within(answer) is answer


def test_an_error_of_torch_is_no_stub():
    def answer(x, noise, t):
        return torch.nn.Module()(x)  # a module without forward raises NotImplementedError

    named(check.path, answer, "Your code stopped with NotImplementedError")


def test_a_mistake_of_an_earlier_case_comes_before_what_a_later_one_stops_at():
    named(check.by_luck, lambda hits: 7.0 if hits == 0 else None, "by_luck.0. should be 1.0000, and is 7.0")


def test_an_answer_in_numpy_goes_on_where_the_notebook_computes_in_half_precision():
    layer, x = torch.nn.Linear(3, 3), torch.randn(2, 3)
    handed = forms.handed_on(lambda x: layer(x).detach().numpy(), torch.zeros(2, 3))
    plain = layer(x).detach()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16  # of which numpy knows nothing
        assert torch.equal(handed(x), plain)
        assert handed(x.bfloat16()).dtype == torch.bfloat16
