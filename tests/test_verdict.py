"""Verdicts follow from rules and rows alone: other rows, other verdicts. A rule reads what some experiment writes."""

import json
from html import unescape
from pathlib import Path

import pytest

from course_lib import runtime
from course_lib.__main__ import main
from course_lib.data import results
from course_lib.experiments import EXPERIMENTS, verdict

ABOUT = verdict.claims()
TESTS = [(c["id"], t) for c in ABOUT["claims"] for each in c["rule"]["tests"] for t in each.get("any", [each])]
TEST = {"says": "ahead", "in": {"experiment": "e", "metric": "m"}, "of": {"family": "noise"}}
TEST |= {"than": {"family": "autoregressive"}, "wins": "higher", "least": 0.1}

NOTEBOOK = Path(__file__).resolve().parent.parent / "notebooks" / "18_verdict.ipynb"


def row(family: str, value: float, half: float | None = 0.01, **more) -> dict:
    ends = {"low": None, "high": None} if half is None else {"low": value - half, "high": value + half}
    return {"experiment": "e", "task": "t", "family": family, "metric": "m", "value": value, **ends, **more}


def rows(noise: list[float], other: list[float], half: float | None = 0.01) -> list[dict]:
    return [row("noise", value, half) for value in noise] + [row("autoregressive", value, half) for value in other]


@pytest.mark.parametrize(
    ("noise", "other", "answer", "why"),
    [
        ([0.9, 0.91, 0.92], [0.5, 0.52, 0.51], verdict.YES, ""),
        ([0.5, 0.52, 0.51], [0.9, 0.91, 0.92], verdict.NO, ""),
        ([0.51, 0.5, 0.52], [0.5, 0.52, 0.51], verdict.NO, ""),  # level
        ([0.2, 0.9, 0.95], [0.5, 0.1, 0.6], verdict.OPEN, "too wide"),
        ([0.9], [0.5], verdict.OPEN, "1 training"),  # one training names no winner
        ([0.5], [0.9], verdict.NO, ""),  # but shows that it did not win
        ([0.9, 0.91, 0.92], [], verdict.OPEN, "not measured"),
    ],
)
def test_a_winner_needs_three_trainings_and_an_interval_clear_of_0(noise, other, answer, why):
    found = verdict.examine(TEST, rows(noise, other))
    assert found.answer == answer and why in found.why
    if answer == verdict.YES:
        assert found.low > 0 and abs(found.ahead - 0.4) < 1e-9


def test_lower_may_win_and_factors_are_compared_as_logarithms():
    test = TEST | {"wins": "lower", "as": "times", "least": 1.5}
    found = verdict.examine(test, rows([1.0, 1.1, 0.9], [2.0, 2.2, 1.8]))
    assert found.answer == verdict.YES and abs(found.ahead - 2) < 1e-9 and found.low > 1
    turned = verdict.examine({**test, "of": test["than"], "than": test["of"]}, rows([1.0, 1.1, 0.9], [2.0, 2.2, 1.8]))
    assert turned.answer == verdict.NO and abs(turned.ahead - 0.5) < 1e-9
    number = verdict.examine(TEST | {"than": 0.9, "least": 0.0}, rows([0.97, 0.98, 0.975], []))
    assert number.answer == verdict.YES and number.ahead == pytest.approx(0.075)


def test_seeds_that_agree_by_luck_are_no_surer_than_their_pictures():
    sure = verdict.examine(TEST, rows([0.6, 0.6, 0.6], [0.45, 0.45, 0.45], half=0.001))
    unsure = verdict.examine(TEST, rows([0.6, 0.6, 0.6], [0.45, 0.45, 0.45], half=0.3))
    assert sure.answer == verdict.YES and unsure.answer == verdict.OPEN


def test_the_interval_covers_the_truth_as_often_as_it_says():
    import numpy as np

    dice, hit = np.random.default_rng(0), 0
    for _ in range(400):
        a, b = dice.normal(0.7, 0.05, 3), dice.normal(0.5, 0.02, 3)
        found = verdict.examine(TEST, rows(list(a), list(b), half=None))
        hit += found.low <= 0.2 <= found.high
    assert 0.92 <= hit / 400 <= 1  # Welch's interval errs on the wide side with three


def test_some_tests_make_a_condition_and_open_ones_no_denial():
    def claim(*wanted):
        return {"id": "x", "rule": {"tests": [TEST | {"says": f"{i}", "in": {**TEST["in"], "task": f"{w}"}}
                                              for i, w in enumerate(wanted)]}}  # fmt: skip

    high, low = [0.9, 0.91, 0.92], [0.1, 0.11, 0.12]
    found = [r | {"task": "won"} for r in rows(high, low)] + [r | {"task": "lost"} for r in rows(low, high)]
    holds, only_if, not_so, undecided = ABOUT["verdicts"]
    for wanted, says, conditions in (
        (("won", "won"), holds, ()),
        (("won", "lost"), only_if, ("0",)),
        (("lost", "won", "absent"), only_if, ("1",)),
        (("lost", "lost"), not_so, ()),
        (("lost", "absent"), undecided, ()),
        (("absent",), undecided, ()),
    ):
        judged = verdict.judge(claim(*wanted), found)
        assert (judged.verdict, judged.only_if) == (says, conditions)


def test_one_of_several_is_enough_where_a_rule_says_any():
    lost = TEST | {"of": TEST["than"], "than": TEST["of"]}
    found = rows([0.9, 0.91, 0.92], [0.1, 0.11, 0.12])
    assert verdict.settled({"says": "some", "any": [lost, TEST]}, found).answer == verdict.YES
    assert verdict.settled({"says": "some", "any": [lost, lost]}, found).answer == verdict.NO
    absent = TEST | {"in": {"experiment": "elsewhere", "metric": "m"}}
    assert verdict.settled({"says": "some", "any": [lost, absent]}, found).answer == verdict.OPEN


def test_a_prediction_is_scored_by_brier():
    judged = [verdict.Verdict("a", "holds", (), ()), verdict.Verdict("b", "does not hold", (), ())]
    sure = {"a": {"verdict": "holds", "confidence": 100}, "b": {"verdict": "holds", "confidence": 100}}
    assert verdict.brier(sure, judged) == {"a": 0.0, "b": 2.0}
    blind = verdict.brier({"a": {"verdict": "undecided at this scale", "confidence": 25}}, judged)
    assert blind == {"a": pytest.approx(0.75)}


# The rules of the article's claims


def test_every_claim_has_a_rule_that_says_what_was_known_when_it_was_fixed():
    for claim in ABOUT["claims"]:
        rule = claim["rule"]
        assert rule["says"] and set(rule["known"]) <= verdict.experiments(rule) and rule["tests"]
        says = [each["says"] for each in rule["tests"]]
        assert len(set(says)) == len(says)


@pytest.mark.parametrize(("claim", "test"), TESTS, ids=[f"{c}-{i}" for i, (c, _) in enumerate(TESTS)])
def test_a_rule_reads_rows_that_an_experiment_writes(claim, test):
    name = test["in"]["experiment"]
    assert name in EXPERIMENTS and test["wins"] in ("higher", "lower") and test["least"] >= 0
    if not results.path_of(name).exists():
        return  # what its rows will be is tested where they are made; `course verdict` calls it open
    same = verdict.chosen(results.read(name)["rows"], **test["in"])
    for side in (test["of"], test["than"]):
        assert isinstance(side, int | float) or verdict.chosen(same, **side), side


def test_quality_is_judged_by_both_rulers():
    rule = next(claim["rule"] for claim in ABOUT["claims"] if claim["id"] == "diffusion-quality")
    assert {"budget", "second-ruler"} <= verdict.experiments(rule)


def test_changed_rows_change_verdicts():
    """The noise model made three times as far everywhere: quality is no longer its strength."""
    shipped = verdict.shipped_rows()
    worse = [
        {**r, **{k: r[k] and 30 * r[k] for k in ("value", "low", "high")}}
        if r["family"] == "noise" and r["metric"] in ("frechet_relative", "second_relative")
        else r
        for r in shipped
    ]
    by_id = {v.claim: v.verdict for v in verdict.verdicts(worse)}
    assert by_id["diffusion-quality"] == "does not hold"
    assert {v.claim: v.verdict for v in verdict.verdicts(shipped)}["diffusion-quality"] != "does not hold"


def test_the_command_prints_every_claim_with_its_verdict(capsys):
    assert main(["verdict"]) == 0
    printed = capsys.readouterr().out
    for claim, judged in zip(ABOUT["claims"], verdict.verdicts()):
        assert f"{claim['claim']}\n    {judged.verdict}\n" in printed


def test_a_claim_keeps_its_text_for_the_reader(tmp_path):
    text = (runtime.data_dir() / "claims.json").read_text(encoding="utf-8")
    assert [c["id"] for c in json.loads(text)["claims"]][:3] == ["two-questions", "ar-structure", "ar-slow"]
    assert max(map(len, text.splitlines())) < 500


def test_the_stored_notebook_says_what_the_command_says():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    shown = [
        unescape("".join(output["data"].get("text/html", "")))
        for cell in cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    told = []
    verdict.told(verdict.verdicts(), told.append)
    said = [text for text in shown if told[0] in text]
    assert said, "the verdicts stand in no output of notebook 18"
    missing = [line for line in told if line not in said[0]]
    assert not missing, f"run notebook 18 again: `course verdict` says {missing[:3]}"
