"""What the result pictures of notebook 12 say is worked out from their rows."""

import re

import pytest
from lettering import crossings

from course_lib.data import results
from course_lib.show import figures_12, head_to_head, two_rulers


def run(family: str, share: float, distance: float, half: float = 0.01) -> dict:
    low, high = distance - half, distance + half
    names = ("frechet_relative", "frechet_relative_low", "frechet_relative_high")
    return {"family": family, "share": share} | dict(zip(names, (distance, low, high)))


def found(*runs: dict) -> dict:
    return {"runs": list(runs), "whole_flops": 8e12}


def test_the_largest_budget_of_both_families_is_judged_by_all_of_its_seeds():
    shared = [run("noise", 0.5, 0.2), run("noise", 0.5, 0.22), run("autoregressive", 0.5, 0.3)]
    assert figures_12.lead(found(*shared, run("noise", 1, 0.1))) == "At 4 TFLOP out of noise is ahead"
    late = run("autoregressive", 0.5, 0.215)  # one seed of the tokens is as near as a seed of noise
    assert figures_12.lead(found(*shared, late)) == "At 4 TFLOP they are level"


def test_runs_are_grouped_by_their_share_of_the_budget():
    runs = [run("noise", 1, 0.1), run("noise", 0.5, 0.3), run("noise", 0.5, 0.2), run("autoregressive", 1, 0.4)]
    assert figures_12.by_share(runs, "noise") == {0.5: [0.3, 0.2], 1: [0.1]}
    assert len(figures_12.budget(found(*runs)).png()) > 1000


def taught(lessons: str, seed: int, *distances: tuple[float, float]) -> dict:
    curve = [{"flops": 1e13 * (n + 1), "frechet_relative": list(pair)} for n, pair in enumerate(distances)]
    return {"lessons": lessons, "seed": seed, "curve": curve}


def test_the_nearest_student_in_one_step_and_in_two_is_named_from_all_seeds():
    kinds = [name for name in figures_12.LESSONS if name != "halves"]
    runs = [taught(name, seed, (1.0, 0.5), (0.5, 0.3)) for name in kinds for seed in (0, 1)]
    runs += [taught("halves", 0, (0.9, 0.5), (0.3, 0.4)), taught("halves", 1, (0.9, 0.5), (0.5, 0.18))]
    one, two = (figures_12.ends(runs, step) for step in (0, 1))
    assert (one["halves"], one["both"], two["halves"]) == pytest.approx((0.4, 0.5, 0.29))
    found = {"runs": runs, "teacher": {"frechet_relative": 0.11}}
    fig = figures_12.lessons(found)
    assert fig.get_suptitle() == "After equal training “halves” is nearest in one step, “halves” in two"
    runs[-1]["curve"][-1]["frechet_relative"][1] = 0.5  # the second seed of halves is far in two steps
    assert figures_12.lessons(found).get_suptitle().endswith("one step, “halves, half the rate” in two")


def test_the_headline_names_who_is_first_alone_and_in_a_crowd():
    rows = [
        {"name": "dit-fashion", "frechet_relative": 0.19, "seconds_batch_1": 0.02, "seconds_batch_64": 0.02},
        {"name": "token-ar-fashion", "frechet_relative": 0.1, "seconds_batch_1": 0.05, "seconds_batch_64": 0.01},
    ]
    said = head_to_head.finding(rows, (1, 64), 0.2)
    assert said == (
        "First to a distance of 0.2: noise, transformer (20.0 ms alone); token by token (10.0 ms each of 64). Token by "
        "token comes nearest: 0.10"
    )
    said = head_to_head.finding(rows[1:], (1, 64), 0.2)
    assert said.startswith("First to a distance of 0.2: token by token (50.0 ms alone, 10.0 ms each of 64). ")
    assert head_to_head.finding(rows, (1, 64), 0.05).startswith("None reaches a distance of 0.05; token by token comes")


def test_models_are_named_beside_their_curves():
    rows = [
        {"name": name, "family": family, "steps": steps, "frechet": 10 * d, "frechet_floor": 0.2, "frechet_relative": d}
        | {"seconds_batch_1": seconds, "seconds_batch_64": seconds / 4}
        for name, family, steps, d, seconds in (
            ("dit-fashion", "noise", 1, 2.0, 0.01),
            ("dit-fashion", "noise", 8, 0.2, 0.08),
            ("token-ar-fashion", "autoregressive", 49, 0.1, 0.05),
        )
    ]
    fig = head_to_head.draw(rows)
    for ax in fig.axes:
        assert {text.get_text().split("\n")[0] for text in ax.texts} == {
            "noise, transformer",
            "token by token",
            "real pictures",
        }
    assert not crossings(fig) and len(fig.axes) == 2


def test_two_rulers_say_whether_patches_and_tokens_are_apart():
    both = results.read("second-ruler")["metrics"]
    assert re.search(r"level \(.*\) by one ruler, apart \(.*\) by another", two_rulers.said(both))
    drawn = {text.get_text() for text in two_rulers.draw(both).axes[0].texts}
    assert len(drawn) == len(both["runs"]) + len(both["real"]) and "real, through codes" in drawn
    same = [row | {"second_relative_low": 0.0, "second_relative_high": 9.0} for row in both["runs"]]
    assert two_rulers.said({"runs": same}).split(" ruler, ")[1].startswith("level")
