"""The exercises of notebook 13: right answers pass, usual mistakes are named; its widget and what its figures say."""

import math
from itertools import permutations

import pytest
import torch
from solutions import named

from course_lib import check
from course_lib.check import prompts
from course_lib.data import captions, scenes
from course_lib.show import figures_13_choices as choices
from course_lib.show import figures_13_measured as measured
from course_lib.show import play


def alike(kinds):
    return math.prod(math.factorial(kinds.count(kind)) for kind in set(kinds))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda kinds, cells=9: len(kinds) * math.log2(cells), "one cell less"),
        (lambda kinds, cells=9: math.log2(math.perm(cells, len(kinds))), "change places and nobody"),
        (lambda kinds, cells=9: math.log2(math.comb(cells, len(kinds))), "all objects as alike"),
        (lambda kinds, cells=9: float(math.perm(cells, len(kinds)) // alike(kinds)), "number of scenes"),
        (lambda kinds, cells=9: math.log(math.perm(cells, len(kinds)) / alike(kinds)), "nats"),
        (lambda kinds, cells=9: math.log2(math.perm(cells, len(kinds)) / alike(kinds)) / len(kinds), "per object"),
        (lambda kinds, cells=9: prompts._left_open(kinds), "9 cells, whatever"),
        (lambda kinds, cells=9: sum(math.log2(math.comb(cells, kinds.count(k))) for k in set(kinds)), "take cells"),
        (lambda kinds, cells=9: math.log10(2 ** prompts._left_open(kinds, cells)), "base 10"),
        (lambda kinds, cells=9: 1.0, "scenes fit"),
    ],
)
def test_wrong_bits_are_named(attempt, message):
    named(check.left_open, attempt, message)


def spelt(said):
    return tuple(word or "" for word in said)


def each_fits(shown, asked, both=False):
    """Each object fits some name, and if `both`, each name some object."""
    fits = [[prompts._agrees(thing, said) for said in asked] for thing in shown]
    return all(map(any, fits)) and (not both or all(map(any, zip(*fits, strict=True))))


def turned(shown, asked):
    """Some orders alone: those that begin somewhere else."""
    orders = (shown[k:] + shown[:k] for k in range(len(shown)))
    return len(shown) == len(asked) and any(all(map(prompts._agrees, order, asked)) for order in orders)


def test_the_bits_left_open_are_those_of_the_captions():
    for text, kinds in (("big red circle on grey", [1]), ("red big cross and red big cross on navy", [2, 2])):
        meaning = captions.read(text)
        assert prompts._left_open(kinds) == pytest.approx(captions.bits(meaning))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda shown, asked: all(map(prompts._agrees, shown, asked)) and len(shown) == len(asked), "need not be the"),
        (lambda shown, asked: len(shown) == len(asked) and prompts._by_words(shown, asked), "bag of words"),
        (
            lambda shown, asked: (
                len(shown) == len(asked) and all(any(prompts._agrees(t, a) for t in shown) for a in asked)
            ),
            "answers twice",
        ),
        (prompts._greedy, "first object that fits"),
        (lambda shown, asked: prompts._greedy(shown, asked, backwards=True), "last object that fits"),
        (lambda shown, asked: all(map(prompts._agrees, sorted(shown), sorted(asked, key=spelt))), "the answer is"),
        (lambda shown, asked: len(shown) == len(asked) and each_fits(shown, asked), "the answer is"),
        (lambda shown, asked: len(shown) == len(asked) and each_fits(shown, asked, both=True), "the answer is"),
        (lambda shown, asked: turned(shown, asked), "the answer is"),
        (
            lambda shown, asked: any(
                all(map(prompts._agrees, order, asked)) for order in permutations(shown, len(asked))
            ),
            "More objects",
        ),
        (lambda shown, asked: any(list(order) == list(asked) for order in permutations(shown)), "None says nothing"),
        (lambda shown, asked: True, "the answer is"),
    ],
)
def test_wrong_pairings_are_named(attempt, message):
    named(check.obeys, lambda shown, asked: bool(attempt(shown, asked)), message)


def share(full):
    return full.sum(0) / full.sum()


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda full: (share(full) - 1 / 9).abs().sum(), "count it twice"),
        (lambda full: (share(full) - 1 / 9).sum() / 2, "cancel"),
        (lambda full: (share(full) - 1 / 9).abs().mean(), "mean over cells"),
        (lambda full: (full.float().mean(0) - 1 / 9).abs().sum() / 2, "divide by full.sum"),
        (lambda full: (share(full) - 1 / 9).abs().max(), "largest deviation"),
        (lambda full: (share(full) - 1 / 9).square().sum() / 2, "squares"),
        (lambda full: (share(full) - 1 / 9).abs().mean() / 2, "Half of the mean"),
        (lambda full: ((full / full.sum(1, keepdim=True)).mean(0) - 1 / 9).abs().sum() / 2, "Each scene counts"),
        (lambda full: (full.sum(0) / full.numel() - 1 / 9).abs().sum() / 2, "empty ones too"),
        (lambda full: share(full)[0], "not half of the sum"),
    ],
)
def test_wrong_unevenness_is_named(attempt, message):
    named(check.uneven, attempt, message)


def half_turned(full, u):
    """Reading order, backwards in half of the scenes."""
    order = prompts._planted(full, u)
    back = torch.where(order < 0, -1, order.sort(1, descending=True).values)
    return torch.where(u[:, :1] < 0.5, order, back)


def ordered(change):
    """The right order of naming, and then what is usually got wrong."""

    def naming(full, u):
        return change(prompts._naming(full, u), full)

    return naming


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda full, u: prompts._planted(full, u) + 0 * full[:, :3].long(), "Still in reading order"),
        (ordered(lambda order, full: order[:, :2]), "Three cells"),
        (ordered(lambda order, full: order.clamp(min=0)), "are named, and nothing else"),
        (ordered(lambda order, full: order.flip(1)), "-1 last"),
        (ordered(lambda order, full: torch.where(order < 0, -1, order.sort(1, descending=True).values)), "backwards"),
        (ordered(lambda order, full: torch.where(order < 0, -1, (order + 1) % 9)), "empty cell"),
        (lambda full, u: prompts._naming(full, 1 - u), "smallest chance"),
        (lambda full, u: prompts._naming(full, u[:1].expand_as(u)), "in one order, whatever"),
        (lambda full, u: half_turned(full, u), "some come far more often"),
    ],
)
def test_wrong_orders_of_naming_are_named(attempt, message):
    named(check.naming, attempt, message)


def test_the_planted_order_tells_where_objects_are():
    full = torch.zeros(200, 9, dtype=torch.bool).scatter(1, torch.rand(200, 9).argsort(1)[:, :2], True)
    order = check.naming.planted(full, torch.rand(200, 9))
    assert (order[:, 0] < order[:, 1]).all()


# The widget


@pytest.fixture
def widget():
    calls = []

    def draw(name, texts, seed):
        calls.append((name, tuple(texts), seed))
        try:
            text = texts[0] or "big red circle top"
            thing = captions.read(text).things[0]
            kind = 1 + int(thing.kinds()[1:].nonzero()[0])
        except ValueError:
            kind = 1
        cells = torch.zeros(len(texts), 9, dtype=torch.long)
        cells[:, seed % 9] = kind
        return scenes.render(cells, torch.zeros(len(texts), dtype=torch.long))

    made = play.Prompts(["token-ar-scenes", "dit-scenes"], draw, "big red circle on black")
    made.calls = calls
    return made


def test_every_family_draws_the_caption_and_each_thing_is_marked(widget):
    assert [card["words"] for card in widget.cards] == ["token by token", "out of noise"]
    assert widget.cards[0]["marks"] == ["✓ big red circle · ✓ 1 in all · ✓ on black"] * 3
    assert "3.2 bits" in widget.status and "token by token 3 of 3" in widget.status
    assert len(widget.shown) == 2 * 3 * 24 * 24 * 3
    widget.text = "big red circle and small blue cross on white"
    assert widget.cards[0]["marks"][0] == "✓ big red circle · ✗ small blue cross · ✗ 2 in all · ✗ on white"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("big dog", "'dog'"),
        ("big big circle", "twice"),
        ("big red", "An object must stand"),
        ("circle top and cross top", "contradicts itself"),
        ("circle and cross and circle and cross", "at most 3"),
        (" ".join(["circle and"] * 10 + ["circle"]), "at most 20"),
    ],
)
def test_what_cannot_be_drawn_is_told_and_nothing_is_lost(widget, text, told):
    before = widget.shown
    widget.text = text
    assert widget.status.startswith("Not drawn") and told in widget.status and not widget.wrong
    assert widget.shown == before and "big red circle" in widget.said
    widget.seed = 4
    assert widget.shown != before  # another seed still draws what could be drawn
    widget.text = ""
    assert "20.5 bits" in widget.status


def test_no_object_answers_for_two_names():
    cells = torch.zeros(9, dtype=torch.long)
    cells[0] = scenes.kind("circle", "red", "big")
    assert sum(play.prompts.named(captions.read("red circle and red circle"), cells)) == 1
    cells[1] = scenes.kind("circle", "blue", "big")
    assert play.prompts.named(captions.read("circle and red circle"), cells) == [True, True]


def test_the_static_frame_is_drawn_and_put_in_words(widget):
    assert "captions" in widget.frame().alt and len(widget.frame().png()) > 1000


# What the figures say


def run(name, budget, fits, seed=0, **more):
    asked = {"fits": fits, "fits_low": fits - 0.1, "fits_high": fits + 0.1} | more
    return {"name": name, "budget_flops": budget * 1e12, "seed": seed, "asked": {"full": asked}, "curve": []}


def test_a_winner_is_named_on_three_seeds_that_do_not_overlap_alone():
    tokens = [run("token-ar-scenes", 5, fits, i) for i, fits in enumerate((0.8, 0.9, 0.85))]
    noise = [run("dit-scenes", 5, fits, i) for i, fits in enumerate((0.1, 0.2, 0.3))]
    assert measured.ahead(tokens + noise, "full", 5) == "token by token is ahead"
    assert "by more than seeds" in measured.ahead(tokens + noise[:2] + [run("dit-scenes", 5, 0.82, 2)], "full", 5)
    assert "too few" in measured.ahead(tokens + noise[:2], "full", 5)
    assert measured.by_budget(tokens, "token-ar-scenes", "full") == {5: [0.8, 0.9, 0.85]}


def test_half_right_is_the_first_time():
    points = [{"pictures": n, "full": {"share": share}} for n, share in ((1, 0.1), (2, 0.6), (3, 0.4))]
    assert measured.half(points) == 2 and measured.half(points[:1]) is None


def test_the_contest_says_what_its_corner_says():
    assert choices.verdict([0.9, 0.8], [0.1, 0.2]) == "token by token is ahead"
    assert choices.verdict([0.1, 0.2], [0.9, 0.8]) == "noise is ahead"
    assert choices.verdict([0.1, 0.8], [0.5, 0.2]) == "the seeds overlap"
    runs = [run("token-ar-scenes", 5, 0.5) | {"scale": a, "shift": 1.0} for a in (0.5, 0.02)]
    runs += [run("dit-scenes", 5, 0.9 * (b > 1)) | {"scale": a, "shift": b} for a in (0.5, 0.02) for b in (1.0, 4.0)]
    found = {"scales": [0.5, 0.02], "corners": [[0.5, 4.0], [0.02, 4.0], [0.5, 1.0]], "runs": runs}
    assert "noise is ahead" in choices.contest(found, 0.5, 4.0)._suptitle.get_text()
    assert "token by token is ahead" in choices.contest(found, 0.5, 1.0)._suptitle.get_text()
    with pytest.raises(ValueError, match="scale=0.1"):
        choices.contest(found, 0.1, 1.0)
