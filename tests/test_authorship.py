"""An answer that hands the work to the library is refused, however it is wrapped; one's own is not."""

import functools
import sys

import pytest
import torch
from solutions import NAMES

from course_lib import check, measure
from course_lib.check import core
from course_lib.check.authorship import place, watched
from course_lib.methods import autoregressive, few_step, flow
from course_lib.networks import layers


def wrapped(f):
    def answer(*arguments):
        return f(*arguments)

    return answer


def in_a_class(f):
    class Answer:
        def __call__(self, *arguments):
            return f(*arguments)

    return Answer()


def with_a_detour(f):
    def answer(*arguments):
        try:
            return {"it": f}["it"](*arguments)
        except RuntimeError:
            raise ValueError from None

    return answer


def got(f):
    holder = type("Module", (), {"f": staticmethod(f)})
    return lambda *arguments: getattr(holder, "f")(*arguments)  # noqa: B009


WAYS = [lambda f: f, lambda f: lambda *a: f(*a), functools.partial, functools.cache, in_a_class, with_a_detour, got]


@pytest.fixture
def graded(monkeypatch):
    monkeypatch.setenv("COURSE_GRADING", "1")


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_only_calls_the_course_version_is_refused(name):
    checker = getattr(check, name)
    with pytest.raises(check.Wrong, match="course's own version"):
        checker(wrapped(checker.reference))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["path", "causal_mask", "read_velocity"])
def test_so_is_every_other_way_to_hand_it_over(name, way, graded):
    checker = getattr(check, name)
    with pytest.raises(check.Wrong, match="course's own version"):
        checker(way(checker.reference))


def two_turns(x, rows, columns):
    angles = layers.rotary_angles(rows, columns, x.shape[-1])
    return layers.rotate(x, *layers.turns(angles))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("inverse_cdf", lambda p, u: autoregressive.draw(p.log(), u)),
        ("rotary", two_turns),
        ("nucleus", lambda logits, p: autoregressive.filter_logits(logits, top_p=p)),
        ("causal_attention", lambda q, k, v: layers.attention(q, k, v, layers.Mask((1,) * q.shape[-2]))),
        ("both_ends", lambda x, v, t: (flow.data_in(x, v, t), flow.noise_in(x, v, t))),
        ("block_causal", lambda groups: layers.Mask(tuple(groups)).visible()),
        ("frechet", lambda a, b: measure.frechet_distance(a, b)),
    ],
)
def test_what_the_library_calls_otherwise_is_refused_too(name, answer):
    with pytest.raises(check.Wrong, match="course's own version"):
        getattr(check, name)(answer)


def test_what_was_built_before_may_be_used():
    def answer(student, x, t, stride, labels):
        half = stride / 2
        moved = few_step.jump(student, x, t, half, labels)  # the exercise before
        return (student(x, t, half, labels) + student(moved, t - half, half, labels)) / 2

    assert check.two_halves(answer) is answer


# Library functions that a course's version calls and a reader may call too: built before, or no answer by themselves.
HELPERS = {"context", "path", "combine", "guided", "guided.<locals>.both", "norm", "nearest", "noise_in"}
HELPERS |= {"MultiScale.decode", "Mask.length", "_noise_from_data", "Mixture.__init__", "Mixture.velocity"}
HELPERS |= {"euler", "renoise"}


@pytest.mark.parametrize("name", NAMES)
def test_every_function_that_a_reference_hands_over_to_is_refused_or_known(name):
    checker, called = getattr(check, name), set()
    home = place(checker.reference)

    def look(frame, event, _):
        if event == "call" and any(
            room in frame.f_code.co_filename for room in ("/course_lib/methods", "/course_lib/net")
        ):
            before = frame.f_back.f_code
            if (before.co_filename, before.co_firstlineno) == home and "<" not in frame.f_code.co_name:
                called.add(frame.f_code.co_qualname)

    sys.setprofile(look)
    try:
        checker.trial(checker.reference)
    finally:
        sys.setprofile(None)
    if "/course_lib/check/" in home[0]:  # a function of the library itself may call what it likes
        assert called <= HELPERS | {f.__qualname__ for f in checker.shipped}


def test_a_profiler_that_runs_already_goes_on():
    def mine(*_):
        pass

    run, entered = watched(lambda: 3, [flow.path])
    sys.setprofile(mine)
    try:
        assert run() == 3 and sys.getprofile() is mine
    finally:
        sys.setprofile(None)
    assert not entered


def test_an_answer_that_switches_the_watch_off_is_refused():
    def answer(x, noise, t):
        sys.setprofile(None)
        return flow.path(x, noise, t)

    with pytest.raises(check.Wrong, match="course's own version"):
        check.path(answer)


def test_a_mistake_is_named_before_anything_is_refused():
    with pytest.raises(check.Wrong, match="points to the picture"):
        check.path(lambda x, noise, t: (flow.path(x, noise, t)[0], -flow.path(x, noise, t)[1]))


def test_place_finds_the_function_under_its_decorators():
    inner = place(torch.no_grad()(two_turns))
    assert inner == place(functools.partial(two_turns)) == place(two_turns) and place(len) is None
    assert core.place is place
