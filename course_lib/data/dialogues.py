"""Dialogues about scenes: turns of edits drawn at random, cut out of longer ones. Built in notebook 17."""

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from course_lib.data.captions import KIND, places
from course_lib.data.edits import Clause, Scene, change, fitting, write
from course_lib.data.meaning import Thing
from course_lib.data.scenes import COLOURS, EASY, GROUNDS, KINDS, PARTS, SIZES, Layout, sample, split

OFTEN = {"colour": 2, "size": 2, "move": 3, "remove": 2, "add": 2, "ground": 1, "undo": 2, "keep": 1}
SAID = 0.3  # chance that a reference says an attribute that it could leave out


@dataclass(frozen=True)
class Dialogues:
    """`texts[i][t]` turns scene t of dialogue i into scene t + 1: `cells` [n, T + 1, C], `ground` [n, T + 1].

    `source` [n, T] is the scene that the turn starts from, t, or for "undo" the one that it brings back; -1 where that
    one lies before the window, so that nothing in it tells the answer.
    """

    cells: Tensor
    ground: Tensor
    texts: list[list[str]]
    source: Tensor

    def __getitem__(self, rows: list[int]) -> "Dialogues":
        """The dialogues of these numbers."""
        return Dialogues(self.cells[rows], self.ground[rows], [self.texts[i] for i in rows], self.source[rows])


def dialogue(
    n: int,
    turns: int,
    generator: torch.Generator,
    layout: Layout = EASY,
    part: str | None = "train",
    clauses: int = 2,
    lead: int = 7,
) -> Dialogues:
    """`n` windows of `turns` turns, each after 0 to `lead` turns of its dialogue: "undo" may come first.

    A turn has one clause, or `clauses`, 3 at most: drawn for one turn of four, found in 18 of 100, as "undo" and
    "keep" stand alone. In "train" no scene of any turn, or between its clauses, is of another part; with another `part`
    only the first scene of the whole dialogue is. Built in notebook 17.
    """
    if turns < 1 or lead < 0 or not 1 <= clauses <= 3:
        raise ValueError(f"turns={turns} must be at least 1, clauses={clauses} in 1..3, lead={lead} at least 0.")
    dice = Random(int(torch.randint(2**62, (1,), generator=generator)))
    first = torch.randint(lead + 1, (n,), generator=generator).tolist()
    cells, ground = sample(n, generator, layout, part)
    states = [[scene] for scene in zip(cells.tolist(), ground.tolist())]
    stacks, texts, source = ([[0] for _ in range(n)], [[] for _ in range(n)], [[] for _ in range(n)])
    for turn in range(max(first, default=0) + turns):
        todo = [i for i in range(n) if turn < first[i] + turns]
        while todo:
            drawn = [_turn(states[i], stacks[i], clauses, dice, layout) for i in todo]
            passed = split(torch.tensor([[cells for cells, _ in path] for _, path in drawn]).flatten(0, 1))
            kept = (passed.view(len(todo), -1) == PARTS.index("train")).all(1) | (part != "train")
            for i, (text, path), keep in zip(todo, drawn, kept.tolist()):
                if keep:
                    undo = text == "undo"
                    source[i].append(stacks[i][-2] if undo else turn)
                    states[i].append(path[-1])
                    texts[i].append(text)
                    stacks[i] = stacks[i][:-1] if undo else [*stacks[i], turn + 1]
            todo = [i for i, keep in zip(todo, kept.tolist()) if not keep]
    window = [state[start:] for state, start in zip(states, first)]
    return Dialogues(
        torch.tensor([[row for row, _ in state] for state in window]),
        torch.tensor([[on for _, on in state] for state in window]),
        [said[start:] for said, start in zip(texts, first)],
        torch.tensor([[max(j - start, -1) for j in row[start:]] for row, start in zip(source, first)]),
    )


def _turn(states: list[Scene], stack: list[int], clauses: int, dice: Random, layout: Layout) -> tuple[str, list[Scene]]:
    """One turn at the end of a dialogue, and the scene after each clause, the last one again up to `clauses`."""
    path, said = [states[-1]], []
    for _ in range(clauses if clauses > 1 and dice.random() < 0.25 else 1):
        clause = _clause(path[-1], len(stack) > 1 and not said, bool(said), dice, layout)
        said.append(clause)
        if clause.op == "undo":
            return "undo", [states[stack[-2]]] * clauses
        path.append(change(path[-1], clause, layout))
        if clause.op == "keep":
            break
    return write(tuple(said), layout), path[1:] + path[-1:] * (clauses + 1 - len(path))


def _clause(scene: Scene, undo: bool, later: bool, dice: Random, layout: Layout) -> Clause:
    """A clause that can be done in this scene; "undo" only where allowed, and "keep" not as a `later` one."""
    cells, ground = scene
    full = [i for i, cell in enumerate(cells) if cell]
    can = {"undo": undo, "keep": not later, "remove": len(full) > 1, "add": len(full) < layout.most}
    can["move"] = len(full) < layout.cells
    ops = [op for op in OFTEN if can.get(op, True)]
    op = dice.choices(ops, [OFTEN[name] for name in ops])[0]
    if op in ("undo", "keep"):
        return Clause(op)
    if op == "ground":
        return Clause(op, Thing(), dice.choice([name for i, name in enumerate(GROUNDS) if i != ground]))
    empty = [name for name, cell in zip(places(layout), cells) if not cell]
    if op == "add":
        return Clause(op, Thing(*reversed(KIND[dice.randint(1, KINDS)])), dice.choice(empty))
    here = dice.choice(full)
    thing = reference(cells, here, dice)
    if op in ("move", "remove"):
        return Clause(op, thing, dice.choice(empty) if op == "move" else "")
    names, now = (COLOURS, KIND[cells[here]][1]) if op == "colour" else (SIZES, KIND[cells[here]][2])
    return Clause("make", thing, dice.choice([name for i, name in enumerate(names) if i != now]))


def reference(cells: list[int], here: int, dice: Random) -> Thing:
    """A description that only the object in cell `here` fits, most of what is not needed left out in random order."""
    thing = Thing(*reversed(KIND[cells[here]]), here)
    for name in dice.sample(Thing._fields, len(Thing._fields)):
        less = thing._replace(**{name: None})
        if dice.random() > SAID and len(fitting(cells, less)) == 1:
            thing = less
    return thing
