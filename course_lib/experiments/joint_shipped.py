"""The shipped models that converse: what they can do, what mends them, what a turn costs. Read in notebook 17."""

from functools import partial

import torch

from ..data.dialogues import Dialogues, dialogue
from ..measure import cost
from ..training import RECIPES, checkpoints
from ..training.recipes import dialogues as recipes
from . import Found, talking
from .joint import asked, held
from .obeying import short
from .provenance import tidy
from .rows import rows
from .talking import FAMILIES, Painter

MANY, TALKS = 200, 100
STEPS = (1, 2, 4, 8, 16)


def shipped() -> Found:
    """What the two shipped models can do, and what mends their conversations; one training seed (15 minutes)"""
    names = [name for name in FAMILIES if checkpoints.path_of(name).exists()]
    plans = {"tasks": (_tasks, [{"name": n} for n in names]), "costs": (_cost, [{"name": n} for n in names])}
    plans["steps"] = (_stepped, [{"name": n, "steps": k} for n in names if n == FAMILIES[1] for k in STEPS])
    plans["talks"] = (_talked, [{"name": n, "way": way} for n in names for way in WAYS if _fits(n, way)])
    found = {part: rows("joint-shipped", keys, make, part=part, n=MANY) for part, (make, keys) in plans.items()}
    out = tidy(found["costs"], "joint: a turn", tuple(f"seconds_{k}" for k in COSTS))
    for row in [*found["tasks"], *found["steps"]]:
        for task, marks in row["asked"].items():
            out += tidy([{**row, **marks}], f"joint: {task}", ("right",))
    for row in found["talks"]:
        for k, marks in enumerate(row["turns"]):
            about = {**row, **marks, "model": f"{row['model']}, {row['way']}"}
            out += tidy([about], f"joint: conversation, turn {k + 1}", ("right", "kept", "drift"))
    return Found({"n": MANY, "talks_n": TALKS, "steps": STEPS, **found}, out)


def _known(name: str, **more) -> tuple[Painter, dict]:
    about = {"model": name, "family": RECIPES[name].family, "budget_flops": checkpoints.header(name)["train_flops"]}
    return Painter(checkpoints.load(name), name, **more), about | {"n": MANY}


def conversed(painter: Painter, n: int) -> dict[str, dict]:
    """Every task with the shares that are right: those of `asked`, and what training had rarely or never."""
    found = asked(painter, n)
    found["draw, unseen pairs"] = talking.drawing(painter, n, "pairs")
    found["tell, unseen pairs"] = talking.reading(painter, n, "pairs")
    found["draw, sums"] = talking.drawing(painter, n, form="sum")
    found["there and back"] = talking.back_and_forth(painter, n)
    return {task: marks | {"n": marks.get("n", n)} for task, marks in found.items()}


def _tasks(name: str) -> dict:
    painter, about = _known(name)
    return about | {"asked": short(conversed(painter, MANY))}


def _stepped(name: str, steps: int) -> dict:
    painter, about = _known(name, steps=steps)
    return about | {"model": f"{name}, {steps} steps", "asked": short(asked(painter, MANY, ("draw",)))}


# How a conversation is held: which dialogues, what the painter is, how `chain` goes on.
WAYS: dict[str, dict] = {
    "all turns": {},
    "true pictures": {"remedy": "true", "window": talking.TAUGHT},
    "snap": {"remedy": "snap", "window": talking.TAUGHT},
    "composite": {"remedy": "composite", "window": talking.TAUGHT},
    "parsed and redrawn": {"remedy": "redraw", "window": talking.TAUGHT},
    "2 steps": {"steps": 2, "window": talking.TAUGHT},
    "16 steps": {"steps": 16, "window": talking.TAUGHT},
    "temperature 0": {"temperature": 0.0, "window": talking.TAUGHT},
    "last picture only": {"window": 1},
    "last two turns": {"window": 2},
    "last four turns": {"window": talking.TAUGHT},
    "sixteen turns": {"turns": 16, "window": talking.TAUGHT},
    "two clauses": {"clauses": 2, "window": talking.TAUGHT},
    "three clauses": {"clauses": 3},
    "other words": {"say": talking.telegram, "window": talking.TAUGHT},
    "unseen pairs": {"part": "pairs", "window": talking.TAUGHT},
    "keep": {"idle": True},
    "keep, snap": {"idle": True, "remedy": "snap"},
    "keep, composite": {"idle": True, "remedy": "composite"},
    "keep, 16 steps": {"idle": True, "steps": 16},
}


def _fits(name: str, way: str) -> bool:
    """Whether a way is one of this family: tokens have no steps to take and no grain to snap, flow no temperature."""
    pixels = RECIPES[name].family == "noise"
    return "temperature" not in way if pixels else not any(w in way for w in ("snap", "composite", "steps", "redrawn"))


def talks_of(way: str, n: int = TALKS) -> Dialogues:
    """The dialogues of a way to converse."""
    how = WAYS[way]
    if how.get("idle"):
        return talking.idle(n)
    if how.get("clauses") == 3:  # 17 words are read: what is longer has not been met, and cannot be said
        return _short_enough(n)
    talks = talking.conversations(n, how.get("turns", 0), part=how.get("part", "train"), clauses=how.get("clauses", 1))
    return talking.spoken(talks, how["say"]) if "say" in how else talks


def _short_enough(n: int) -> Dialogues:
    """Dialogues of a turn of three clauses each, in no more words than a model reads."""
    talks = dialogue(60 * n, 1, torch.Generator().manual_seed(41), clauses=3, lead=0)
    fit = [i for i, (text,) in enumerate(talks.texts) if text.count(" then ") == 2]
    return talks[[i for i in fit if len(talks.texts[i][0].split()) < recipes.WORDS][:n]]


def _talked(name: str, way: str) -> dict:
    how = WAYS[way]
    painter, about = _known(name, **{key: how[key] for key in ("steps", "temperature") if key in how})
    found = held(painter, talks_of(way), **{key: how[key] for key in ("remedy", "window") if key in how})
    return about | {"way": way, "n": TALKS} | found


COSTS = ("turn_1", "turn_4", "turn_8", "turn_8_anew")


def _cost(name: str) -> dict:
    """Processor seconds of turns with the cache, one conversation at a time, and of the last one read anew."""
    painter, about = _known(name)
    talks, out = talking.conversations(1, 8), {}
    for turn in (1, 4, 8):
        talk = _told(painter, talks, turn)
        text = recipes.told([talks.texts[0][turn - 1]])
        out[f"seconds_turn_{turn}"] = cost.cpu_seconds(partial(_turn, painter, talk, text))
    anew = recipes.told([talks.texts[0][7]])
    out["seconds_turn_8_anew"] = cost.cpu_seconds(lambda: _turn(painter, _told(painter, talks, 8), anew))
    return about | {"steps": painter.steps} | {key: round(value, 4) for key, value in out.items()}


def _told(painter: Painter, talks, turn: int):
    """The conversation up to the instruction of a turn."""
    talk = painter.begin(1)
    talk.hear(True, painter.encode(talks.cells[:, 0], talks.ground[:, 0]))
    for k in range(turn - 1):
        talk.hear(False, recipes.told([talks.texts[0][k]]))
        talk.hear(True, painter.encode(talks.cells[:, k + 1], talks.ground[:, k + 1]))
    return talk


def _turn(painter: Painter, talk, text) -> None:
    talk.hear(False, text)
    talk.hear(True, painter.draw(talk, 1, torch.Generator().manual_seed(0)))
