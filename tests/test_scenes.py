"""Scenes: what is drawn is read back, the law is the one that is stated, and tokens lose nothing."""

import math

import pytest
import torch

from course_lib import data
from course_lib.data import scenes
from course_lib.data.scenes import EASY, HARD, KINDS, Layout
from course_lib.experiments.scene_parser import broken_scenes


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def every_cell(layout: Layout) -> tuple[torch.Tensor, torch.Tensor]:
    """Each kind in each cell on each ground, and each empty ground."""
    place, kind, ground = torch.cartesian_prod(*map(torch.arange, (layout.cells, KINDS + 1, 4))).unbind(1)
    cells = torch.zeros(len(kind), layout.cells, dtype=torch.int64).scatter(1, place[:, None], kind[:, None])
    return cells, ground


@pytest.mark.parametrize("layout", [EASY, HARD], ids=["easy", "hard"])
def test_everything_that_can_be_drawn_is_read_back(layout):
    cells, ground = every_cell(layout)  # complete: a cell's pixels depend on nothing but its kind and the ground
    for part in torch.arange(len(cells)).split(1000):
        pixels = scenes.render(cells[part], ground[part], layout)
        made, on, sure = scenes.parse(pixels, layout)
        assert sure.all() and torch.equal(made, cells[part]) and torch.equal(on, ground[part])
        again = scenes.parse(pixels.float() / 127.5 - 1, layout)
        assert all(map(torch.equal, again, (made, on, sure)))


@pytest.mark.parametrize("layout", [EASY, HARD], ids=["easy", "hard"])
def test_tokens_lose_nothing(layout):
    for cells, ground in (every_cell(layout), scenes.sample(500, seeded(), layout)):
        factors = scenes.tokens(cells, ground, layout)
        assert factors.shape == (len(cells), 4 * layout.cells, 3)
        assert torch.equal(scenes.from_tokens(factors, layout), scenes.render(cells, ground, layout))
        numbers = scenes.ids(factors)
        assert 0 <= numbers.min() and numbers.max() < len(scenes.BOOK)
        assert torch.equal(scenes.from_ids(numbers), factors)


def test_a_patch_has_one_name_and_every_name_is_used():
    tiles = scenes.cut(scenes.render(*every_cell(EASY)), 4, 4).flatten(0, 1).flatten(1).unique(dim=0)
    assert len(tiles) == len(scenes.BOOK) == len(scenes.ids(scenes.tokens(*every_cell(EASY))).unique()) == 940
    assert len(scenes.MASKS) == 31 and tuple(scenes.BOOK.amax(0)) == (30, 8, 4)


def test_tokens_that_are_no_patch_are_drawn_and_not_read():
    factors = torch.tensor([[len(scenes.MASKS) - 1, 0, 4]]).expand(1, 36, 3)
    assert not scenes.parse(scenes.from_tokens(factors))[2].any()
    with pytest.raises(ValueError, match="are no patch of a scene"):
        scenes.ids(factors)


@pytest.mark.parametrize("layout", [EASY, HARD], ids=["easy", "hard"])
def test_every_cell_counts_in_the_split(layout):
    cells, _ = scenes.sample(60_000, seeded(), Layout(layout.rows, layout.columns, 3), "scenes")
    for cell in range(layout.cells):
        some = cells[cells[:, cell] > 0]
        some[:, cell] = (some[:, cell] - 1 + torch.randint(1, KINDS, (len(some),), generator=seeded())) % KINDS + 1
        some = some[~scenes.HELD[some].any(1)]
        assert (scenes.split(some) == 1).double().mean() == pytest.approx(1 / 8, abs=0.03)


@pytest.mark.parametrize("layout", [EASY, HARD], ids=["easy", "hard"])
def test_a_broken_object_is_not_read(layout):
    broken = broken_scenes(*scenes.sample(1000, seeded(), layout), seeded(1), layout)
    assert set(broken) == {"torn", "chimera", "half and half"}
    for pixels in broken.values():
        assert len(pixels) > 900 and scenes.parse(pixels, layout)[2].double().mean() <= 0.002


def test_a_patch_that_is_nothing_is_not_read():
    pixels = scenes.render(*scenes.sample(200, seeded()))
    pixels[:, :, 8:12, 12:16] = torch.randint(256, (200, 3, 4, 4), generator=seeded(), dtype=torch.uint8)
    assert not scenes.parse(pixels)[2].any()


def test_a_torn_object_is_not_read():
    cells, ground = torch.tensor([[0, 0, 0, 0, scenes.kind("circle", "red", "big"), 0, 0, 0, 0]]), torch.tensor([2])
    pixels = scenes.render(cells, ground)
    pixels[:, :, 12:] = 255
    assert not scenes.parse(pixels)[2].any()


@pytest.mark.parametrize(("layout", "bits"), [(EASY, 20.496), (HARD, 34.906)], ids=["easy", "hard"])
def test_the_entropy_is_that_of_the_law(layout, bits):
    assert layout.bits() == pytest.approx(bits, abs=1e-3)


def test_numbers_places_kinds_and_grounds_are_equally_likely():
    n = 60_000
    cells, ground = scenes.sample(n, seeded())
    full = cells > 0
    for counts, total in (
        (full.sum(1).bincount()[1:], n),
        (full.sum(0), int(full.sum())),
        (cells[full].bincount()[1:], int(full.sum())),
        (ground.bincount(), n),
    ):
        even = total / len(counts)
        assert ((counts - even).abs() < 5 * math.sqrt(even)).all()  # five standard deviations


@pytest.mark.parametrize("part", scenes.PARTS)
@pytest.mark.parametrize("layout", [EASY, HARD], ids=["easy", "hard"])
def test_a_part_holds_only_its_own(layout, part):
    cells, _ = scenes.sample(2000, seeded(), layout, part)
    assert (scenes.split(cells) == scenes.PARTS.index(part)).all()
    counts = (cells > 0).sum(1)
    least = 3 if part == "scenes" else 1
    assert set(counts.tolist()) == set(range(least, layout.most + 1))


def test_the_split_is_the_same_everywhere():
    rows = torch.nn.functional.pad(torch.arange(33, 65).view(-1, 1) - torch.tensor([0, 10, 21]), (6, 0))
    assert "".join(map(str, scenes.split(rows).tolist())) == "22000000022200000000122000012210"
    cells, _ = scenes.sample(4000, seeded())
    three = (cells > 0).sum(1) == 3
    free = ~scenes.HELD[cells].any(1)
    share = (scenes.split(cells)[three & free] == 1).double().mean()
    assert share == pytest.approx(1 / 8, abs=0.04)
    assert (scenes.split(cells)[~three] != 1).all()


def test_another_shape_or_part_is_told_what_is_right():
    with pytest.raises(ValueError, match=r"pixels must be \[N, 3, 24, 24\]"):
        scenes.parse(torch.zeros(2, 3, 28, 28, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"cells must be whole numbers \[N, 9\]"):
        scenes.render(torch.zeros(2, 16, dtype=torch.int64), torch.zeros(2, dtype=torch.int64))
    for cell, on, says in (
        (65, 0, "cells must lie in 0..64"),
        (-1, 0, "cells must lie"),
        (1, 4, "ground must lie in 0..3"),
    ):
        with pytest.raises(ValueError, match=says):
            scenes.render(torch.full((2, 9), cell), torch.full((2,), on))
        with pytest.raises(ValueError, match=says):
            scenes.tokens(torch.full((2, 9), cell), torch.full((2,), on))
    with pytest.raises(ValueError, match="part='test' is not a part of the scenes. Choose one of train, scenes, pairs"):
        scenes.sample(1, seeded(), part="test")
    with pytest.raises(ValueError, match="scenes of 3 objects or more"):
        scenes.sample(1, seeded(), Layout(2, 2, 2), "scenes")


def test_pixels_in_another_range_are_refused_with_the_remedy():
    pixels = scenes.render(*scenes.sample(50, seeded()))
    for wrong in (pixels.float() / 255, pixels.float(), pixels.long(), pixels > 99):
        with pytest.raises(
            ValueError, match=r"pixels must be uint8 or in \[-1, 1\] \(of \[0, 1\]: x \* 2 - 1\), not torch"
        ):
            scenes.parse(wrong)
    for row in scenes.render(*every_cell(EASY))[::7].split(1):  # one alone: all that are right are read
        assert scenes.parse(row.float() / 127.5 - 1)[2].all()
        try:
            assert not scenes.parse(row.float() / 255)[2].any() or row.min() == 255
        except ValueError as error:
            assert "x * 2 - 1" in str(error)


@pytest.mark.parametrize("shape", [(0, 3, 1), (3, 5, 3), (3, 3, 0), (4, 4, 7), (2, 2, 5), (1, 1, 2)])
def test_a_layout_that_cannot_be_named_or_filled_is_refused(shape):
    with pytest.raises(ValueError, match="must have 1 to 4 rows and columns"):
        Layout(*shape)


def test_twenty_thousand_are_all_read_for_sure():
    cells, ground = scenes.sample(20_000, seeded())
    assert scenes.parse(scenes.render(cells, ground))[2].all()


def lab(colours: torch.Tensor, eye: torch.Tensor) -> torch.Tensor:
    """CIE Lab of sRGB bytes [N, 3], seen by an eye that maps linear light by `eye`."""
    x = colours.double() / 255
    light = torch.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4) @ eye.T
    xyz = torch.tensor([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).double()
    y = light.clamp(0, 1) @ xyz.T / torch.tensor([0.9505, 1, 1.089])
    f = torch.where(y > 0.008856, y ** (1 / 3), 7.787 * y + 16 / 116)
    return torch.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


EYES = {  # Machado, Oliveira, Fernandes 2009: no red, no green cones
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no red cones": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "no green cones": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
}


@pytest.mark.parametrize("eye", EYES)
def test_colours_can_be_told_apart(eye):
    colours = torch.tensor([*scenes.INKS.values(), *scenes.PAPERS.values()])
    seen = lab(colours, torch.tensor(EYES[eye]).double())
    assert torch.pdist(seen).min() > 20  # 2 is just noticeable side by side


def test_scenes_are_a_set_of_pictures_like_any_other():
    train, held, test = (data.load("scenes", split) for split in ("train", "validation", "test"))
    assert len(train) == 10_000 and train.pixels.shape[1:] == (3, 24, 24)
    some = test[[3, 1]]
    assert torch.equal(some.extra["cells"], test.extra["cells"][[3, 1]])
    assert some.captions == [test.captions[3], test.captions[1]]
    assert torch.equal(scenes.render(**some.extra), some.pixels)
    rows = [{(*row, on) for row, on in zip(*map(torch.Tensor.tolist, some.extra.values()))} for some in (train, held)]
    assert len(held) == 2000 and not rows[0] & rows[1]
    assert (held.labels.bincount() / 2000).tolist() == pytest.approx([0.08, 0.45, 0.47], abs=0.01)
    assert scenes.split(train.extra["cells"]).max() == 0 and (scenes.split(test.extra["cells"]) == 2).all()
