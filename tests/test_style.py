"""Emoji in two hands: the same terms for both families, a ruler that knows real ones and copies, rows that go on."""

import pytest
import torch
from tiny import shaken

from course_lib import data
from course_lib.data import emoji
from course_lib.experiments import EXPERIMENTS, provenance, repeat, style, style_judge
from course_lib.networks import Classifier, ClassifierConfig
from course_lib.show import figures_13_style
from course_lib.training import RECIPES, inputs


@pytest.fixture
def judge(monkeypatch):
    """A classifier of random weights that judges; what it saw is forgotten."""
    network = shaken(Classifier(ClassifierConfig(channels=3, classes=16, features=32)), 0.1, torch.float32)
    monkeypatch.setattr(style_judge, "judge", lambda: network)
    style_judge._held_out.cache_clear()
    yield network
    style_judge._held_out.cache_clear()


def test_both_families_have_as_many_parameters_and_operations():
    sizes, spent = [], []
    for name in style.FAMILIES.values():
        recipe = RECIPES[name]
        sizes.append(sum(p.numel() for p in recipe.build().parameters()))
        spent.append(recipe.steps * recipe.batch * repeat.flops_per_picture(name))
    assert max(sizes) / min(sizes) < 1.02 and max(spent) / min(spent) < 1.001
    assert len({RECIPES[name].uses for name in style.FAMILIES.values()}) == 1  # the same tokenizer


def test_a_request_is_a_style_and_a_subgroup_without_words():
    pictures = data.load("emoji", "test")
    labels = style.requests(pictures)
    assert torch.equal(labels[:, :2], emoji.conditions(pictures)[:, :2])
    assert (labels[:, 2:] == emoji.conditions_count()).all()


def test_both_families_are_asked_the_same_in_rounds(monkeypatch):
    asked = []

    def made(name, part, model, **dials):
        asked.append((name, part))
        return part.new_zeros(len(part), 3, 32, 32)

    monkeypatch.setattr(style.training, "draw", made)
    for name in style.FAMILIES.values():
        pictures = style.drawn(name, None, "test", 1.0)
        assert len(pictures) == style.TIMES["test"] * len(data.load("emoji", "test")) >= 500
    first, second = (torch.cat([part for n, part in asked if n == name]) for name in style.FAMILIES.values())
    assert torch.equal(first, second) and torch.equal(first[:162], first[162:324])


def test_real_pictures_beside_themselves_are_at_no_distance_and_as_varied(judge):
    test = data.load("emoji", "test")
    found = style_judge.report(torch.cat([test.pixels, test.pixels]))
    assert found["n"] == 2 * len(test)
    for row in found["styles"].values():
        assert row["n"] == 162 and row["a_round"] == 81
        assert abs(row["frechet"]) < 1e-6 and abs(row["variety"] - 1) < 1e-6 and row["recall"] == 1
        assert all(row[f"{key}_low"] <= row[key] <= row[f"{key}_high"] for key in style_judge.NUMBERS[:-1])


def test_one_picture_again_and_again_is_not_varied(judge):
    test = data.load("emoji", "test")
    found = style_judge.report(test.pixels[:1].expand(len(test), -1, -1, -1))
    assert all(row["variety"] < 1e-3 and row["recall"] < 0.2 for row in found["styles"].values())


def test_agreement_is_with_what_was_asked_for(judge, monkeypatch):
    test = data.load("emoji", "test")
    wanted = style_judge.kinds(test)
    features = style_judge.judged(test.pixels)[0]
    wrong = torch.stack([1 - wanted[:, 0], wanted[:, 1]], 1)
    monkeypatch.setattr(style_judge, "judged", lambda pixels: (features, wrong))
    for row in style_judge.report(test.pixels)["styles"].values():
        assert row["agreement"] == 0 and row["group_agreement"] == 1


def test_a_training_picture_is_found_whether_shifted_or_not():
    train = data.load("emoji")
    rows = [0, 700, 2000]
    shifted = ((inputs.shifted(train[rows])[2 :: inputs.VARIANTS] + 1) * 127.5).round().to(torch.uint8)
    for pixels, most in ((train.pixels[rows], 1e-3), (shifted, 0.2)):
        far, found = style_judge.nearest(pixels)
        assert (far < most).all() and train.extra["concepts"][found[1]] == train.extra["concepts"][700]
    near = style_judge.too_near()
    assert 0.05 < near < 0.3  # held-out emoji are farther than a copy, and no farther than a picture
    copies = style_judge.nearest(style_judge.through(train.floats()[::50]))[0] < near
    assert copies.double().mean() > 0.7


def test_guidance_is_chosen_on_validation_by_the_distance(monkeypatch):
    splits = []

    def report(pixels, split="test", numbers=()):
        splits.append(split)
        return {"n": 2, "styles": {name: {"frechet": abs(pixels - 2.0)} for name in ("noto", "twemoji")}}

    monkeypatch.setattr(style, "drawn", lambda name, model, split, w: w)
    monkeypatch.setattr(style, "report", report)
    row = style.measured("dit-emoji", None)
    assert row["guidance"] == 2.0 and set(row["validation"]) == {str(w) for w in style.GUIDANCE}
    assert splits == ["validation"] * len(style.GUIDANCE) + ["test"]


def test_the_copier_answers_with_the_style_and_subgroup_asked_for(monkeypatch):
    seen = []
    monkeypatch.setattr(style, "through", lambda x: seen.append(x) or x)
    monkeypatch.setattr(style, "report", lambda pixels, **_: {"n": len(pixels), "styles": {}})
    assert style._real("copier")["n"] == style.TIMES["test"] * 162
    train, test = data.load("emoji"), data.load("emoji", "test")
    row = (train.floats() == seen[0][5]).flatten(1).all(1).nonzero()[:, 0]
    assert (style.requests(train)[row] == style.requests(test)[5]).all(1).any()


def test_the_experiment_goes_on_where_it_stopped_and_gives_tidy_rows(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    done = []

    def trained(family, seed):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append((family, seed))
        numbers = {key: 0.5 for key in style.NUMBERS}
        styles = {name: {"n": 324, **numbers} for name in ("noto", "twemoji")}
        return {"model": style.FAMILIES[family], "budget_flops": 1.0, "n": 648, "styles": styles}

    monkeypatch.setattr(style, "_trained", trained)
    monkeypatch.setattr(style, "_shipped", lambda family: {"styles": {"noto": {}, "twemoji": {}}})
    monkeypatch.setattr(style, "_real", lambda model: {"family": "data", "styles": {"noto": {}, "twemoji": {}}})
    with pytest.raises(KeyboardInterrupt):
        style.style()
    done.append(None)  # not interrupted again
    found = style.style()
    assert len(done) == len(style.SEEDS) * 2 + 1 and "style" in EXPERIMENTS
    assert [row["seed"] for row in found.metrics["runs"]] == [0, 0, 1, 1, 2, 2]
    assert all(set(provenance.COLUMNS) - {"experiment"} <= set(row) for row in found.rows)
    assert {row["task"] for row in found.rows} == {"noto", "twemoji"} and {row["n"] for row in found.rows} == {324}
    assert len(found.rows) == 6 * 2 * len(style.NUMBERS)


def test_a_wish_names_a_style_and_a_subgroup_and_nothing_else():
    labels = style.wishes(["heart", "animal-bird"])
    known = emoji.subgroups()
    assert labels[:, 0].tolist() == [0, 0, 1, 1]
    assert labels[:, 1].tolist() == [2 + known.index("heart"), 2 + known.index("animal-bird")] * 2
    assert (labels[:, 2:] == emoji.conditions_count()).all()


def found(tokens=(0.6, 0.61, 0.62), noise=(0.7, 0.71, 0.72)) -> dict:
    """What the experiment gives, with `agreement` and all else set to these numbers."""

    def row(value, **about):
        numbers = {key + end: value for key in style.NUMBERS for end in ("", "_low", "_high")}
        return about | {"styles": {name: numbers for name in ("noto", "twemoji")}}

    runs = [row(value, family="autoregressive", seed=i) for i, value in enumerate(tokens)]
    runs += [row(value, family="noise", seed=i) for i, value in enumerate(noise)]
    shipped = [row(0.8, family=family, model=name) for family, name in style.FAMILIES.items()]
    return {"share": 0.25, "runs": runs, "shipped": shipped, "real": [row(0.9, model=model) for model in style.REAL]}


@pytest.mark.parametrize(
    ("changes", "best"),
    [
        ({}, "noise"),
        ({"tokens": (0.8, 0.9, 0.73)}, "autoregressive"),
        ({"tokens": (0.6, 0.61, 0.705)}, None),
        ({"tokens": (0.1, 0.1)}, None),  # two seeds name no winner
    ],
)
def test_a_family_is_ahead_only_in_all_of_three_seeds(changes, best):
    assert figures_13_style.ahead(found(**changes), "agreement") == best
    turned = {None: None, "noise": "autoregressive", "autoregressive": "noise"}[best]
    assert figures_13_style.ahead(found(**changes), "frechet") == turned  # less is better there


def test_the_figure_says_what_was_found_and_the_table_has_a_line_each():
    figure = figures_13_style.numbers(found())
    assert figure.get_suptitle().startswith("Style hit more often: by noise") and figure.alt
    lines = figures_13_style.table(found()).splitlines()
    assert len(lines) == 1 + len(style.REAL) + 4 and "0.60 to 0.62" in lines[4] and "tokens, 3 seeds" in lines[4]


def test_sheets_have_a_row_a_name_and_neighbours_two():
    x = torch.zeros(3, 3, 32, 32, dtype=torch.uint8)
    sheet = figures_13_style.contact_sheet({"noto, tokens": x, "noto, noise": x}, ["a-b", "c", "d"])
    assert sheet.axes[0].get_xticklabels()[0].get_text() == "a\nb"  # long names do not run into each other
    assert [tick.get_text() for tick in sheet.axes[0].get_yticklabels()] == ["noto, tokens", "noto, noise"]
    near = figures_13_style.neighbours({"tokens": (x, x)}, "Near")
    assert [tick.get_text() for tick in near.axes[0].get_yticklabels()] == ["tokens", "nearest in training"]
