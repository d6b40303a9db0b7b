"""Checkers of notebook 17: who sees whom among segments, two losses in one, what undo brings back, what is in sight."""

import torch
import torch.nn.functional as F

from ..methods import joint
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


@exercise(reference=_two_losses, shipped=(joint.parts,), trained=True)
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


def _begins(k, turns):
    return max(k + 1 - turns, 0)


def _segments(k, turns):
    segments = 2 * turns
    return max(k + 1 - segments, 0)


@exercise(reference=_begins, planted=_segments, shipped=(joint.first_in_sight,))
def first_in_sight(attempt) -> None:
    """The picture with which the last `turns` turns begin, the one to come among them."""
    for turns in (1, 3, 4):
        for k in (0, turns, turns + 2, 3 * turns + 1, int(torch.randint(20, 40, ()))):
            found, right = attempt(k, turns)
            need(found == int(found), "Give a whole number: that of a picture.")
            mistakes = {
                "Still twice as many turns are in sight: print how many there are before each instruction.": (
                    _segments(k, turns)
                ),
                "Below zero: before the first picture there is nothing to see.": k + 1 - turns,
                "One turn too many: the turn to come is one of them.": max(k - turns, 0),
                "One turn too few: with `turns` = 1, picture k itself is in sight.": max(k + 2 - turns, 0),
                "Right for four turns only: use `turns`.": max(k - 3, 0),
                "That counts segments: pictures are numbered one a turn.": max(2 * (k + 1 - turns), 0),
                "Still twice as many, and below zero: print it for k = 0 … 7.": k + 1 - 2 * turns,
                "Everything is in sight, always: that is longer than any past in training.": 0,
                "Only the last picture is in sight: an undo could not be answered.": k,
                "That is how many turns are in sight, not where they begin.": min(k + 1, turns),
            }
            otherwise = (
                "This is not the first of the last `turns` pictures up to picture k (picture 0 where there are fewer)."
            )
            attempt.compare(found, right, mistakes, otherwise)
