"""Captions: what is written is read, what cannot be is refused in a sentence, and open bits are counted exactly."""

import math
from itertools import combinations, permutations, product

import pytest
import torch

from course_lib.data import captions, scenes
from course_lib.data.captions import FORMS, bits, caption, encode, fits, read, ways, write
from course_lib.data.meaning import Meaning, Thing, _apart
from course_lib.data.scenes import EASY, GROUNDS, HARD, KINDS, Layout

TINY = Layout(2, 2, 2)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def everything(layout: Layout, objects: int) -> tuple[torch.Tensor, torch.Tensor]:
    """All scenes of so many objects."""
    kinds = torch.cartesian_prod(*[torch.arange(1, KINDS + 1)] * objects).view(-1, objects)
    rows = []
    for places in combinations(range(layout.cells), objects):
        cells = torch.zeros(len(kinds), layout.cells, dtype=torch.int64)
        cells[:, list(places)] = kinds
        rows.append(cells)
    cells = torch.cat(rows)
    return cells.repeat(len(GROUNDS), 1), torch.arange(len(GROUNDS)).repeat_interleave(len(cells))


@pytest.mark.parametrize("form", [*FORMS, "null"])
@pytest.mark.parametrize("layout", [EASY, HARD], ids=["easy", "hard"])
def test_what_is_written_is_read_and_fits(form, layout):
    cells, ground = scenes.sample(100, seeded(), layout)
    said = captions.meanings(cells, ground, form, seeded(), layout)
    texts = caption(cells, ground, form, seeded(), layout)
    assert [read(text, layout) for text in texts] == said
    assert all(fits(cells[i : i + 1], ground[i : i + 1], said[i], layout) for i in range(len(cells)))
    assert captions.decode(encode(texts)) == texts


def test_a_full_caption_fits_its_scene_alone():
    cells, ground = scenes.sample(300, seeded())
    for i, text in enumerate(caption(cells, ground, "full", seeded())):
        same = (cells == cells[i]).all(1) & (ground == ground[i])
        assert torch.equal(fits(cells, ground, read(text)), same)
        assert bits(read(text)) == 0


def test_examples_mean_what_they_say():
    red, square = Thing(None, 0, 0), Thing(None, 5, 1)
    assert read("red circle left of blue square") == Meaning((red, square), ((0, "left of"),), None)
    assert read("red circle left and blue square on grey") == Meaning((red._replace(place=3), square), (), 1)
    assert read("three circles") == Meaning((Thing(shape=0),) * 3)
    assert read("two objects on white") == Meaning((Thing(),) * 2, (), 2)
    assert read("on white") == Meaning(None, (), 2) and read("") == Meaning()
    assert write(read("one object and two crosses")) == "object and cross and cross"


def test_objects_are_in_raster_order_without_a_generator():
    cells = torch.tensor(
        [[0, 0, scenes.kind("circle", "red", "small"), 0, 0, 0, scenes.kind("cross", "blue", "big"), 0, 0]]
    )
    assert caption(cells, torch.tensor([1])) == ["small red circle top-right and big blue cross bottom-left on grey"]
    relation = "small red circle right of big blue cross on grey"
    assert caption(cells, torch.tensor([1]), "relation") == [relation]
    texts = {text for seed in range(9) for text in caption(cells, torch.tensor([1]), "full", seeded(seed))}
    assert len(texts) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("red cirle", "'cirle' in 'red cirle' is not a word here. The words are: one, two"),
        ("red", "An object must stand where the end does in 'red': one of object, circle"),
        ("circle and", "where the end does in 'circle and'"),
        ("red circle left of", "where the end does in 'red circle left of'"),
        ("red red circle", "says a colour twice"),
        ("big small circle", "says a size twice"),
        ("red circle blue square", "Join objects by 'and' or a relation"),
        ("circle centre and square centre", "contradicts itself"),
        ("circle top below square", "contradicts itself"),
        ("circle left of square left of cross left of circle", "names 4 objects, but the layout of 3×3 cells holds at"),
        ("circle right of square right", "contradicts itself"),
        ("two circles left of cross", "gives several objects one place"),
        ("two circle", "one of objects, circles"),
        ("circle on grey and square", "'on' in .* must come last"),
        ("circle b2", "no place of the layout of 3×3 cells"),
        ("big " * 40, "has 40 words, but at most 32"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(text, says):
    with pytest.raises(ValueError, match=says):
        read(text)


def test_an_unknown_word_is_named_by_the_tokenizer():
    with pytest.raises(ValueError, match=r"'mauve' in 'mauve circle' is not a word here. The words are: one,.* red,"):
        encode(["red circle", "mauve circle"])
    assert encode(["", "red circle"]).shape == (2, captions.LENGTH) and encode([]).shape == (0, captions.LENGTH)
    assert len(set(captions.WORDS)) == len(captions.WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "red circle and blue square on grey",
        "two red circles",
        "big red circle left of big red circle on white",
        "red object and circle",
        "circle a1 and red object",
        "red circle above blue object on navy",
        "object in the row of circle",
        "two objects",
        "small circle",
        "cyan circle",
        "circle in the column of big circle b2",
    ],
)
@pytest.mark.parametrize("part", [None, "train"])
def test_open_bits_are_those_of_the_law_by_enumeration(text, part):
    meaning = read(text, TINY)
    cells, ground = everything(TINY, len(meaning.things))
    weight = ways(cells, ground, meaning, TINY).double()
    if part:
        weight[scenes.HELD[cells].any(1)] = 0
    if not weight.any():
        with pytest.raises(ValueError, match="is held out of training: ask for another"):
            bits(meaning, TINY, part)
        return
    p = weight[weight > 0] / weight.sum()
    assert bits(meaning, TINY, part) == pytest.approx(-float((p * p.log2()).sum()), abs=1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_ways_are_how_captions_are_drawn(form):
    # The law of the scene given a caption, once by Bayes over all orders of naming and all axes, once by `ways`.
    row = Layout(2, 2, 3)
    kinds = [
        scenes.kind("circle", "red", "big"),
        scenes.kind("circle", "red", "small"),
        scenes.kind("cross", "blue", "big"),
    ]
    rows = [row for row in product([0, *kinds], repeat=4) if sum(map(bool, row)) == 3]
    joint: dict[Meaning, dict[int, float]] = {}
    for i, cells in enumerate(rows):
        orders = list(permutations([j for j, cell in enumerate(cells) if cell]))
        for order, axes in product(orders, product((0, 1), repeat=2)):
            said = captions.meaning(list(cells), 0, list(order), form, list(axes), row)
            chance = joint.setdefault(said, {})
            chance[i] = chance.get(i, 0) + 1 / len(orders) / 4
    every = torch.tensor(rows)
    for said, chance in joint.items():
        bayes = torch.tensor([chance.get(i, 0.0) for i in range(len(rows))]).double()
        weight = ways(every, torch.zeros(len(rows), dtype=torch.int64), said, row).double()
        torch.testing.assert_close(weight / weight.sum(), bayes / bayes.sum())


def test_without_positions_the_bits_are_the_placements():
    cells, ground = scenes.sample(50, seeded())
    for row, said in zip(cells, captions.meanings(cells, ground, "no-positions", seeded())):
        objects = row[row > 0]
        same = math.prod(math.factorial(n) for n in objects.bincount().tolist())
        assert bits(said) == pytest.approx(math.log2(math.perm(9, len(objects)) / same))
    assert bits(Meaning()) == pytest.approx(EASY.bits()) and bits(Meaning(None, (), 0)) == pytest.approx(
        EASY.bits() - 2
    )
    assert bits(Meaning(), EASY, "train") == pytest.approx(EASY.bits(56))


@pytest.mark.parametrize("form", ["full", "no-positions", "no-colours", "no-shapes", "open", "count"])
def test_many_objects_are_counted_as_few_are(form):
    cells, ground = scenes.sample(40, seeded(), HARD)
    few = [said for said in captions.meanings(cells, ground, form, seeded(), HARD) if len(said.things) == 3]
    slow = [bits.__wrapped__(said, HARD) for said in few]
    allowed = torch.ones_like(scenes.HELD)
    quick = [_apart(said, torch.stack([t.kinds() & allowed for t in said.things]), HARD) for said in few]
    assert slow == pytest.approx(quick)


def test_what_is_held_out_is_named_and_other_parts_have_no_bits():
    with pytest.raises(ValueError, match="A yellow square is held out of training: .*leave part='train' out"):
        bits(read("small red circle and yellow square"), EASY, "train")
    for part in ("pairs", "scenes", "test"):
        with pytest.raises(ValueError, match=f"part='{part}' has no bits of its own: give None"):
            bits(read("yellow square"), EASY, part)


def test_two_relations_to_the_next_thing_are_not_written():
    twice = Meaning((Thing(shape=0), Thing(shape=1)), ((0, "left of"), (0, "above")))
    with pytest.raises(ValueError, match="a caption says one relation"):
        write(twice)


def test_a_place_may_stand_before_a_relation():
    for place, name in product(range(9), captions.RELATIONS):
        said = Meaning((Thing(shape=0, place=place), Thing(shape=1)), ((0, name),))
        try:
            assert read(write(said)) == said
        except ValueError as error:
            assert "contradicts itself" in str(error)


def test_what_is_not_counted_says_so():
    with pytest.raises(ValueError, match="could be one object"):
        bits(read("red object and circle and square and cross", HARD), HARD)
    with pytest.raises(ValueError, match="Leave the relations out"):
        bits(read("cross left of circle and square and triangle", HARD), HARD)
    with pytest.raises(ValueError, match="form='short' is not a form"):
        caption(*scenes.sample(1, seeded()), "short")
