"""The exercises of notebook 17: usual mistakes are named; the chat goes on whatever is typed."""

import pytest
import torch
import torch.nn.functional as F
from solutions import ANSWERS, named

from course_lib import check
from course_lib.data import scenes
from course_lib.experiments import talking
from course_lib.show import figures_17, play
from course_lib.training import RECIPES


def seen(groups, copy, strict=True, own=True, hide=True):
    row, column = groups[:, None], groups[None, :]
    same = (copy[:, None] == copy[None, :]) if own else torch.ones(len(copy), len(copy), dtype=torch.bool)
    earlier = (column < row) if strict else (column <= row)
    return earlier & ~(copy[None, :] & hide) | (column == row) & same


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda groups, copy: seen(groups, copy).T, "Turned round"),
        (lambda groups, copy: seen(groups, copy, hide=False), "seen by what comes later"),
        (lambda groups, copy: seen(groups, copy, strict=False), "sees its own picture clean"),
        (lambda groups, copy: (groups[None] < groups[:, None]) & ~copy[None], "does not see itself"),
        (lambda groups, copy: torch.ones(len(copy), len(copy)).tril().bool(), "position by position"),
        (lambda groups, copy: groups[None] <= groups[:, None], "not hidden at all"),
        (lambda groups, copy: groups[None] != groups[:, None], "This is not"),
    ],
)
def test_wrong_masks_are_named(attempt, message):
    named(check.visible, attempt, message)


def losses(counts="end", on="picture", mean=True):
    """Two losses, with what is usually got wrong."""

    def two_losses(logits, words, velocity, target, weight):
        first = torch.ones_like(words[:, :1], dtype=torch.bool)
        keep = {"end": torch.cat([first, words[:, :-1] != 0], 1), "words": words > 0, "all": words >= 0}[counts]
        each = F.cross_entropy(logits.transpose(1, 2), words, reduction="none")
        text = (each * keep).sum() / keep.sum().clamp(min=1)
        square = (velocity - target).square()
        picture = square.mean() if mean else square.flatten(1).sum(1).mean()
        return {"picture": text + weight * picture, "text": weight * text + picture, "none": text + picture}[on]

    return two_losses


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (losses("all"), "All places count"),
        (losses("words"), "The end itself"),
        (losses(on="text"), "The weight is on the words"),
        (losses(on="none"), "The weight is missing"),
        (losses(mean=False), "The squares are added up"),
        (
            lambda logits, words, velocity, target, weight: 0 * logits.sum() + 0 * (velocity - target).sum(),
            "This is not",
        ),
    ],
)
def test_wrong_losses_are_named(attempt, message):
    named(check.two_losses, attempt, message)


def one_back(texts):
    return torch.tensor([max(k - 1, 0) if text == "undo" else k for k, text in enumerate(texts)])


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (one_back, "not a turn that can be undone"),
        (lambda texts: torch.arange(len(texts)), "the scene before each turn"),
        (lambda texts: ANSWERS["sources"](texts) + 1, "One too far"),
        (lambda texts: torch.zeros(len(texts)).long(), "Keep a stack"),
    ],
)
def test_wrong_sources_are_named(attempt, message):
    named(check.sources, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda k, turns: max(k + 1 - turns * 2, 0), "Still twice as many"),
        (lambda k, turns: k + 1 - turns, "Below zero"),
        (lambda k, turns: max(k - turns, 0), "One turn too many"),
        (lambda k, turns: max(k + 2 - turns, 0), "One turn too few"),
        (lambda k, turns: 0, "Everything is in sight"),
        (lambda k, turns: k, "Only the last picture"),
        (lambda k, turns: min(k + 1, turns), "how many turns are in sight"),
        (lambda k, turns: k // 2, "This is not the first"),
        (lambda k, turns: max(k - 3, 0), "Right for four turns only"),
        (lambda k, turns: max(2 * (k + 1 - turns), 0), "counts segments"),
        (lambda k, turns: k + 1 - 2 * turns, "below zero"),
        (lambda k, turns: max(k + 0.5 - turns, 0), "whole number"),
    ],
)
def test_wrong_beginnings_are_named(attempt, message):
    named(check.first_in_sight, attempt, message)


@pytest.fixture(scope="module")
def chat():
    torch.manual_seed(0)
    names = talking.FAMILIES[1:]
    painters = {name: talking.Painter(RECIPES[name].build().eval(), name, steps=1) for name in names}
    cells = torch.tensor([0, 0, 0, 0, scenes.kind("circle", "red", "big"), 0, 0, 0, 0])
    return play.Chat(painters, cells, 1, ("keep",))


def say(chat, text: str) -> str:
    chat.turn = [chat.turn[0] + 1, text]
    return chat.status


def test_a_chat_goes_on_whatever_is_typed(chat):
    say(chat, "")
    assert chat.said == ["keep"] and len(chat.shown) == 2 * 3 * 24 * 24
    for text, why in {
        "make the purple cross blue": "no object fits",
        "paint it black": "not a word here",
        "remove the circle": "last object",
        "make the circle": "must end with",
    }.items():
        assert why in say(chat, text) and chat.said == ["keep"]
    assert "Turn 2" in say(chat, "Undo")
    assert "nothing to undo" in say(chat, "undo") and len(chat.said) == 2
    assert "Turn 3" in say(chat, "add a small blue cross at top")
    assert chat.truth[-1][0][1] == scenes.kind("cross", "blue", "small")
    assert [len(card["marks"]) for card in chat.cards] == [3] and len(chat.cards[0]["drift"]) == 3
    assert chat.frame().alt


def test_the_grader_says_what_was_asked_and_what_else_changed():
    red, blue = scenes.kind("circle", "red", "big"), scenes.kind("circle", "blue", "big")
    old, want = [red, 0, 0, 0, blue, 0, 0, 0, 0], [blue, 0, 0, 0, blue, 0, 0, 0, 0]
    tell = play.chat.seen
    assert tell(torch.tensor(want), 1, True, (want, 1), (old, 1)) == "✓ what was asked for · ✓ nothing else changed"
    assert "✗ what was asked for" in tell(torch.tensor(old), 1, True, (want, 1), (old, 1))
    other = [blue, 0, 0, 0, red, 0, 0, 0, 0]
    assert "also changed: centre" in tell(torch.tensor(other), 1, True, (want, 1), (old, 1))
    assert "the ground" in tell(torch.tensor(want), 2, True, (want, 1), (old, 1))
    assert "nothing was asked for" in tell(torch.tensor(old), 1, True, (old, 1), (old, 1))
    assert "no scene" in tell(torch.tensor(old), 1, False, (old, 1), (old, 1))


def share(value: float) -> dict:
    return {"right": value, "right_low": value - 0.1, "right_high": value + 0.1, "n": 10}


def test_figures_are_drawn_of_what_the_experiments_find():
    names, tasks = list(figures_17.MODELS), ("draw", "tell")
    curve = [{"rows": k, "budget_flops": float(k), "asked": {t: share(0.1 * k) for t in tasks}} for k in (1, 2)]
    runs = [{"name": n, "task": t, "curve": curve} for n in names for t in ("all", "draw")]
    assert figures_17.curves(runs, tasks, "rows", "conversations seen", "A title").png()
    swept = [{"name": n, "weight": w, "asked": {t: share(0.5) for t in tasks}} for n in names for w in (1.0, 5.0)]
    assert figures_17.weights(swept, "A title").png()
    turns = [{**share(0.5), "drift": 3.0, "kept": 1.0}] * 3
    talks = [{"model": n, "way": way, "turns": turns} for n in names for way in ("as it is", "keep")]
    assert figures_17.turns(talks, ("as it is", "snap"), "A title").png()
    assert figures_17.drifts(talks, ("keep",), "A title").png()
    ops = {"after undo": share(0.2), "move": share(0.8)}
    cuts = [{"name": n, "window": w, "operations": ops} for n in names for w in ("anywhere", "from the start")]
    assert figures_17.windows(cuts, "A title").png()
    assert figures_17.chats({f"chat {i}": torch.rand(8, 20) < 0.5 for i in range(4)}, "A title").png()
    assert figures_17.shares({n: [share(0.3)] * 2 for n in names}, ["a", "b"], "A title", "Bars.").png()
    groups = torch.tensor([0, 1, 1])
    table = check.visible.reference(groups, torch.zeros(3).bool())
    assert figures_17.masks({"flow": (table, ["a", "b", "c"]), "other": (table, ["a", "b", "c"])}, "A title").png()
    assert figures_17.live([(4.0 / k, 7.0 / k) for k in range(1, 60)], 12.0).png()
