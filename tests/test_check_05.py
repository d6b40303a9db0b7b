"""The exercises of notebook 05: right answers pass, usual mistakes are named; its widget, and its experiment."""

import math

import pytest
import torch
import torch.nn.functional as F
from solutions import named

from course_lib import check, data
from course_lib.experiments import mirrors
from course_lib.show import play


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda labels, tokens: torch.cat([labels, tokens], 1), "last token is read"),
        (lambda labels, tokens: torch.cat([labels, tokens[:, 1:]], 1), "first token is dropped"),
        (lambda labels, tokens: torch.cat([tokens[:, :-1], labels], 1), "labels come after"),
        (lambda labels, tokens: torch.cat([labels[:, -1:], tokens[:, :-1]], 1), "Only one label"),
        (lambda labels, tokens: torch.cat([labels.mean(1, keepdim=True), tokens[:, :-1]], 1), "melted"),
        (lambda labels, tokens: torch.cat([labels.flip(1), tokens[:, :-1]], 1), "in their order"),
        (lambda labels, tokens: torch.cat([labels, F.pad(tokens, (0, 0, 1, -1))], 1), "needs no zeros"),
        (lambda labels, tokens: torch.cat([labels, tokens[:-1]], 1), "meet at dim=1"),
        (lambda labels, tokens: torch.cat([labels, tokens], 2), "meet at dim=1"),
        (lambda labels, tokens: tokens[:, :-1], "shape"),
    ],
)
def test_wrong_prefixes_are_named(attempt, message):
    named(check.prefixed, attempt, message)


def within(inside=lambda c, u, w: u + w * (c - u), outside=lambda c, u: c, rule=lambda i, a, b: a <= i < b):
    """Guidance within limits, with what is usually got wrong."""

    def guided_within(both, w, i, first, last):
        c, u = both.chunk(2)
        return inside(c, u, w) if rule(i, first, last) else outside(c, u)

    return guided_within


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (within(outside=lambda c, u: u), "forgotten"),
        (within(rule=lambda i, a, b: a <= i <= b), "itself is outside"),
        (within(rule=lambda i, a, b: a < i < b), "is not guided"),
        (within(rule=lambda i, a, b: True), "is guided, but"),
        (within(inside=lambda c, u, w: c + w * (c - u)), "scale of the paper"),
        (within(inside=lambda c, u, w: c + w * (u - c)), "Turned round"),
        (lambda both, *rest: within()(torch.cat([x.log_softmax(-1) for x in both.chunk(2)]), *rest), "logarithms"),
        (within(inside=lambda c, u, w: c + u), "not what it should be"),
        (within(inside=lambda c, u, w: w * (c - u)), "difference alone"),
        (within(inside=lambda c, u, w: torch.lerp(u.softmax(-1), c.softmax(-1), w)), "mix probabilities"),
        (lambda both, *rest: within()(both.softmax(-1), *rest), "mix probabilities"),
        (lambda both, *rest: within()(both, *rest).softmax(-1), "You give probabilities"),
        (lambda both, *rest: within()(both, *rest).log_softmax(-1), "logarithms of probabilities"),
        (lambda both, *rest: within()(torch.cat([both[::2], both[1::2]]), *rest), "Every second row"),
        (lambda both, w, i, first, last: both, "All 2B rows"),
        (lambda both, w, i, first, last: both[:1, :2], "shape"),
    ],
)
def test_wrong_limits_of_guidance_are_named(attempt, message):
    named(check.guided_within, attempt, message)


def saving(half):
    """Mean and interval, `half` of it as given."""

    def worth(without, given):
        mean, wide = (without - given).mean(), half(without, given)
        return mean, mean - wide, mean + wide

    return worth


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda without, given: (given.mean() - without.mean(), 0.0, 0.0), "sign"),
        (lambda without, given: ((without - given).sum(), 0.0, 0.0), "sum over all"),
        (lambda without, given: (without.mean(), 0.0, 0.0), "mean saving"),
        (lambda without, given: ((without - given).median(), 0.0, 0.0), "median"),
        (saving(lambda a, b: -1.96 * (a - b).std() / math.sqrt(len(a))), "low end lies above the high"),
        (lambda without, given: (without - given).mean(), "three numbers"),
        (saving(lambda a, b: 1.96 * (a - b).std()), "single pictures scatter"),
        (saving(lambda a, b: 1.96 * ((a.var() + b.var()) / len(a)).sqrt()), "pairs"),
        (saving(lambda a, b: (a - b).std() / math.sqrt(len(a))), "one standard error"),
        (saving(lambda a, b: 1.96 * (a - b).std() / len(a)), "divide by n"),
        (saving(lambda a, b: 1.96 * (a - b).std(correction=0) / math.sqrt(len(a))), "np.std divides by n"),
        (saving(lambda a, b: 1.96 * (a - b).std() / math.sqrt(len(a) - 1)), "divided by twice"),
        (saving(lambda a, b: 1.96 * (a - b).var() / math.sqrt(len(a))), "variance"),
        (saving(lambda a, b: 1.645 * (a - b).std() / math.sqrt(len(a))), "for 90 %"),
        (saving(lambda a, b: 2 * (a - b).std() / math.sqrt(len(a))), "take 1.96"),
        (saving(lambda a, b: 0.1 * (a - b).std()), "Half of the interval"),
        (lambda a, b: ((a - b).mean(), *(a - b).quantile(torch.tensor([0.025, 0.975]).double())), "no quantiles"),
        (lambda a, b: ((a - b).mean() - 1, (a - b).mean(), (a - b).mean() + 1), "The order is mean, low end"),
    ],
)
def test_wrong_worths_are_named(attempt, message):
    named(check.worth, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda x, tokenize, grid: tokenize(x).view(-1, *grid).flip(2).flatten(1), "Still the grid"),
        (lambda x, tokenize, grid: tokenize(x.flip(-1)).view(-1, *grid).flip(2).flatten(1), "mirror twice"),
        (lambda x, tokenize, grid: tokenize(x.flip(-2)), "upside down"),
        (lambda x, tokenize, grid: tokenize(x.flip(-1, -2)), "half a circle"),
        (lambda x, tokenize, grid: tokenize(x).view(-1, *grid).flip(1).flatten(1), "grid of tokens is upside down"),
        (lambda x, tokenize, grid: tokenize(x).flip(-1), "turns the row of tokens round"),
        (lambda x, tokenize, grid: tokenize(x), "Nothing is mirrored"),
        (lambda x, tokenize, grid: tokenize(x.flip(0)), "order of the pictures"),
        (lambda x, tokenize, grid: tokenize(torch.fliplr(x)), "flips the channels"),
        (lambda x, tokenize, grid: x.flip(-1), "Whole numbers are needed"),
        (lambda x, tokenize, grid: tokenize(x.roll(1, -1)), "not the tokens"),
    ],
)
def test_wrong_mirrors_are_named(attempt, message):
    named(check.mirrored, attempt, message)


# The widget


@pytest.fixture(scope="module")
def fronts():
    test = data.load("fashion", "test")[:400]
    asked = []

    def draw(labels, temperature, guidance, last, seed):
        """Real pictures of the class asked for; the colder, the fewer different ones."""
        asked.append((temperature, guidance, last, seed))
        generator, rows = torch.Generator().manual_seed(seed), []
        for label in labels.tolist():
            some = (test.labels == label).nonzero()[:, 0]
            some = some[: max(2, int(len(some) * min(temperature, 1)))]
            rows.append(int(some[torch.randint(len(some), (), generator=generator)]))
        return test.pixels[rows]

    made = play.Fronts(draw, test, length=49, n=40)
    made.asked = asked
    return made


def test_the_front_is_measured_at_the_start(fronts):
    assert {row[:3] for row in fronts.asked} >= {(t, w, 49) for t in (0.6, 0.8, 1.0, 1.2) for w in (1.0, 1.5, 2.0, 3.0)}
    assert len(fronts.points) >= 16 and fronts.points[-1][2] == "temperature 1, guidance 1"


def test_a_turned_dial_adds_a_point_and_draws(fronts):
    before, shown = len(fronts.points), fronts.shown
    fronts.temperature, fronts.guidance, fronts.last = 0.1, 2.5, 14
    assert len(fronts.points) > before and fronts.shown != shown and len(fronts.shown) == 10 * 28 * 28
    assert fronts.points[-1][2] == "temperature 0.1, guidance 2.5 for 14 tokens"
    assert "are taken for what was asked" in fronts.status and "n = 40" in fronts.status


def test_another_seed_draws_again(fronts):
    before = fronts.shown
    fronts.seed += 1
    assert fronts.shown != before


def test_real_pictures_are_as_varied_as_real_pictures_and_few_are_less(fronts):
    many, few = fronts.measure(1.0, 1.0, 49), fronts.measure(0.01, 1.0, 49)
    assert many["variety"] == pytest.approx(1, abs=0.3) and few["variety"] < many["variety"]
    assert many["low"] <= many["accuracy"] <= many["high"]


def test_a_guidance_that_outlasts_the_picture_raises(fronts):
    with pytest.raises(ValueError, match="last=50"):
        fronts.measure(1.0, 2.0, 50)


def test_the_static_frame_says_what_it_finds(fronts):
    fig = fronts.frame()
    assert "one curve a temperature" in fig.alt and "accuracy" in fig.axes[0].get_title(loc="left")
    assert len(fig.png()) > 1000


# The experiment


def test_the_trial_of_mirrors_follows_three_kinds_of_emoji(monkeypatch):
    whole, kept = data.load, []
    monkeypatch.setenv("COURSE_BUDGET", "0.0006")  # one step
    monkeypatch.setattr(mirrors, "LOOK", 1)
    monkeypatch.setattr(data, "load", lambda name, split="train": whole(name, split)[:70])
    metrics = mirrors.emoji_mirrors(kept.append).metrics
    assert len(kept) == 2 and metrics["n"] == {"validation": 70, "test": 70, "train": 70}
    for way in ("with", "without"):
        assert all(0 < metrics[way][part][0] < 64 * 8 for part in ("train", "validation", "test"))
