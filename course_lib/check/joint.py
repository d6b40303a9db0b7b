"""Checkers of notebook 17: who sees whom among segments, two losses in one, what undo brings back, where to cut."""

import torch
import torch.nn.functional as F

from ..methods.joint import parts
from ..networks.joint import Segments
from .core import exercise
from .forms import need


def _visible(groups, copy):
    own = (groups[None, :] == groups[:, None]) & (copy[None, :] == copy[:, None])
    return (groups[None, :] < groups[:, None]) & ~copy[None, :] | own


@exercise(reference=_visible, shipped=(Segments.visible,))
def visible(attempt) -> None:
    """Who sees whom: earlier groups, clean, and one's own group in one's own copy."""
    for sizes, copied in (((1, 1, 3, 1), 3), ((2, 1, 1, 2, 1), 2), ((1, 4), 4)):
        number = torch.repeat_interleave(torch.randperm(40)[: len(sizes)].sort().values, torch.tensor(sizes))
        again = number[number == number.bincount().argmax()]  # the picture
        groups = torch.cat([number, again[:copied]])
        copy = torch.arange(len(groups)) >= len(number)
        found, right = attempt(groups, copy)
        need(found.dtype == torch.bool, f"Give True where the column is seen, as a boolean table, not {found.dtype}.")
        row, column = groups[:, None], groups[None, :]
        same = copy[:, None] == copy[None, :]
        mistakes = {
            "Turned round: rows are who looks, columns what is seen.": right.T,
            "The noisy copies are seen by what comes later: only their own group's copies may see them.": (
                (column < row) | (column == row) & same
            ),
            "A copy sees its own picture clean: then there is nothing to find out under the noise.": (
                (column <= row) & ~copy[None, :] | (column == row) & same
            ),
            "A group does not see itself: a word sees itself, and the patches of a picture see each other.": (
                (column < row) & ~copy[None, :]
            ),
            "That is causal, position by position: the patches of a picture must see each other.": (
                torch.ones_like(right).tril()
            ),
            "Copies are not hidden at all: that is `groups[j] <= groups[i]` for everybody.": column <= row,
        }
        otherwise = (
            "This is not: earlier groups that are no copies, and the own group among copies or among clean ones."
        )
        attempt.compare(found, right, mistakes, otherwise)


def _two_losses(logits, words, velocity, target, weight):
    ends = torch.cat([torch.ones_like(words[:, :1], dtype=torch.bool), words[:, :-1] != 0], dim=1)
    nats = F.cross_entropy(logits.flatten(0, 1), words.flatten(), reduction="none").view(words.shape)
    return (nats * ends).sum() / ends.sum() + weight * (velocity - target).square().mean()


@exercise(reference=_two_losses, shipped=(parts,), trained=True)
def two_losses(attempt) -> None:
    """Nats a word up to the end of each text, and so many times the error of the velocity."""
    for B, L, W in ((3, 5, 7), (4, 6, 4)):
        words = torch.randint(1, W, (B, L))
        for row, end in enumerate(torch.randperm(L - 1)[:B].tolist()):
            words[row, end:] = 0
        words[:, -1] = 0
        logits = torch.randn(B, L, W).double()
        velocity, target = torch.randn(2, B, 6, 4).double()
        weight = float(torch.rand(())) + 2
        found, right = attempt(logits, words, velocity, target, weight)
        nats = F.cross_entropy(logits.flatten(0, 1), words.flatten(), reduction="none").view(words.shape)
        error = (velocity - target).square()
        ends = torch.cat([torch.ones_like(words[:, :1], dtype=torch.bool), words[:, :-1] != 0], dim=1)
        text = (nats * ends).sum() / ends.sum()
        said = words > 0
        mistakes = {
            "All places count, also those after the end: a text ends with its first 0.": (
                nats.mean() + weight * error.mean()
            ),
            "The end itself is not graded: then no text ever learns to end. Count the first 0 too.": (
                (nats * said).sum() / said.sum().clamp(min=1) + weight * error.mean()
            ),
            "The weight is on the words: it belongs to the picture.": weight * text + error.mean(),
            "The weight is missing: the picture's error counts `weight` times.": text + error.mean(),
            "The squares are added up over a picture: give their mean, as `flow.loss` does.": (
                text + weight * error.flatten(1).sum(1).mean()
            ),
            "Nats are added up: divide by the number of words that count.": (
                (nats * ends).sum() + weight * error.mean()
            ),
            "What is left out still counts in the mean: divide by the words that count, not by all places.": (
                (nats * ends).mean() + weight * error.mean()
            ),
        }
        otherwise = (
            "This is not the mean nats of the words up to each first 0, plus weight times the mean squared error."
        )
        attempt.compare(found, right, mistakes, otherwise)


def _sources(texts):
    stack, out = [0], []
    for turn, text in enumerate(texts):
        out.append(stack[-2] if text == "undo" else turn)
        stack = stack[:-1] if text == "undo" else [*stack, turn + 1]
    return torch.tensor(out)


def _dialogue(turns: int) -> list[str]:
    """Instructions of which every undo has something to undo, with two in a row and a turn after them."""
    texts, depth = ["keep", "remove the circle", "undo", "undo"], 0
    for coin in (torch.rand(turns) < 0.4).tolist():
        texts.append("undo" if coin and depth else "make the cross blue")
        depth += -1 if texts[-1] == "undo" else 1
    return texts


@exercise(reference=_sources)
def sources(attempt) -> None:
    """For each turn the number of the scene that it starts from, or brings back."""
    for turns in (4, 7, 10):
        texts = _dialogue(turns)
        found, right = attempt(texts)
        turn = torch.arange(len(texts))
        shallow, deep = right.clone(), [0]
        for k, text in enumerate(texts):  # an undo that is itself a turn which can be undone
            shallow[k] = deep[-2] if text == "undo" and len(deep) > 1 else k
            deep.append(k + 1)
        mistakes = {
            "Undo is not a turn that can be undone: two in a row take two turns back.": shallow,
            "That is the scene before each turn, also for undo: undo brings an older one back.": turn,
            "One too far: the scene before the first turn is number 0.": right + 1,
            "All undos lead back to the first scene: each takes off one turn only.": torch.tensor(
                [0 if text == "undo" else k for k, text in enumerate(texts)]
            ),
        }
        otherwise = "Keep a stack of the scenes that undo leads back to: a turn puts one on, undo takes one off."
        attempt.compare(found, right, mistakes, otherwise)


def _window(texts, source, turns, u):
    start = int(u * (len(texts) - turns + 1))
    return start, (source[start : start + turns] - start).clamp(min=-1)


def _fresh(texts, source, turns, u):
    starts = [k for k in range(len(texts) - turns + 1) if texts[k] != "undo"]
    start = starts[int(u * len(starts))]
    return start, (source[start : start + turns] - start).clamp(min=-1)


@exercise(reference=_window, planted=_fresh, gives="where the window starts, and its sources")
def window(attempt) -> None:
    """Any window of a dialogue is as likely as any other; -1 where a source lies before it."""
    for turns in (1, 2, 3):
        texts = _dialogue(6)
        source, some = _sources(texts), float(torch.rand(()) * 0.5 + 0.25)
        undos = (k / (len(texts) - turns + 1) for k in (2.5, 3.5))  # windows that begin with one
        for u in (some, *undos, 0.999):
            (start, found), right = attempt(texts, source, turns, u)
            at = right[0]
            fresh = _fresh(texts, source, turns, u)
            last = int(u * (len(texts) - turns))
            mistakes = {
                "Still no window begins with an undo: list the first instructions of a hundred windows.": fresh,
                "The last window is never drawn: there are len(texts) - turns + 1 of them.": (
                    last,
                    (source[last : last + turns] - last).clamp(min=-1),
                ),
                "Every window begins at the start of the dialogue: then none begins with an undo.": (
                    0,
                    source[:turns],
                ),
                "Sources are numbers in the whole dialogue: in the window, scene `start` is number 0.": (
                    at,
                    source[at : at + turns],
                ),
                "What lies before the window is -1, however far before: clamp it.": (
                    at,
                    source[at : at + turns] - at,
                ),
            }
            otherwise = (
                "This is not a window of `turns` turns from int(u · number of windows), with sources from there."
            )
            attempt.compare((start, found), right, mistakes, otherwise)
