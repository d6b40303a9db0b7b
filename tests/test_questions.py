"""Questions about scenes have one answer, and sums are captions of their scenes."""

from random import Random

import pytest
import torch

from course_lib.data import captions, scenes
from course_lib.data.edits import fitting
from course_lib.data.meaning import holds
from course_lib.data.questions import question, sums

CELLS, GROUND = scenes.sample(400, torch.Generator().manual_seed(0))


def named(cells: list[int], text: str) -> list[int]:
    """The cells of the objects that a noun phrase names."""
    (thing,) = captions.read(text).things
    return fitting(cells, thing)


def test_every_question_has_the_answer_that_the_scene_gives():
    forms = []
    for i, cells in enumerate(CELLS.tolist()):
        asked, answer = question(cells, Random(i))
        if asked.startswith("object "):
            relation, reference = (
                asked.removeprefix("object ").split(" the ", 1)
                if " of the " not in asked
                else (asked.removeprefix("object ").rsplit(" of the ", 1)[0] + " of", asked.rsplit(" of the ", 1)[1])
            )
            (there,) = named(cells, reference)
            others = [k for k in range(9) if cells[k] and k != there and holds(relation, k, there, scenes.EASY)]
            assert len(others) == 1 and others[0] in named(cells, answer)
        elif asked.startswith("the "):
            assert named(cells, asked.removeprefix("the ")) == named(cells, answer)
        else:
            assert (
                captions.COUNTS[
                    len(
                        named(
                            cells,
                            "circle"
                            if asked == "circles"
                            else asked.removesuffix("es")
                            if asked == "crosses"
                            else asked.removesuffix("s"),
                        )
                    )
                    - 1
                ]
                == answer
            )
        captions.words(f"{asked} {answer}", 17)
        forms.append(asked.split()[0])
    assert len({form if form in ("object", "the") else "count" for form in forms}) == 3


@pytest.mark.parametrize("seed", [0, 1])
def test_sums_are_captions_that_their_scenes_fit(seed):
    texts = [sums(row, on, Random(seed + i)) for i, (row, on) in enumerate(zip(CELLS.tolist(), GROUND.tolist()))]
    for cells, ground, text in zip(CELLS.split(1), GROUND.split(1), texts):
        assert captions.fits(cells, ground, captions.read(text)).all(), text
    assert any(text.count("circle") == 2 for text in texts)
