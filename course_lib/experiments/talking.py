"""Conversations with a model, graded turn by turn. Used by the experiments and the figures of notebook 17."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import torch
from torch import Tensor, nn

from ..data import captions, scenes
from ..data.dialogues import Dialogues, dialogue
from ..data.questions import question, sums
from ..measure import grade
from ..methods import joint
from ..networks.patches import patchify, unpatchify
from ..training import RECIPES
from ..training.recipes import dialogues as recipes

FAMILIES = ("all-token-scenes", "transfusion-scenes")
LONGEST = 8  # turns of a conversation
TAUGHT = max(recipes.EDITS)  # turns that training showed together


@dataclass(frozen=True)
class Painter:
    """A model that converses: what it reads and draws, in how many steps, and whether it was taught that a
    conversation begins with a text, empty where there is none."""

    model: nn.Module
    name: str
    steps: int = 8
    temperature: float = 1.0
    lead: bool = True

    @property
    def pixels(self) -> bool:
        """Whether its pictures are numbers, not ids."""
        return bool(self.model.config.vector)

    def encode(self, cells: Tensor, ground: Tensor) -> Tensor:
        return (recipes.patches if self.pixels else recipes.ids)(cells, ground)

    def decode(self, x: Tensor) -> Tensor:
        """What it drew as pictures, uint8 `[B, 3, 24, 24]`."""
        return RECIPES[self.name].reads.decode(x)

    def begin(self, batch: int):
        """A new conversation of so many rows."""
        talk = self.model.talk()
        if self.lead:
            talk.hear(False, recipes.told([""] * batch))
        return talk

    def recall(self, said: list[Tensor], seen: list[Tensor]):
        """A conversation so far: texts `said`, each between two of the pictures `seen`."""
        talk = self.begin(len(seen[0]))
        talk.hear(True, seen[0])
        for text, x in zip(said, seen[1:], strict=True):
            talk.hear(False, text)
            talk.hear(True, x)
        return talk

    def draw(self, talk, batch: int, generator) -> Tensor:
        recipe = RECIPES[self.name]
        dials = recipe.dials | ({"steps": self.steps} if self.pixels else {"temperature": self.temperature})
        return joint.reply(talk, True, recipe.reads.shape, batch=batch, generator=generator, **dials)


def pictures(painter: Painter, texts: list[str], seed: int = 0) -> Tensor:
    """A picture of each caption, uint8 `[N, 3, 24, 24]`."""
    talk = painter.model.talk()
    talk.hear(False, recipes.told(texts))
    return painter.decode(painter.draw(talk, len(texts), torch.Generator().manual_seed(seed)))


def answers(painter: Painter, x: Tensor, asked: list[str], seed: int = 0, temperature: float = 0.0) -> list[str]:
    """What it says of each picture `x`, when it is asked so; "" asks for a caption."""
    talk, generator = painter.begin(len(x)), torch.Generator().manual_seed(seed)
    talk.hear(True, x)
    talk.hear(False, recipes.told(asked))
    dials = {"batch": len(x), "temperature": temperature, "generator": generator}
    return captions.decode(joint.reply(talk, False, (recipes.WORDS,), **dials))


# Both directions


def drawing(painter: Painter, n: int, part: str = "train", form: str = "full") -> dict:
    """How many of `n` captions are drawn so that they fit: "full" ones, or "sum" for those that must be added up."""
    generator = torch.Generator().manual_seed(11)
    cells, ground = scenes.sample(n if form != "sum" else 4 * n, generator, part=part)
    if form == "sum":  # objects of one shape, told apart as one and two or more
        rest = torch.where(cells > 0, (cells - 1) % 16 + 1, 0)
        cells = torch.where(cells > 0, rest + 16 * (torch.arange(len(cells)) % 4)[:, None], 0)
        pairs = zip(cells.tolist(), ground.tolist())
        texts = [sums(row, on, Random(i)) for i, (row, on) in enumerate(pairs)]
        texts = [text for text in texts if " and " in text][:n]
    else:
        texts = captions.caption(cells, ground, form, generator)
    return grade.share(grade.marks(pictures(painter, texts), texts)["fits"], "right")


def reading(painter: Painter, n: int, part: str = "train") -> dict:
    """How many of `n` scenes get their own caption, word by word."""
    cells, ground = scenes.sample(n, torch.Generator().manual_seed(12), part=part)
    said = answers(painter, painter.encode(cells, ground), [""] * n)
    return grade.share(torch.tensor([a == b for a, b in zip(said, captions.caption(cells, ground))]), "right")


def answering(painter: Painter, n: int) -> dict:
    """How many of `n` questions are answered, word by word."""
    cells, ground = scenes.sample(n, torch.Generator().manual_seed(13), part="train")
    asked = [question(row, Random(i)) for i, row in enumerate(cells.tolist())]
    said = answers(painter, painter.encode(cells, ground), [ask for ask, _ in asked])
    return grade.share(torch.tensor([a == b for a, (_, b) in zip(said, asked)]), "right")


def back_and_forth(painter: Painter, n: int) -> dict:
    """How many of `n` captions come back from the model's own picture: no parser is asked."""
    cells, ground = scenes.sample(n, torch.Generator().manual_seed(14), part="train")
    texts = captions.caption(cells, ground)
    talk = painter.model.talk()
    talk.hear(False, recipes.told(texts))
    x = painter.draw(talk, n, torch.Generator().manual_seed(0))
    said = answers(painter, x, [""] * n)
    return grade.share(torch.tensor([a == b for a, b in zip(said, texts)]), "right")


# Conversations


def conversations(n: int, turns: int = 0, seed: int = 21, part: str = "train", clauses: int = 1) -> Dialogues:
    """Dialogues from their first turn, the same for every model, of `LONGEST` turns if none is said: what is undone is
    always inside."""
    return dialogue(n, turns or LONGEST, torch.Generator().manual_seed(seed), part=part, clauses=clauses, lead=0)


def snapped(painter: Painter, x: Tensor, old: Tensor) -> Tensor:
    """Each pixel in the nearest colour that there is."""
    palette = torch.tensor([*scenes.INKS.values(), *scenes.PAPERS.values()]) / 127.5 - 1
    pixels = unpatchify(x, (6, 6), 3).movedim(1, -1)
    return patchify(palette[torch.cdist(pixels.flatten(0, -2), palette).argmin(1)].view(pixels.shape).movedim(-1, 1), 4)


def composited(painter: Painter, x: Tensor, old: Tensor) -> Tensor:
    """The old patch wherever the new one is nearly the same."""
    return torch.where(((x - old).square().mean(-1, keepdim=True) < 0.04), old, x)


def redrawn(painter: Painter, x: Tensor, old: Tensor) -> Tensor:
    """What the parser reads in it, drawn afresh: an oracle."""
    return painter.encode(*scenes.parse(painter.decode(x))[:2])


REMEDIES: dict[str, Callable] = {"snap": snapped, "composite": composited, "redraw": redrawn}


def chain(
    painter: Painter,
    talks: Dialogues,
    *,
    remedy: str = "",
    window: int = 0,
    begins: Callable[[int, int], int] = joint.first_in_sight,
    seed: int = 0,
) -> Tensor:
    """What is drawn turn by turn, `[T + 1, n, …]`, the given first scene too, as the model then sees it.

    `remedy` mends each picture before it is seen: one of `REMEDIES`, or "true": the right scene is shown instead, and
    what was drawn is graded. Of earlier turns the last `window` are seen (0: all): 1 is an editor of one picture.
    `begins(k, window)` says with which picture (0: the given scene) the past of instruction `k` begins.
    """
    n, turns = len(talks.texts), len(talks.texts[0])
    generator = torch.Generator().manual_seed(seed)
    truth = [painter.encode(talks.cells[:, k], talks.ground[:, k]) for k in range(turns + 1)]
    said = [recipes.told([row[k] for row in talks.texts]) for k in range(turns)]
    seen, made, talk = [truth[0]], [truth[0]], None
    for k in range(turns):
        if talk is None or window:
            since = begins(k, window) if window else 0
            talk = painter.recall(said[since:k], seen[since:])
        talk.hear(False, said[k])
        x = painter.draw(talk, n, generator)
        x = REMEDIES[remedy](painter, x, seen[-1]) if remedy in REMEDIES else x
        made.append(x)
        seen.append(truth[k + 1] if remedy == "true" else x)
        talk.hear(True, seen[-1])
    return torch.stack(made)


def graded(painter: Painter, talks: Dialogues, made: Tensor) -> dict[str, Tensor]:
    """Of each turn `[T, n]`: `right`, the exact scene; `kept`, the share of cells left alone that should be; `drift`,
    the root mean square of the pixels' distance from the scene, in 0..255."""
    rows = {"right": [], "kept": [], "drift": []}
    for k in range(1, len(made)):
        cells, ground = talks.cells[:, k], talks.ground[:, k]
        pixels = painter.decode(made[k])
        rows["right"].append(grade.exact(pixels, cells, ground))
        alone = (cells == talks.cells[:, k - 1]) | (talks.ground[:, k] != talks.ground[:, k - 1])[:, None]
        same = scenes.parse(pixels)[0] == cells
        rows["kept"].append((same & alone).sum(1) / alone.sum(1).clamp(min=1))
        off = pixels.float() - scenes.render(cells, ground).float()
        rows["drift"].append(off.square().flatten(1).mean(1).sqrt())
    return {name: torch.stack(row) for name, row in rows.items()}


def op(text: str) -> str:
    """What an instruction does: the first word, or "ground" or "two clauses"."""
    if " then " in text:
        return "two clauses"
    return "ground" if text.startswith("make the ground") else text.split()[0]


def by_operation(talks: Dialogues, right: Tensor) -> dict[str, dict]:
    """The share of right turns `[T, n]` by operation, and of those "after undo"."""
    names = [[op(row[k]) for row in talks.texts] for k in range(len(right))]
    groups = {name: [(k, i) for k, row in enumerate(names) for i, one in enumerate(row) if one == name] for name in OPS}
    turns = [(k, i) for k, row in enumerate(names) for i in range(len(row)) if k and row[i] != "undo"]
    groups["after undo"] = [(k, i) for k, i in turns if names[k - 1][i] == "undo"]
    out = {}
    for name, at in groups.items():
        if at:
            hits = torch.stack([right[k, i] for k, i in at])
            out[name] = grade.share(hits, "right") | {"n": len(at)}
    return out


OPS = ("make", "move", "remove", "add", "undo", "keep", "ground", "two clauses")
UNSAID = {"the", "a", "make", "move", "at"}


def telegram(text: str) -> str:
    """An instruction in other words than any of training: "make the red circle blue" is "red circle blue"."""
    return " ".join(word for word in text.split() if word not in UNSAID)


def spoken(talks: Dialogues, say: Callable[[str], str]) -> Dialogues:
    """The same dialogues, each turn said otherwise; what is graded stays."""
    return replace(talks, texts=[[say(text) for text in row] for row in talks.texts])


def idle(n: int, turns: int = 0) -> Dialogues:
    """Dialogues in which every turn asks for nothing: "keep"."""
    turns = turns or LONGEST
    cells, ground = scenes.sample(n, torch.Generator().manual_seed(31), part="train")
    still = torch.arange(turns).expand(n, -1)
    return Dialogues(
        cells[:, None].repeat(1, turns + 1, 1), ground[:, None].repeat(1, turns + 1), [["keep"] * turns] * n, still
    )
