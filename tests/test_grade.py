"""Grading: what is right gets full marks, what is wrong loses just the mark that it misses, noise is no answer."""

import math

import pytest
import torch

from course_lib.data import captions, scenes, signs
from course_lib.data.scenes import EASY, HARD, kind
from course_lib.experiments import scene_parser
from course_lib.measure import grade


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def picture(*cells: int, ground: int = 1) -> torch.Tensor:
    row = torch.tensor([[*cells] + [0] * (9 - len(cells))])
    return scenes.render(row, torch.tensor([ground]))


@pytest.mark.parametrize("form", [*captions.FORMS, "null"])
@pytest.mark.parametrize("layout", [EASY, HARD], ids=["easy", "hard"])
def test_the_law_itself_gets_full_marks(form, layout):
    cells, ground = scenes.sample(40, seeded(), layout)
    texts = captions.caption(cells, ground, form, seeded(), layout)
    found = grade.report(scenes.render(cells, ground, layout), texts, layout)
    assert found.pop("n") == 40 and found.pop("abstained") == 0
    assert all(value == 1 for name, value in found.items() if not name.endswith(("_low", "_high", "_n")))


RED, BLUE = kind("circle", "red", "big"), kind("square", "blue", "small")


@pytest.mark.parametrize(
    ("cells", "ground", "wrong"),
    [
        ((RED, 0, BLUE), 1, set()),
        ((RED, 0, BLUE), 2, {"fits", "ground"}),
        ((RED, BLUE), 1, {"fits", "place"}),
        ((BLUE, 0, RED), 1, {"fits", "relation"}),
        ((RED, 0, BLUE, BLUE), 1, {"fits", "count", "shape", "colour", "size", "place", "kind", "relation"}),
        ((kind("circle", "blue", "big"), 0, kind("square", "red", "small")), 1, {"fits", "kind", "relation"}),
        ((RED, 0, kind("square", "blue", "big")), 1, {"fits", "size", "kind", "relation"}),
        ((RED, 0, kind("cross", "blue", "small")), 1, {"fits", "shape", "kind", "relation"}),
        ((RED, 0, kind("square", "pink", "small")), 1, {"fits", "colour", "kind", "relation"}),
    ],
)
def test_each_mark_sees_its_own_fault(cells, ground, wrong):
    text = "big red circle top-left left of small blue square top-right on grey"
    found = grade.marks(picture(*cells, ground=ground), [text])
    assert {name for name, hits in found.items() if not hits[0]} == wrong | {"abstained"}


def test_no_picture_and_an_empty_one_fit_nothing():
    noise = torch.randint(256, (20, 3, 24, 24), generator=seeded(), dtype=torch.uint8)
    found = grade.report(noise, [""] * 20)
    assert found["abstained"] == 1 and found["fits"] == 0
    assert grade.report(picture(0), [""])["fits"] == 0


def test_a_mark_says_of_how_many_pictures_it_is():
    found = grade.report(picture(RED, 0, BLUE).repeat(3, 1, 1, 1), ["", "on grey", "red circle and object on white"])
    assert found["n"] == 3 and found["ground_n"] == 2 and found["ground"] == 0.5 and "fits_n" not in found
    assert found["colour_n"] == found["count_n"] == 1 and "relation" not in found and "place" not in found
    with pytest.raises(ValueError, match="2 texts cannot grade 3 pictures"):
        grade.marks(picture(RED).repeat(3, 1, 1, 1), ["", ""])


def test_exact_is_where_the_cells_are():
    cells, ground = scenes.sample(2, seeded())
    assert grade.exact(scenes.render(cells, ground), cells.to("meta"), ground.to("meta")).device.type == "meta"


def test_exact_is_the_very_scene():
    cells, ground = scenes.sample(20, seeded())
    pixels = scenes.render(cells, ground)
    assert grade.exact(pixels, cells, ground).all()
    assert not grade.exact(pixels, cells.roll(1, 1), ground).any()


def test_an_interval_holds_the_share():
    found = grade.share(torch.tensor([True] * 8 + [False] * 2), "right")
    assert 0.4 < found["right_low"] < found["right"] == 0.8 < found["right_high"] < 1
    with pytest.raises(ValueError, match="right of no pictures"):
        grade.share(torch.tensor([]), "right")


def test_variation_is_the_floor_for_the_law_and_more_for_another():
    law = torch.tensor([1.0, 2, 3, 4])
    right = torch.multinomial(law, 400, True, generator=seeded())
    found = grade.variation(right, law, seeded())
    assert found["variation"] < 2.5 * found["floor"] < 0.1
    assert grade.variation(torch.zeros(400, dtype=torch.int64), law, seeded())["variation"] == pytest.approx(0.9)


def test_the_floor_of_places_is_that_of_the_law():
    cells, _ = scenes.sample(200, seeded())
    found = grade.place_variation(cells, seeded(1))
    again = [grade.place_variation(scenes.sample(200, seeded(s))[0], seeded(), 1)["variation"] for s in range(2, 60)]
    assert found["floor"] == pytest.approx(sum(again) / len(again), rel=0.15)
    stuck = cells.sort(1, descending=True).values
    assert grade.place_variation(stuck, seeded())["variation"] > 0.6


def test_excess_bits_are_over_the_exact_ones():
    cells, ground = scenes.sample(50, seeded())
    said = captions.meanings(cells, ground, "open", seeded())
    known = torch.tensor([captions.bits(meaning) for meaning in said])
    found = grade.excess(known * math.log(2) + 0.5 * math.log(2), known)
    assert found["excess"] == pytest.approx(0.5, abs=1e-5) and found["exact"] == pytest.approx(float(known.mean()))
    assert found["excess_low"] <= found["excess"] <= found["excess_high"]


def test_words_are_graded_by_letters_and_whole():
    one = torch.zeros(2, dtype=torch.int64)
    found = grade.written(signs.render_sign(["TEA", "CUT"], one, one), ["TEA", "CUP"])
    assert found["exact"] == 0.5 and found["letters"] == pytest.approx(5 / 6) and found["abstained"] == 0


def test_the_parser_abstains_rather_than_errs():
    rows = {row["what"]: row for row in scene_parser.robustness(1000)}
    for row in rows.values():
        assert row["correct"] + row["abstained"] + row["wrong"] == pytest.approx(1)
    assert rows["noise 0.05"]["correct"] == 1 and rows["noise 0.1"]["correct"] > 0.99
    assert all(rows[f"noise {sigma}"]["wrong"] == 0 for sigma in (0.05, 0.1, 0.15))
    assert all(rows[what]["abstained"] >= 0.998 for what in ("only noise", "torn", "chimera", "half and half"))
    assert all(row["wrong"] < 0.02 for row in rows.values())
