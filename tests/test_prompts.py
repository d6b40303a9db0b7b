"""The experiments on captions: the same prompts for all, grades of the exact law, rows that say what they are of."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from course_lib.data import captions, scenes
from course_lib.experiments import EXPERIMENTS, averaged, obeying, prompts, provenance
from course_lib.training import RECIPES, Run, checkpoints
from course_lib.training.recipes import scenes as recipes


@pytest.mark.parametrize("asked", obeying.ASKED)
def test_prompts_are_the_same_for_every_model_and_of_the_part_they_are_named_for(asked):
    cells, ground, texts = obeying.prompts(asked, 20)
    assert len(cells) == len(ground) == len(texts) == 20
    assert obeying.prompts.__wrapped__(asked, 20)[2] == texts
    form, part, objects = obeying.ASKED[asked]
    assert (scenes.split(cells) == scenes.PARTS.index(part)).all()
    assert objects is None or ((cells > 0).sum(1) == objects).all()
    for cell, on, text in zip(cells.split(1), ground.split(1), texts):
        assert captions.fits(cell, on, captions.read(text)).all()
    assert recipes.told(texts).shape == (20, recipes.WORDS)


def test_chains_are_longer_than_any_relation_in_training():
    longest = max(len(text.split()) for text in obeying.prompts("relation", 300)[2])
    assert min(len(text.split()) for text in obeying.prompts("chain", 100)[2]) > longest - 4
    assert max(len(text.split()) for text in obeying.prompts("chain", 100)[2]) > longest


@pytest.mark.parametrize("name", ["token-ar-scenes", "masked-scenes"])
def test_one_id_a_patch_draws_and_reads_the_same_pictures(name):
    recipe = obeying.single_ids(name)
    x, labels = recipe.batches(size=4)(0)
    assert x.shape == (4, 36) and int(x.max()) < len(scenes.BOOK)
    plain, _ = RECIPES[name].batches(size=4)(0)
    assert torch.equal(recipe.reads.decode(x), RECIPES[name].reads.decode(plain))
    assert recipe.loss(recipe.build(), (x, labels), generator=torch.Generator().manual_seed(0)) > 0
    assert obeying.drawn(recipe, recipe.build().eval(), ["", "red circle"]).shape == (2, 3, 24, 24)


def test_details_change_the_start_and_the_times_and_nothing_else():
    for name in ("dit-scenes", "token-ar-scenes"):
        torch.manual_seed(0)
        plain = RECIPES[name].build()
        torch.manual_seed(0)
        small = obeying.detailed(name, 0.02, 4.0).build()
        tables = {"position", "label.weight"} | ({"read.weight"} if name == "token-ar-scenes" else set())
        for key, value in plain.state_dict().items():
            assert torch.allclose(small.state_dict()[key], value * (0.04 if key in tables else 1)), key
    assert obeying.detailed("dit-scenes", 0.5, 4.0).dials["shift"] == 4.0
    assert "shift" not in obeying.detailed("token-ar-scenes").dials


def test_the_exact_law_gets_full_marks_and_stands_on_the_floor():
    cells, ground, texts = obeying.prompts("no-positions", 200)
    found = obeying.graded(scenes.render(cells, ground), "no-positions")
    assert found["fits"] == 1 and found["abstained"] == 0
    assert sum(part["n"] for part in found["fits_by_objects"].values()) == 200
    assert found["place_variation"] < found["place_floor"] + 0.05
    shifted = scenes.render(cells, (ground + 1) % 4)
    assert obeying.graded(shifted, "no-positions")["fits"] == 0


def test_distinct_scenes_are_a_share_of_what_the_law_would_give():
    generator = torch.Generator().manual_seed(0)
    kinds = scenes.kind("circle", "red", "big"), scenes.kind("cross", "blue", "small")
    n = prompts.TIMES * 40
    places = torch.rand(n, 9, generator=generator).argsort(1)[:, :2]
    cells = torch.zeros(n, 9, dtype=torch.long).scatter(1, places, torch.tensor(kinds).expand(n, 2))
    ground, texts = torch.zeros(n, dtype=torch.long), ["big red circle and small blue cross on black"] * n
    law = prompts._varied(scenes.render(cells, ground), texts)
    assert law["distinct"] == pytest.approx(1, abs=0.03) and law["fits"] == 1
    always = prompts._varied(scenes.render(cells[:1].expand(n, -1), ground), texts)
    assert always["distinct"] == pytest.approx(1 / 24.7, rel=0.02) and always["place_variation"] > 0.5
    assert "distinct" not in prompts._varied(scenes.render(cells, ground + 1), texts)


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Small numbers, models with random weights in place of trained and shipped ones."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    for name, value in {"MADE": 4, "MANY": 4, "PRICED": 4, "WATCHED": 2, "TIMES": 2, "REPEATED": 1}.items():
        monkeypatch.setattr(prompts, name, value)
    monkeypatch.setattr(prompts, "TASKS", ("full", "no-positions", "chain"))
    small = partial(recipes.transformer, width=32, depth=1, heads=2)
    monkeypatch.setattr(recipes, "transformer", small)
    asked = []

    def trained(name, flops, seed, *, recipe=None, mix=None, watch=None, looks=0):
        asked.append((name, flops, seed))
        model = (recipe or RECIPES[name]).build().eval()
        if watch:
            watch(1, model)
        return model

    monkeypatch.setattr(prompts, "trained", trained)
    monkeypatch.setattr(checkpoints, "load", lambda name: RECIPES[name].build().eval())
    monkeypatch.setattr(checkpoints, "header", lambda name: {"train_flops": 100, "uses": {"a": 20}, "weights": "0"})
    monkeypatch.setattr(checkpoints, "folder", lambda: tmp_path)
    return asked


def tidy(found):
    assert found.rows and all(set(provenance.COLUMNS) - {"experiment"} <= set(row) for row in found.rows)
    return {(row["model"], row["task"], row["metric"]) for row in found.rows}


def test_budgets_are_a_run_a_family_budget_and_seed_with_one_curve_each(quick, monkeypatch):
    monkeypatch.setattr(prompts, "BUDGETS", (1.0, 2.0))
    monkeypatch.setattr(prompts, "SEEDS", (0, 1))
    found = prompts.budgets()
    assert quick == [(n, b, s) for b in (1.0, 2.0) for s in (0, 1) for n in obeying.FAMILIES]
    assert [bool(run["curve"]) for run in found.metrics["runs"]].count(True) == 3
    rows = tidy(found)
    assert ("token-ar-scenes", "captions: no-positions", "excess") in rows
    assert ("masked-scenes", "captions: full", "bound_excess") in rows
    assert ("masked-scenes, one at a time", "captions: full", "fits") in rows
    assert not any(metric.endswith("excess") for model, _, metric in rows if model.startswith("dit"))
    prompts.budgets()
    assert len(quick) == 12  # nothing is trained twice


@pytest.mark.parametrize(("experiment", "runs"), [("tokenizers", 2), ("details", 5), ("reading", 2)])
def test_each_variant_has_its_seeds(quick, monkeypatch, experiment, runs):
    monkeypatch.setattr(prompts, "SEEDS", (0, 1))
    found = getattr(prompts, experiment)()
    assert len(quick) == 2 * runs
    assert len({model for model, *_ in tidy(found)}) == runs


def test_words_are_read_in_turn_or_together_by_the_same_network():
    ours, other = (recipe.build() for recipe in (RECIPES["masked-scenes"], obeying.together("masked-scenes")))
    assert ours.config.in_turn and not other.config.in_turn
    shapes = [{name: weight.shape for name, weight in model.state_dict().items()} for model in (ours, other)]
    assert shapes[0] == shapes[1]


def test_shipped_models_are_measured_where_they_are_and_guided_at_every_scale(quick, tmp_path):
    (tmp_path / "dit-scenes.safetensors").touch()
    found = prompts.shipped()
    assert [run["name"] for run in found.metrics["runs"]] == ["dit-scenes"]
    assert found.metrics["runs"][0]["budget_flops"] == 120
    assert "null" in found.metrics["runs"][0]["asked"]
    led = prompts.guidance().metrics["runs"]
    assert [run["w"] for run in led] == list(prompts.GUIDANCE)
    assert led[0]["asked"]["full"]["fits"] == 0 and "distinct" not in led[0]["asked"]["no-positions"]


def test_all_are_registered_and_say_what_they_do():
    kinds = ("", "-shipped", "-tokenizer", "-guidance", "-details", "-reading")
    assert all(EXPERIMENTS[f"prompts{kind}"].__doc__ for kind in kinds)


def test_half_a_training_makes_no_model(monkeypatch):
    monkeypatch.setattr(averaged, "fit", lambda *_, **__: Run(None, None, finished=False))
    with pytest.raises(KeyboardInterrupt):
        obeying.trained("dit-scenes", 1e12, 0)


def test_a_model_is_watched_on_the_way_and_trained_on_what_the_budget_buys(monkeypatch):
    few = replace(RECIPES["token-ar-scenes"], batch=4)
    monkeypatch.setitem(RECIPES, "token-ar-scenes", few)
    monkeypatch.setattr(obeying, "_steps", lambda name, flops: 4)
    seen = []
    obeying.trained("token-ar-scenes", 1.0, 0, watch=lambda step, _: seen.append(step), looks=2)
    assert seen == [2, 4]
