"""The long comparisons: what they do, with the hours of training and drawing taken out."""

import json
from types import SimpleNamespace

import pytest
import torch

from course_lib import runtime, training
from course_lib.experiments import EXPERIMENTS, comparisons, provenance, repeat
from course_lib.show import head_to_head
from course_lib.training import RECIPES


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return tmp_path / "experiments"


def columns(found) -> list[dict]:
    """The tidy rows of an experiment, which have all columns but the experiment's name."""
    assert found.rows and all(set(provenance.COLUMNS) - {"experiment"} <= set(row) for row in found.rows)
    return found.rows


def test_both_are_registered_and_say_what_they_do():
    assert {"budget", "head-to-head"} <= set(EXPERIMENTS)
    assert all(EXPERIMENTS[name].__doc__ for name in ("budget", "head-to-head"))


def test_the_budget_is_a_run_a_family_share_and_seed_and_goes_on_where_it_stopped(cache, monkeypatch):
    done = []

    def trained(family):
        def train(pictures, flops, seed):
            if len(done) == 5:
                raise KeyboardInterrupt
            done.append((family, flops / comparisons.WHOLE, seed))
            return None, {"steps": [1]}

        return train

    monkeypatch.setattr(comparisons, "_tokens", trained("autoregressive"))
    monkeypatch.setattr(comparisons, "_noise", trained("noise"))
    quality = {"frechet_relative": 1.0, "frechet_relative_low": 0.9, "frechet_relative_high": 1.1, "frechet_n": 1500}
    monkeypatch.setattr(comparisons, "_measured", lambda draw: quality)
    with pytest.raises(KeyboardInterrupt):
        comparisons.budget()
    assert len(json.loads((cache / "budget" / "rows.json").read_text(encoding="utf-8"))["rows"]) == 5
    done.append(None)  # not interrupted again
    found = comparisons.budget()
    rows = found.metrics["runs"]
    wanted = [(f, s, n) for s, ns in comparisons.SHARES.items() for n in ns for f in ("autoregressive", "noise")]
    assert [(row["family"], row["share"], row["seed"]) for row in rows] == wanted
    assert len(done) == len(wanted) + 1  # none was trained twice
    tidy = columns(found)
    names = {"autoregressive": "token-ar-fashion", "noise": "dit-fashion"}
    assert [(row["model"], row["budget_flops"], row["seed"]) for row in tidy] == [
        (names[family], share * comparisons.WHOLE, seed) for family, share, seed in wanted
    ]
    assert all((row["value"], row["low"], row["high"], row["n"]) == (1.0, 0.9, 1.1, 1500) for row in tidy)


@pytest.mark.parametrize(("name", "value"), [("WHOLE", 1e12), ("TOKENIZER", 0.5), ("TEST", 3), ("GUIDANCE", (1.0,))])
def test_a_budget_under_other_rules_is_bought_anew(name, value, cache, monkeypatch):
    bought = []
    monkeypatch.setattr(comparisons, "_bought", lambda family, share, seed: bought.append(family) or {"model": family})
    for _ in range(2):
        comparisons.budget()
    once = len(bought)
    monkeypatch.setattr(comparisons, name, value)
    comparisons.budget()
    assert once == len(comparisons.budget().metrics["runs"]) and len(bought) == 2 * once


def test_both_families_spend_the_same_operations(monkeypatch):
    spent = {}

    def fit(model, loss, batches, *, steps, **_):
        name = next(name for name, recipe in RECIPES.items() if recipe.loss is loss)
        spent[name] = steps * batches.size * repeat.flops_per_picture(name, model)
        return SimpleNamespace(ema=model, finished=True)

    monkeypatch.setattr(comparisons, "fit", fit)
    monkeypatch.setattr(comparisons, "Batches", lambda x, labels, size, seed: SimpleNamespace(size=size))
    pictures = comparisons.data.load("fashion")[:20]
    flops = 3e12
    for family in (comparisons._tokens, comparisons._noise):
        draw, about = family(pictures, flops, 0)
        assert about["parameters"] > 1e6
        made = draw(torch.tensor([0, 1], device=runtime.device()), 1.5, torch.Generator().manual_seed(0))
        assert made.shape == (2, 1, 28, 28) and made.dtype == torch.uint8
    tokens = spent["tokenizer-fashion"] + spent["token-ar-fashion"]
    assert abs(tokens - flops) < 0.02 * flops and abs(spent["dit-fashion"] - flops) < 0.02 * flops


def test_both_families_have_as_many_parameters():
    sizes = [comparisons._size(comparisons._network(name)) for name in comparisons.FAMILIES.values()]
    assert max(sizes) / min(sizes) < 1.02
    for name, changes in comparisons.MATCHED.items():  # and nothing else was changed
        ours, shipped = comparisons._network(name).config, RECIPES[name].build().config
        other = {key for key in vars(ours) if getattr(ours, key) != getattr(shipped, key)}
        assert other <= set(changes) <= {"width", "heads", "depth"}


@pytest.mark.parametrize("name", comparisons.SETTINGS)
def test_a_setting_is_charged_for_all_training_that_it_rests_on(name, monkeypatch):
    monkeypatch.setattr(comparisons, "make", lambda *a, **k: (None, None))
    monkeypatch.setattr(comparisons.frechet, "report", lambda *a: {"frechet": 1.0})
    recipe, dials = RECIPES[name], comparisons.SETTINGS[name][-1]
    row = comparisons._quality(name, dials)
    parts = [training.result(used)["train_flops"] for used in (name, *recipe.uses)]
    assert row["train_flops"] == row["budget_flops"] == sum(parts) and row["frechet"] > 0
    assert row["steps"] == dials.get("steps", recipe.passes) and row["family"] == recipe.family


def test_the_clock_is_read_for_all_settings_at_the_end_and_never_kept(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    drawn, timed = [], []

    def quality(name, dials):
        if len(drawn) == 5:
            raise KeyboardInterrupt
        drawn.append((name, dials))
        return {"model": name, "family": "noise", "frechet_relative": 1.0, "frechet_n": 500}

    def seconds(row):
        timed.append(len(drawn))
        return {"seconds_batch_1": 0.5, "seconds_batch_64": 0.1}

    monkeypatch.setattr(comparisons, "_quality", quality)
    monkeypatch.setattr(comparisons, "_seconds", seconds)
    monkeypatch.setattr(head_to_head, "draw", lambda rows: SimpleNamespace(png=lambda: b"picture"))
    with pytest.raises(KeyboardInterrupt):
        comparisons.head_to_head()
    assert not timed
    drawn.append(None)  # not interrupted again
    found, count = comparisons.head_to_head(), sum(map(len, comparisons.SETTINGS.values()))
    assert len(drawn) == count + 1 and timed == [count + 1] * count
    assert (tmp_path / "data" / "figures" / "head-to-head.png").read_bytes() == b"picture"
    assert {row["metric"] for row in columns(found)} == {"frechet_relative", "seconds_batch_1", "seconds_batch_64"}


def test_every_setting_names_a_recipe():
    assert set(comparisons.SETTINGS) <= set(RECIPES)
