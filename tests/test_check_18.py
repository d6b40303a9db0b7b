"""The exercises of notebook 18: right answers pass, usual mistakes are named; its figures, contests and its widget."""

import math

import pytest
import torch
from scipy import stats
from solutions import named

from course_lib import check
from course_lib.experiments import contests, verdict
from course_lib.experiments.contests import LEVEL, NOISE, TOKENS, Contest
from course_lib.show import figures_18 as figures
from course_lib.show import play


def interval(t=None, free=None, var=lambda x: x.var(), join=lambda a, b: (a + b).sqrt(), sign=1, scale=1):
    """A difference with an interval, with what is usually got wrong."""

    def apart(a, b):
        va, vb = var(a) / len(a), var(b) / len(b)
        welch = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
        quantile = t or float(stats.t.ppf(0.975, float(free(a, b) if free else welch)))
        return torch.stack([sign * (a.mean() - b.mean()), scale * quantile * join(va, vb)])

    return apart


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (interval(t=1.96), "1.96 is too short"),
        (interval(free=lambda a, b: len(a) + len(b) - 2), "not n \\+ m - 2"),
        (interval(free=lambda a, b: min(len(a), len(b)) - 1), "smaller side"),
        (interval(join=lambda a, b: a.sqrt() + b.sqrt()), "Variances add"),
        (interval(scale=2), "whole width"),
        (interval(t=1.0), "standard error"),
        (interval(sign=-1), "turned around"),
        (lambda a, b: a.mean() - b.mean(), "Two numbers"),
        (lambda a, b: torch.zeros(2).double(), "Not the difference"),
    ],
)
def test_wrong_intervals_are_named(attempt, message):
    named(check.apart, attempt, message)


def decision(enough=3, denies=lambda hi, m, n: hi < m, wins=lambda a, lo, m: a >= m and lo > 0):
    def decide(ahead, low, high, least, trainings):
        if denies(high, least, trainings):
            return -1
        return int(wins(ahead, low, least) and trainings >= enough)

    return decide


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (decision(enough=1), "name a winner"),
        (decision(denies=lambda hi, m, n: hi < m and n >= 3), "single training shows no defeat"),
        (decision(wins=lambda a, lo, m: lo > 0), "must also count"),
        (decision(wins=lambda a, lo, m: a >= m), "holds 0"),
        (decision(wins=lambda a, lo, m: lo >= m), "more than the rule"),
        (decision(denies=lambda hi, m, n: hi < 0), "Level is a no"),
        (decision(denies=lambda hi, m, n: False), "called open"),
        (lambda *case: 1 if check.decide.reference(*case) == 1 else -1, "called a no"),
        (lambda *case: 5, r"1 \(yes\), -1 \(no\)"),
        (lambda *case: 0, "it is"),
    ],
)
def test_wrong_decisions_are_named(attempt, message):
    named(check.decide, attempt, message)


def happened(p, came):
    return torch.nn.functional.one_hot(came, p.shape[1]).to(p)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda p, came: (1 - p.gather(1, came[:, None])[:, 0]).square(), "Only the verdict that came"),
        (lambda p, came: (p - happened(p, came)).square().mean(1), "mean over the four"),
        (lambda p, came: (p - happened(p, came)).abs().sum(1), "not their squares"),
        (lambda p, came: -p.gather(1, came[:, None])[:, 0].log(), "log loss"),
        (lambda p, came: (p - happened(p, came)).norm(dim=1), "root"),
        (lambda p, came: (p - 1 + happened(p, came)).square().sum(1), "changed places"),
        (lambda p, came: (p - happened(p, came)).square().sum(), "One score a prediction"),
        (lambda p, came: torch.ones(len(p)).double(), "Not the sum"),
    ],
)
def test_wrong_scores_are_named(attempt, message):
    named(check.score, attempt, message)


def by_source(pick):
    def halves(source, u):
        return torch.stack([torch.as_tensor(pick(u[source == one])) for one in source]) < 0.5

    return halves


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda source, u: u < 0.5, "both halves"),
        (by_source(lambda u: u[-1]), "last contest"),
        (by_source(lambda u: u.mean()), "mean over"),
        (by_source(lambda u: 1 - u[0] + 1e-9), "changed places"),
        (lambda source, u: torch.ones(len(u), dtype=torch.bool), "Everything"),
        (lambda source, u: torch.zeros(len(u), dtype=torch.bool), "Nothing"),
        (lambda source, u: u[:3] < 0.5, "One answer a contest"),
        (lambda source, u: source % 2 == 0, "first contest's u"),
    ],
)
def test_wrong_halves_are_named(attempt, message):
    named(check.halves, attempt, message)


# Contests


def row(family: str, value: float, **more) -> dict:
    about = {
        "experiment": "budget",
        "task": "class",
        "metric": "recall",
        "budget_flops": 1e12,
        "model": family,
        "key": {},
    }
    return about | {"family": family, "value": value, "low": value - 0.01, "high": value + 0.01} | more


def three(family: str, value: float, **more) -> list[dict]:
    return [row(family, value + 0.001 * k, **more) for k in range(3)]


def test_a_contest_is_won_by_the_family_that_is_ahead_by_what_counts_with_its_best_way():
    rows = three(TOKENS, 0.9) + three(NOISE, 0.5, model="worse") + three(NOISE, 0.7, model="better")
    assert [c.winner for c in contests.contests(rows)] == [TOKENS]
    rows += three(NOISE, 0.99, model="best")
    (only,) = contests.contests(rows)
    assert (only.winner, only.kind, only.source, only.article) == (NOISE, "variety", "budget", NOISE)
    assert [c.winner for c in contests.contests(three(TOKENS, 0.9) + three(NOISE, 0.91))] == [LEVEL]
    assert [c.winner for c in contests.contests(three(TOKENS, 0.9) + three(NOISE, 0.5)[:1])] == [LEVEL]  # one training
    assert contests.contests(three(TOKENS, 0.9)) == []  # nobody to compete with


def test_budgets_and_conditions_are_contests_of_their_own_and_other_numbers_none():
    rows = [r for b in (1e12, 2e12) for f in (TOKENS, NOISE) for r in three(f, 0.5, budget_flops=b)]
    rows += [r for way in ("a", "b") for f in (TOKENS, NOISE) for r in three(f, 0.5, key={"way": way})]
    assert len(contests.contests(rows)) == 4
    assert contests.contests(three(TOKENS, 0.9, metric="nonsense") + three(NOISE, 0.9, metric="nonsense")) == []


def test_a_router_takes_who_won_more_often_and_else_the_articles_and_its_regret_is_counted():
    seen = [Contest("words", "s", "t", w, TOKENS) for w in (NOISE, NOISE, TOKENS, LEVEL)]
    rule = contests.fitted(seen)
    assert rule(seen[0]) == NOISE and rule(Contest("edits", "s", "t", LEVEL, TOKENS)) == TOKENS
    assert contests.regret(rule, seen) == pytest.approx(1 / 3)  # what is level costs nobody anything
    assert contests.regret(rule, [Contest("words", "s", "t", LEVEL, TOKENS)]) == 0


# Figures and the widget


def test_units_of_a_difference_are_those_of_what_counts():
    share = verdict.Outcome("", verdict.YES, 0.1, 0.05, 0.15, 0.05)
    assert figures.units(share) == pytest.approx([2, 1, 3])
    times = verdict.Outcome("", verdict.YES, 1.25**2, 1.0, 1.25**3, 1.25)
    assert figures.units(times) == pytest.approx([2, 0, 3])
    assert figures.units(verdict.Outcome("", verdict.OPEN)) is None


def test_every_figure_draws_what_there_is_and_what_is_missing():
    found = verdict.verdicts()
    texts = {claim["id"]: claim["claim"] for claim in verdict.claims()["claims"]}
    drawn = [figures.verdicts(found, texts, "All"), figures.verdicts(verdict.verdicts([])[:2], texts, "None")]
    kinds = [
        {"kind": k, "tokens": n, "seconds_batch_1": n, "seconds_batch_64": n / 2}
        for k in figures.KINDS
        for n in (9, 36)
    ]
    powers = {kind: {"seconds_batch_1": 1.0, "seconds_batch_64": 1.0} for kind in figures.KINDS}
    drawn.append(figures.growth(kinds, powers, "Growth"))
    runs = [{"family": f, "pictures": n, "frechet_relative": n} for f in (TOKENS, NOISE) for n in (100, 1000)]
    drawn += [figures.flips(runs, "Flips"), figures.regrets({"ours": (0.1, 0.4)}, "Regret")]
    drawn.append(figures.scores({"ar-slow": 0.2, "rule": 1.9}, texts, "Scores"))
    drawn.append(
        figures.table([("task", "noise", "3 of 4", "1 of 4")], ("task", "article", "tokens", "noise"), "Table")
    )
    drawn.append(figures.page(torch.zeros(10, 1, 28, 28), ["one", "two"], "Yours"))
    for fig in drawn:
        assert len(fig.alt) > 20 and len(fig.png()) > 1000


def test_the_router_recommends_says_what_it_rests_on_and_refuses_what_is_not_there():
    found = [Contest("looks", "s", "t", NOISE, NOISE), Contest("looks", "s", "t", TOKENS, NOISE)]
    found += [Contest("looks", "s", "t", NOISE, NOISE), Contest("words", "s", "t", LEVEL, TOKENS)]
    router = play.Router(found, contests.fitted(found))
    assert router.won == [1, 2, 0] and "Take out of noise; in 1 of 3" in router.status
    router.kind = 1
    assert router.won == [0, 0, 1] and "Nobody won" in router.status
    with pytest.raises(ValueError, match="kind=7 must lie in 0..1: looks, words"):
        router.kind = 7
    assert router.kind == 1 and len(router.frame().png()) > 1000
    with pytest.raises(ValueError, match="found is empty"):
        play.Router([], contests.fitted([]))


def test_quantiles_of_few_trainings_are_long():
    assert math.isclose(float(stats.t.ppf(0.975, 2)), 4.303, abs_tol=1e-3)
