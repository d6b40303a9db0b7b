"""experiments/bridges.py, bridges_heads.py, blocks.py and forcing.py, with the training taken out."""

import itertools
import math

import pytest
import torch
from tiny import denoiser, shaken

from course_lib import data
from course_lib.data import scenes
from course_lib.experiments import EXPERIMENTS, blocks, bridges, bridges_heads, forcing
from course_lib.methods import flow
from course_lib.training import RECIPES


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))


def sizes(networks) -> list[int]:
    return [sum(p.numel() for p in network.parameters()) for network in networks]


def test_all_are_registered():
    assert {"bridges-oracle", "bridges", "bridges-heads", "bridges-blend"} <= set(EXPERIMENTS)


def test_networks_that_are_compared_have_as_many_parameters():
    heads = sizes(bridges_heads.network(head) for head in ("softmax", "flow head", "plain flow"))
    assert max(abs(size / heads[1] - 1) for size in heads) < 0.02, heads
    levels = (bridges_heads.LEVELS["backbone"], bridges_heads.LEVELS["space"])
    blends = sizes(bridges_heads.blended(*each) for each in itertools.product(*levels))
    assert max(blends) / min(blends) < 1.02, blends


def test_the_effect_of_a_choice_is_found_whatever_the_others_are():
    names, runs = list(bridges_heads.LEVELS), []
    for levels in itertools.product(*bridges_heads.LEVELS.values()):
        for seed in bridges_heads.SEEDS:
            run = dict(zip(names, levels)) | {"seed": seed}
            latents, both = run["space"] == "latents", run["space"] == "latents" and run["target"] == "velocity"
            runs.append(run | {"frechet_relative": 3 * 0.5**latents * 0.8**both})
    found = bridges_heads.effects(runs)
    assert found["space"]["ratio"] == pytest.approx(0.5 * 0.8**0.5) and found["condition"]["ratio"] == 1
    assert found["space"]["ratio_low"] < found["space"]["ratio"] < found["space"]["ratio_high"]
    assert found["space × target"]["ratio"] == pytest.approx(0.8**0.5)
    ends = found["space × target"]["ratio_low"], found["space × target"]["ratio_high"]
    assert ends == pytest.approx((0.8**0.5, 0.8**0.5))  # what each choice does alone does not widen it
    assert len(found) == 4 + 6


def test_the_exact_law_pays_nothing_more_one_at_a_time_and_much_all_at_once(monkeypatch):
    for name, value in {"ORACLE": {6: (6, 1)}, "SURE": [(36, 0.999)], "PRICED": 2, "DRAWN": 1}.items():
        monkeypatch.setattr(bridges, name, value)
    found = bridges.oracle()
    one, all_, sure = found.metrics["runs"]
    assert abs(one["excess"]) < 1e-5 and one["passes"] == 36 and one["valid"] == 1
    assert all_["excess"] > 5 and all_["passes"] == 6
    assert sure["passes"] < 30 and sure["valid"] == 1 and "excess" not in sure
    assert len(found.rows) == 3 + 3 + 2


@pytest.mark.parametrize(("block", "steps", "read"), [(1, 1, 97), (7, 1, 91), (7, 7, 385), (14, 4, 231), (49, 12, 588)])
def test_positions_that_are_read_are_counted(block, steps, read):
    # 14 in 4 passes: three whole blocks and one of seven.
    assert bridges._evaluated(49, block, steps) == {231: 4 * 42 + 4 * 7 + 42}.get(read, read)


@pytest.mark.parametrize("name", ["block-fashion", "block-scenes"])
def test_what_is_paid_and_written_of_any_network_like_the_shipped_one(name):
    model = shaken(RECIPES[name].build(), 0.1, torch.float32)
    found = blocks.paid(name, model, 7, n=2, steps=2)
    assert found["nats"] > 0 and found["n"] == 2 and ("excess" in found) == (name == "block-scenes")
    pixels, passes = blocks.written(name, model, 2, block=14, steps=2)
    assert len(pixels) == 2 and passes == 2 * math.ceil(model.config.length / 14)
    if name == "block-scenes":
        assert blocks.valid(pixels)["valid"] == 0


@pytest.mark.parametrize(("head", "block"), [("softmax", 49), ("flow head", 1), ("own times", 49)])
def test_a_head_is_trained_on_its_budget_and_measured(head, block, monkeypatch):
    few = data.load("fashion")[:80]
    name = "block-fashion" if head == "softmax" else "mar-fashion"
    monkeypatch.setattr(bridges_heads, "_encoded", lambda _: (RECIPES[name].reads.encode(few), few.labels))
    for key, value in {"OPERATIONS": 3e10, "CHOICE": 20, "TEST": 20, "GUIDANCE": (1.0, 1.5)}.items():
        monkeypatch.setattr(bridges_heads, key, value)
    found = bridges_heads._headed(head, block, 0)
    assert found["steps"] in (1, 2, 3) and found["frechet_n"] == 20 and found["guidance"] in (1.0, 1.5)
    assert ("waves" in found) == (head == "own times")


@pytest.mark.parametrize(("backbone", "space"), list(itertools.product(*list(bridges_heads.LEVELS.values())[:2])))
def test_a_blend_is_trained_on_its_budget_and_measured(backbone, space, monkeypatch):
    few = data.load("fashion")[:80]
    name = "dit-fashion" if space == "pixels" else "latent-dit-fashion"
    monkeypatch.setattr(bridges_heads, "_encoded", lambda _: (RECIPES[name].reads.encode(few), few.labels))
    for key, value in {"BLEND": 2e10, "TEST": 20}.items():
        monkeypatch.setattr(bridges_heads, key, value)
    target, condition = ("noise", "class") if space == "pixels" else ("velocity", "nothing")
    found = bridges_heads._blended(backbone, space, target, condition, 0)
    assert math.isfinite(found["frechet_relative"]) and ("agreement" in found) == (condition == "class")


# A time for each place


def test_waves_lie_between_all_at_once_and_one_after_another():
    together, apart = forcing.waves(5, 4, 0), forcing.waves(5, 4, 4)
    assert together.shape == (5, 5) and (together == together[:, :1]).all()
    assert apart.shape == (21, 5) and ((0 < apart) & (apart < 1)).sum(1).max() == 1
    for times in (together, apart, forcing.waves(5, 4, 1)):
        assert (times[0] == 1).all() and (times[-1] == 0).all() and (times.diff(dim=0) <= 0).all()
    with pytest.raises(ValueError, match="lag=-1"):
        forcing.waves(5, 4, -1)


def test_the_same_time_everywhere_is_plain_flow():
    model, labels = denoiser(), torch.tensor([0, 1])
    dials = {"shape": (16, 4), "guidance": 1.5}
    a = flow.sample(model, labels, steps=3, generator=torch.Generator().manual_seed(0), **dials)
    times = forcing.waves(16, 3, 0)
    b = forcing.forced(model, labels, times=times, generator=torch.Generator().manual_seed(0), **dials)
    torch.testing.assert_close(a, b)


def test_a_model_that_says_nothing_pays_the_size_of_the_velocity():
    x = torch.randn(500, 16, 4, generator=torch.Generator().manual_seed(0))
    model = lambda x, t, labels: torch.zeros_like(x)  # noqa: E731
    loss = forcing.forcing_loss(model, (x, torch.zeros(500).long()), generator=torch.Generator().manual_seed(1))
    assert loss.item() == pytest.approx(2, rel=0.03)


def test_what_new_scenes_cost_by_the_law_is_counted():
    objects = (blocks._new(40)["cells"] > 0).sum(1).tolist()
    counted = [math.log2(3 * math.comb(9, k) * scenes.KINDS**k * 4) for k in objects]
    torch.testing.assert_close(blocks.exact(40), torch.tensor(counted).double(), rtol=1e-5, atol=1e-5)
