"""Every way of filling a hole behind one call: what is kept, what was asked, and how fills are judged."""

import pytest
import torch

from course_lib.data import Pictures, scenes
from course_lib.experiments import filling, holes
from course_lib.training import RECIPES


@pytest.mark.parametrize("way", filling.METHODS)
def test_every_way_fills_the_hole_and_nothing_else(way):
    torch.manual_seed(0)
    real, keep = holes.pictures("null", 2), holes.keeping("right third", 2)
    recipe = RECIPES[f"{filling.METHODS[way][0]}-scenes"]
    made = filling.fill(filling.METHODS[way], "scenes", real, keep, model=recipe.build().eval())
    there = filling.kept(keep, real.pixels)
    assert torch.equal(made.pixels[there], real.pixels[there]) and made.passes > 1
    assert made.pixels.dtype == torch.uint8 and (made.pixels != real.pixels)[~there].any()
    if recipe.family != "noise":
        assert torch.equal(made.before, made.pixels)  # tokens of scenes are exact


def test_passes_are_those_of_the_network():
    real, keep, network = holes.pictures("null", 2), holes.keeping("top half", 2), RECIPES["dit-scenes"].build()
    for way, passes in (("replaced", 16), ("re-noised", 32), ("replaced, longer", 32)):
        assert filling.fill(filling.METHODS[way], "scenes", real, keep, model=network, chunk=1).passes == passes


def test_what_is_kept_and_the_seam_are_measured_in_grey_levels():
    pixels, keep = torch.zeros(1, 1, 28, 28, dtype=torch.uint8), torch.ones(1, 49, dtype=torch.bool)
    keep[0, :7] = False
    before = pixels.clone()
    before[:, :, 10] = 28
    assert abs(filling.kept_error(filling.Filled(before, before, 1), pixels, keep) - 28 / 24**0.5) < 1e-6
    pixels[:, :, :4] = 10
    assert filling.seam(pixels, keep) == 10


def test_exact_fills_are_in_support_and_at_the_floor():
    real, keep = holes.pictures("null", 200), holes.keeping("top half", 200)
    cells, ground = holes.LAW().sample(holes.seen(real, keep), torch.Generator().manual_seed(0))
    made = scenes.render(cells, ground)
    row = holes.judged(filling.Filled(made, made, 0), real, keep)
    assert row["in_support"] == 1 and row["kept_error"] == 0 and row["torn"] == 0
    for name in ("count", "kind"):
        assert row[f"{name}_variation"] < 2.5 * row[f"{name}_floor"] + 0.02


def test_a_wrong_law_is_seen_though_every_scene_is_right():
    real, keep = holes.pictures("null", 200), holes.keeping("top half", 200)
    drawn = [holes.LAW().sample(holes.seen(real, keep), torch.Generator().manual_seed(i)) for i in range(4)]
    cells = torch.stack([cells for cells, _ in drawn])
    most = (cells > 0).sum(2).argmax(0)  # of four exact fills the fullest
    cells, ground = cells[most, torch.arange(200)], drawn[0][1]
    made = scenes.render(cells, ground)
    row = holes.judged(filling.Filled(made, made, 0), real, keep)
    assert row["count_variation"] > 2 * row["count_floor"]


def test_all_forms_of_captions_tell_of_the_same_scenes():
    one, other = holes.pictures("null", 3), holes.pictures("no-positions", 3)
    assert torch.equal(one.pixels, other.pixels) and one.captions == [""] * 3 and all(other.captions)
    assert isinstance(one, Pictures)
