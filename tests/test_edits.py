"""Edits and dialogues: every turn does what its words say and nothing else, or says why it cannot."""

import pytest
import torch

from course_lib.data import captions, edits, scenes
from course_lib.data.dialogues import dialogue
from course_lib.data.edits import Clause, apply, read, write
from course_lib.data.meaning import Thing
from course_lib.data.scenes import EASY, HARD, kind

SMALL, BIG, CROSS = kind("circle", "red", "small"), kind("circle", "red", "big"), kind("cross", "blue", "big")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def scene(*cells: int, ground: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([[*cells] + [0] * (9 - len(cells))]), torch.tensor([ground])


def replay(cells, ground, texts, layout=EASY):
    """All scenes [T + 1, C], [T + 1] of a dialogue; "undo" takes back the last turn that is not taken back yet."""
    states = [(cells[None], ground.view(1))]
    stack = [0]  # the states that undoing leads back to, the present one on top
    for text in texts:
        undo = read(text, layout)[0].op == "undo"
        before = states[stack[-2]] if undo and len(stack) > 1 else None
        states.append(apply(*states[-1], [text], before, layout))
        stack = stack[:-1] if undo else [*stack, len(states) - 1]
    return torch.cat([cells for cells, _ in states]), torch.cat([ground for _, ground in states])


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("make the cross red", scene(SMALL, 0, kind("cross", "red", "big"))),
        ("make the red circle big", scene(BIG, 0, CROSS)),
        ("make the object top-left blue", scene(kind("circle", "blue", "small"), 0, CROSS)),
        ("make the ground white", scene(SMALL, 0, CROSS, ground=2)),
        ("move the small object to top", scene(0, SMALL, CROSS)),
        ("remove the circle", scene(0, 0, CROSS)),
        ("add a big red circle at left", scene(SMALL, 0, CROSS, BIG)),
        ("keep", scene(SMALL, 0, CROSS)),
        ("remove the circle then move the object to top-left", scene(CROSS)),
        ("undo", scene(BIG)),
    ],
)
def test_an_instruction_does_what_it_says(text, after):
    cells, ground = apply(*scene(SMALL, 0, CROSS), [text], before=scene(BIG))
    assert torch.equal(cells, after[0]) and torch.equal(ground, after[1])
    assert write(read(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The instruction is empty. Say one of make"),
        ("undo", "There is nothing to undo"),
        ("undo then keep", "stand alone"),
        ("red circle", "'red' cannot begin a clause .* begin with one of make, move"),
        ("make the red circle blue", "two objects fit it. Say more"),
        ("make the cyan circle blue", "no object fits it. Describe one that is there"),
        ("make the small circle white", "must end with one of red, orange"),
        ("make the ground red", "must end with one of black"),
        ("move the small circle to top-right", "top-right is taken"),
        ("move the small circle", "must end with 'to' and one of top-left"),
        ("add a circle at centre", "must say size, colour, shape"),
        ("add a big red circle", "must end with 'at' and one of"),
        ("add a big red circle at centre", "is full with 3 objects"),
        ("remove two circles", "counts objects"),
        ("remove the cross now", "'now' in .* is not a word here"),
        ("remove the cross blue", "should end before 'blue'"),
        ("remove the cross then remove the big circle then remove the circle", "it is the last object"),
        ("add a big red circle at a1", "must end with 'at' and one of"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(text, says):
    with pytest.raises(ValueError, match=says):
        apply(*scene(SMALL, BIG, CROSS), [text])


def test_undo_goes_back_turn_by_turn():
    texts = ["remove the circle", "make the cross small", "undo", "undo"]
    cells, _ = replay(scene(SMALL, 0, CROSS)[0][0], torch.tensor(0), texts)
    assert torch.equal(cells[3], cells[1]) and torch.equal(cells[4], cells[0])
    with pytest.raises(ValueError, match="nothing to undo"):
        replay(scene(SMALL)[0][0], torch.tensor(0), ["keep", "undo", "undo"])


@pytest.mark.parametrize("layout", [EASY, HARD], ids=["easy", "hard"])
def test_dialogues_are_done_again_from_their_words(layout):
    talks = dialogue(150, 8, seeded(), layout, lead=0)
    for cells, ground, texts in zip(talks.cells, talks.ground, talks.texts):
        again = replay(cells[0], ground[0], texts, layout)
        assert torch.equal(again[0], cells) and torch.equal(again[1], ground)
        assert captions.encode(texts).shape == (8, captions.LENGTH)


def test_windows_are_cut_from_longer_dialogues():
    talks = dialogue(600, 2, seeded())
    assert talks.cells.shape == (600, 3, 9) and talks.ground.shape == (600, 3) and talks.source.shape == (600, 2)
    undone = [(i, t) for i, texts in enumerate(talks.texts) for t, text in enumerate(texts) if text == "undo"]
    assert sum(t == 0 for _, t in undone) > 20  # it may be first
    for i, t in undone:
        back = talks.source[i, t]
        assert back < t and (t > 0 or back == -1)
        if back >= 0:
            assert torch.equal(talks.cells[i, back], talks.cells[i, t + 1])
    others = [(i, t) for i in range(600) for t in range(2) if talks.texts[i][t] != "undo"]
    for i, t in others:
        assert talks.source[i, t] == t
        cells, ground = apply(talks.cells[i, t][None], talks.ground[i, t][None], [talks.texts[i][t]])
        assert torch.equal(cells[0], talks.cells[i, t + 1]) and ground[0] == talks.ground[i, t + 1]


def test_training_dialogues_hold_nothing_that_is_held_out():
    talks = dialogue(300, 6, seeded())
    assert (scenes.split(talks.cells.flatten(0, 1)) == 0).all()
    counts = (talks.cells > 0).sum(-1)
    assert counts.min() == 1 and counts.max() == 3
    longest = max(text.count(" then ") for texts in talks.texts for text in texts)
    assert longest == 1  # three clauses are kept from training
    between = []
    for cells, ground, texts in zip(talks.cells, talks.ground, talks.texts):
        turns = zip(cells.tolist(), ground.tolist(), map(read, texts))
        between += [edits.change((row, on), clauses[0])[0] for row, on, clauses in turns if len(clauses) == 2]
    assert len(between) > 200 and (scenes.split(torch.tensor(between)) == 0).all()
    assert len(between) / 1800 == pytest.approx(0.18, abs=0.03)  # as the docstring says
    three = dialogue(300, 2, seeded(), part=None, clauses=3)
    assert max(text.count(" then ") for texts in three.texts for text in texts) == 2


def test_every_kind_of_edit_comes_up():
    talks = dialogue(300, 6, seeded())
    ops = {clause.op for texts in talks.texts for text in texts for clause in read(text)}
    assert ops == set(edits.OPS)


def test_the_same_seed_gives_the_same_dialogues():
    one, other = dialogue(20, 3, seeded()), dialogue(20, 3, seeded())
    assert one.texts == other.texts and torch.equal(one.cells, other.cells)
    assert dialogue(20, 3, seeded(1)).texts != one.texts
    with pytest.raises(ValueError, match="turns=0"):
        dialogue(1, 0, seeded())
    for clauses in (0, 4):
        with pytest.raises(ValueError, match=rf"clauses={clauses} in 1\.\.3"):
            dialogue(1, 1, seeded(), clauses=clauses)


def test_a_clause_can_be_said_and_read():
    said = (Clause("make", Thing(1, 0, 0, 3), "big"), Clause("add", Thing(0, 1, 2), "right"))
    assert read(write(said)) == said
