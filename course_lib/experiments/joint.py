"""What words and pictures in one sequence buy: both directions, questions, conversations. Read in notebook 17."""

import torch

from ..training import RECIPES
from ..training.recipes import dialogues as recipes
from . import Found, talking
from .conversing import trained
from .obeying import short
from .provenance import tidy
from .rows import rows
from .talking import FAMILIES, Painter

TERA = 1e12
SEEDS, LOOKS = (0, 1, 2), 4
BUDGET = 30 * TERA  # of a joint model
TWINS = {"draw": 5 * TERA, "tell": 5 * TERA, "edit": 14 * TERA}
WEIGHED = {  # of models that draw and tell: weights of the pictures' loss, seeds, and what a training may cost
    "all-token-scenes": ((1.0, 100.0), SEEDS, 5 * TERA),
    "transfusion-scenes": ((5.0, 50.0), (0,), 25 * TERA),
}
WATCHED, MADE = 60, 100
CUT = 10 * TERA  # of an editor that sees two turns
WINDOW = {"cut anywhere": False, "no undo first": True}


def asked(painter: Painter, n: int, tasks=("draw", "tell", "ask", "edit")) -> dict[str, dict]:
    """The share that is right of each task: captions drawn, scenes told, questions answered, edits of true pictures."""
    out = {}
    if "draw" in tasks:
        out["draw"] = talking.drawing(painter, n)
    if "tell" in tasks:
        out["tell"] = talking.reading(painter, n)
    if "ask" in tasks:
        out["ask"] = talking.answering(painter, n)
    if "edit" in tasks:
        talks = talking.conversations(max(n // 2, 2), 3)
        right = talking.graded(painter, talks, talking.chain(painter, talks, remedy="true"))["right"]
        out["edit"] = talking.grade.share(right.flatten(), "right")
    return {task: found | {"n": n if task != "edit" else 3 * max(n // 2, 2)} for task, found in out.items()}


# The same transformer for all, and one for each task


DONE = {"all": ("draw", "tell", "ask", "edit"), "draw": ("draw",), "tell": ("tell", "ask"), "edit": ("edit",)}


def budgets() -> Found:
    """All tasks in one transformer and each alone, two families over budgets, three seeds each (40 minutes)"""
    keys = [{"name": n, "task": t, "seed": s} for s in SEEDS for t in DONE for n in FAMILIES]
    runs = rows("joint", keys, _bought, n=MADE, watched=WATCHED, budgets=[BUDGET, *TWINS.values()])
    out = []
    for run in runs:
        points = [point for point in run["curve"] if point["budget_flops"] < run["budget_flops"]]
        for point in [*points, run]:
            about = {"key": run["key"], "digest": run["digest"]} | {k: run[k] for k in ("code", "hardware", "seed")}
            about |= {"model": run["model"], "family": run["family"], "budget_flops": point["budget_flops"]}
            for task, found in point["asked"].items():
                out += tidy([{**about, **found}], f"joint: {task}", ("right",))
        for k, found in enumerate(run.get("turns", [])):
            out += tidy([{**run, **found}], f"joint: conversation, turn {k + 1}", ("right", "kept", "drift"))
    return Found({"n": MADE, "budget": BUDGET, "twins": TWINS, "runs": runs}, out)


def _bought(name: str, task: str, seed: int) -> dict:
    """One family that learns all tasks, or one of them, and how it came about."""
    budget, curve = TWINS.get(task, BUDGET), []
    lead, batch = task in ("all", "draw"), RECIPES[name].batch

    def watch(step: int, model: torch.nn.Module) -> None:
        found = asked(Painter(model, name, lead=lead), WATCHED, DONE[task])
        curve.append({"step": step, "rows": step * batch, "asked": short(found)})

    edits = (0,) if task in ("draw", "tell") else [n for n in recipes.EDITS if n or task == "all"]
    model = trained(name, budget, seed, watch=watch, looks=LOOKS, task=task, edits=edits)
    for point in curve:
        point["budget_flops"] = budget * point["step"] / curve[-1]["step"]
    painter = Painter(model, name, lead=lead)
    found = {"model": f"{name}, {'all tasks' if task == 'all' else task + ' alone'}", "family": RECIPES[name].family}
    found |= {"task": task, "budget_flops": budget, "n": MADE, "curve": curve, "rows": curve[-1]["rows"]}
    found["asked"] = short(asked(painter, MADE, DONE[task]))
    if task in ("all", "edit"):
        found |= held(painter, talking.conversations(MADE), window=talking.TAUGHT)
    return found


def held(painter: Painter, talks, **how) -> dict:
    """A conversation on the model's own pictures: each turn's shares, and those by operation."""
    grades = talking.graded(painter, talks, talking.chain(painter, talks, **how))
    turns = []
    for right, kept, drift in zip(grades["right"], grades["kept"], grades["drift"]):
        known = {"kept": float(kept.mean()), "drift": float(drift.square().mean().sqrt()), "n": len(right)}
        turns.append(talking.grade.share(right, "right") | known)
    always = talking.grade.share(grades["right"].all(0), "right")
    operations = talking.by_operation(talks, grades["right"])
    return short({"turns": turns, "operations": operations, "all_turns": always | {"n": len(talks.texts)}})


# Dials and the window


def weights() -> Found:
    """The weight of the pictures' loss decides what is learned first: tokens three seeds, flow one (10 minutes)"""
    keys = [
        {"name": name, "weight": weight, "seed": seed}
        for name, (sweep, seeds, _) in WEIGHED.items()
        for seed in seeds
        for weight in sweep
    ]
    runs = rows("joint-weights", keys, _weighed, n=MADE, weighed=list(WEIGHED.values()))
    out = []
    for run in runs:
        for task, found in run["asked"].items():
            out += tidy([{**run, **found}], f"weight: {task}", ("right",))
    return Found({"n": MADE, "weighed": WEIGHED, "runs": runs}, out)


def _weighed(name: str, weight: float, seed: int) -> dict:
    *_, budget = WEIGHED[name]
    model = trained(name, budget, seed, dials={"weight": weight}, edits=(0,))
    about = {"model": f"{name}, weight {weight:g}", "family": RECIPES[name].family, "budget_flops": budget}
    return about | {"asked": short(asked(Painter(model, name), MADE, ("draw", "tell")))}


def windows() -> Found:
    """Windows of two turns cut anywhere, or so that no undo is first, and the turn after an undo (8 minutes)"""
    keys = [{"name": FAMILIES[0], "window": w, "seed": s} for s in SEEDS for w in WINDOW]
    runs = rows("joint-windows", keys, _windowed, n=MADE, flops=CUT)
    out = []
    for run in runs:
        for task, found in run["operations"].items():
            out += tidy([{**run, **found}], f"window: {task}", ("right",))
    return Found({"n": MADE, "budget": CUT, "windows": WINDOW, "runs": runs}, out)


def _windowed(name: str, window: str, seed: int) -> dict:
    """An editor that sees two turns, taught so, in conversations of six whose true pictures it is shown."""
    model = trained(name, CUT, seed, task="edit", edits=(2,), fresh=WINDOW[window])
    about = {"model": f"{name}, {window}", "family": RECIPES[name].family, "budget_flops": CUT}
    painter, talks = Painter(model, name, lead=False), talking.conversations(MADE, 6)
    return about | held(painter, talks, remedy="true", window=2)
