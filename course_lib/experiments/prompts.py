"""Who follows instructions, and what it costs in variety: all families on the same captions. Read in notebook 13."""

import torch

from ..data import captions, scenes
from ..measure import grade
from ..training import RECIPES, checkpoints
from . import Found
from .obeying import FAMILIES, detailed, drawn, graded, measured, prompts, short, single_ids, together, trained
from .provenance import tidy
from .rows import rows

TERA = 1e12
BUDGETS, SEEDS = (4 * TERA, 8 * TERA, 16 * TERA), (0, 1, 2)
TASKS = ("full", "no-positions", "open", "relation", "count", "pairs", "three", "chain")
MADE, MANY, PRICED, WATCHED, LOOKS = 100, 300, 400, 60, 12
LAW = ("place_variation", "excess", "bound_excess")
FEW = ("fits", "abstained", *LAW)  # one a row, of many runs; all marks stand in `asked`
MARKS = ("fits", "abstained", "clean", *grade.MARKS, *LAW)
FULL = {"full": 0.9, "null": 0.1}
TOKENIZED, DETAILED, READ = 16 * TERA, 12 * TERA, 8 * TERA  # at 8 one id a patch, and noise, are near 0
SCALES, SHIFTS, GUIDANCE = (0.5, 0.02), (4.0, 1.0), (1.0, 1.5, 2.0, 3.0)
CORNERS = [(0.5, 4.0), (0.02, 4.0), (0.5, 1.0)]  # of noise: one detail is changed at a time
SHIPPED = (*FAMILIES, "few-step-scenes")  # those of them that have a checkpoint
REPEATED, TIMES = 10, 30  # captions, and pictures of each, whose distinct scenes are counted


def _tidy(runs: list[dict], metrics: tuple[str, ...] = FEW) -> list[dict]:
    """One row a number: every task and every way to draw of every run."""
    out = []
    for run in runs:
        for way, tasks in {"": run["asked"], **run.get("ways", {})}.items():
            model = f"{run['model']}, {way}" if way else run["model"]
            for task, found in tasks.items():
                out += tidy([{**run, **found, "model": model}], f"captions: {task}", metrics)
    return out


def budgets() -> Found:
    """What three families obey at three small budgets of training, three seeds each, and one run of each on the way"""
    keys = [{"name": name, "budget_flops": b, "seed": s} for b in BUDGETS for s in SEEDS for name in FAMILIES]
    runs = rows("prompts", keys, _bought, n=MADE, priced=PRICED, tasks=TASKS)
    return Found({"n": MADE, "tasks": TASKS, "budgets": BUDGETS, "runs": runs}, _tidy(runs))


def _bought(name: str, budget_flops: float, seed: int) -> dict:
    """One family at one budget; of the first seed at the largest also how it came about."""
    curve: list[dict] = []

    def watch(step: int, model: torch.nn.Module) -> None:
        found = {"step": step, "pictures": step * RECIPES[name].batch, "n": WATCHED}
        for task in ("full", "no-positions"):
            pixels = drawn(RECIPES[name], model, prompts(task, WATCHED)[2])
            found[task] = grade.share(grade.marks(pixels, prompts(task, WATCHED)[2])["fits"])
        curve.append(short(found))

    watched = seed == 0 and budget_flops == max(BUDGETS)
    model = trained(name, budget_flops, seed, watch=watch if watched else None, looks=LOOKS)
    about = {"model": name, "family": RECIPES[name].family, "n": MADE, "curve": curve}
    return about | measured(name, model, MADE, TASKS, priced=PRICED)


def shipped() -> Found:
    """What the shipped models of scenes obey, each also drawn in its other ways; one training seed"""
    names = [name for name in SHIPPED if checkpoints.path_of(name).exists()]
    runs = rows("prompts-shipped", [{"name": name} for name in names], _known, n=MANY, priced=PRICED, tasks=TASKS)
    return Found({"n": MANY, "tasks": (*TASKS, "null"), "runs": runs}, _tidy(runs, MARKS))


def _flops(name: str) -> float:
    """Operations of training of a shipped model, its teacher's too."""
    header = checkpoints.header(name)
    return header["train_flops"] + sum(header.get("uses", {}).values())


def _known(name: str) -> dict:
    about = {"model": name, "family": RECIPES[name].family, "n": MANY, "budget_flops": _flops(name)}
    return about | measured(name, checkpoints.load(name), MANY, (*TASKS, "null"), priced=PRICED)


def tokenizers() -> Found:
    """Unseen pairs of shape and colour: one id a patch beside composed factors; full captions, three seeds"""
    keys = [{"name": "token-ar-scenes", "single": one, "seed": s} for s in SEEDS for one in (True, False)]
    runs = rows("prompts-tokenizer", keys, _tokenized, n=MADE, flops=TOKENIZED, mix=FULL)
    return Found({"n": MADE, "budget": TOKENIZED, "ids": len(scenes.BOOK), "runs": runs}, _tidy(runs))


def _tokenized(name: str, single: bool, seed: int) -> dict:
    recipe = single_ids(name) if single else RECIPES[name]
    model = trained(name, TOKENIZED, seed, recipe=recipe, mix=FULL)
    about = {"model": f"{name}, one id a patch" if single else name, "family": recipe.family, "n": MADE}
    about |= {"budget_flops": TOKENIZED, "parameters": sum(p.numel() for p in model.parameters())}
    return about | measured(name, model, MADE, ("full", "pairs"), recipe=recipe)


def guidance() -> Found:
    """Guidance on captions, every family alike: how often it is right, and how many scenes of the law are left"""
    names = [name for name in FAMILIES if checkpoints.path_of(name).exists()]
    runs = rows("prompts-guidance", [{"name": n, "w": w} for n in names for w in GUIDANCE], _led, n=REPEATED * TIMES)
    out = []
    for run in runs:
        for task, found in run["asked"].items():
            out += tidy([{**run, **found}], f"captions: {task}, w = {run['w']:g}", (*FEW, "distinct"))
    return Found({"n": REPEATED * TIMES, "captions": REPEATED, "scales": GUIDANCE, "runs": runs}, out)


def _led(name: str, w: float) -> dict:
    recipe, model = RECIPES[name], checkpoints.load(name)
    full = graded(drawn(recipe, model, prompts("full", MADE)[2], guidance=w), "full")
    about = {"model": name, "family": recipe.family, "budget_flops": _flops(name), "guidance": w, "n": MADE}
    cells, ground, _ = prompts("no-positions", 100)
    ordered = cells.sort(1).values  # two objects, unlike each other: 9 · 8 placements
    two = ((cells > 0).sum(1) == 2) & (ordered[:, -1] != ordered[:, -2])
    two = two.nonzero().flatten()[:REPEATED]
    texts = captions.caption(cells[two], ground[two], "no-positions", torch.Generator().manual_seed(1))
    texts = [text for text in texts for _ in range(TIMES)]
    pixels = drawn(recipe, model, texts, seed=1, guidance=w)
    return about | {"asked": short({"full": full, "no-positions": _varied(pixels, texts)})}


def _varied(pixels: torch.Tensor, texts: list[str]) -> dict:
    """Marks, the law of the places, and `distinct`: scenes that differ, as a share of what the exact law would give."""
    hits, made = grade.marks(pixels, texts)["fits"], scenes.parse(pixels)[0]
    found, ways = {**grade.report(pixels, texts), "n": len(texts)}, 9 * 8
    if not hits.any():
        return found
    placed = grade.place_variation(made[hits], torch.Generator().manual_seed(0))
    seen = [(made[i : i + TIMES][hits[i : i + TIMES]]) for i in range(0, len(texts), TIMES)]
    distinct = sum(len(part.unique(dim=0)) for part in seen if len(part))
    expected = sum(ways * (1 - (1 - 1 / ways) ** len(part)) for part in seen)
    found |= {"place_variation": placed["variation"], "place_floor": placed["floor"], "place_n": placed["n"]}
    return found | {"distinct": distinct / expected}


def details() -> Found:
    """Invisible details: how large embeddings start, and where times are looked at; full captions, three seeds"""
    noise = [("dit-scenes", scale, shift) for scale, shift in CORNERS]
    tokens = [("token-ar-scenes", scale, 1.0) for scale in SCALES]
    keys = [{"name": n, "scale": a, "shift": b, "seed": s} for s in SEEDS for n, a, b in noise + tokens]
    runs = rows("prompts-details", keys, _detail, n=MADE, flops=DETAILED, mix=FULL)
    fixed = {"n": MADE, "budget": DETAILED, "scales": SCALES, "shifts": SHIFTS, "corners": CORNERS}
    return Found({**fixed, "runs": runs}, _tidy(runs))


def reading() -> Found:
    """How words are read: in turn, as they ship, or all at once; masked tokens, captions of all forms, three seeds"""
    keys = [{"name": "masked-scenes", "in_turn": turn, "seed": s} for s in SEEDS for turn in (True, False)]
    runs = rows("prompts-reading", keys, _reading, n=MADE, flops=READ)
    return Found({"n": MADE, "budget": READ, "runs": runs}, _tidy(runs))


def _reading(name: str, in_turn: bool, seed: int) -> dict:
    """A model that reads its words in turn, as it ships, or all at once; captions of all forms."""
    recipe = RECIPES[name] if in_turn else together(name)
    model = trained(name, READ, seed, recipe=recipe)
    about = {"model": f"{name}, words {'in turn' if in_turn else 'together'}", "family": recipe.family}
    about |= {"budget_flops": READ, "n": MADE}
    return about | measured(name, model, MADE, ("full", "no-positions"), recipe=recipe)


def _detail(name: str, scale: float, shift: float, seed: int) -> dict:
    recipe = detailed(name, scale, shift)
    model = trained(name, DETAILED, seed, recipe=recipe, mix=FULL)
    said = f"{name}, scale {scale:g}" + (f", shift {shift:g}" if recipe.family == "noise" else "")
    about = {"model": said, "family": recipe.family, "budget_flops": DETAILED, "n": MADE}
    return about | measured(name, model, MADE, ("full", "null"), recipe=recipe)
