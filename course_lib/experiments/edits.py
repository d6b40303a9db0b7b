"""Who can change a part and leave the rest alone? Holes, strengths and precise edits, as read in notebook 14.

Scenes have an exact law whatever is hidden, so that mistakes and bias are counted; garments are measured by the ruler.
In `compare` families are shipped models, trained once, and only what is trained with masks has three seeds; in `seeds`
all have.
"""

from dataclasses import replace
from functools import lru_cache, partial

import torch

from .. import data, runtime
from ..data import captions, scenes
from ..measure import cost, frechet, grade
from ..methods import editing
from ..training import RECIPES, checkpoints, draw, fit
from . import Found, provenance, repeat
from .filling import METHODS, Filled, fill, kept_error, seam
from .holes import HOLES, LAW, judged, keeping, pictures, seen
from .rows import folder, rows, whole

N, SEEDS = 200, (0, 1, 2)  # pictures of a cell, trainings
FLOPS, BASE, MORE = 12e12, 12e12, 3e12  # of training with masks after a shipped model; of a base, and after it
R, C = torch.arange(49) // 7, torch.arange(49) % 7
FRAMES = {"lower part": R > 2, "upper part": R < 4, "centre": (R - 3).abs().maximum((C - 3).abs()) < 2}
FRAMES |= {"frame": (R % 6 == 0) | (C % 6 == 0)}
LEARNED = "trained with masks"
SOME = ("raster", "twelve passes", "replaced", "re-noised", LEARNED)  # where not all ways are needed
STRENGTHS = (0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
KNOBS = {"noise": "dit-scenes", "masked": "masked-scenes", "autoregressive": "token-ar-scenes"}


def compare() -> Found:
    """Holes, strengths and precise edits on scenes and garments, eight ways, beside the exact law (20 minutes)"""
    ways = [(way, seed) for way in METHODS for seed in (SEEDS if way == LEARNED else (0,))]
    holes = [(hole, form) for form in ("null", "no-positions") for hole in list(HOLES)[: 5 if form == "null" else 2]]
    keys = [{"hole": h, "form": f, "way": w, "seed": s} for h, f in holes for w, s in [*ways, ("exact", 0)]]
    keys = [key for key in keys if (key["form"], key["way"]) != ("no-positions", "exact")]
    knobs = [{"family": family, "strength": share} for family in KNOBS for share in STRENGTHS]
    some = [(way, seed) for way, seed in ways if way in SOME]
    precise = [{"form": form, "way": way, "seed": seed} for form in ("full", "no-positions") for way, seed in some]
    precise += [{"form": form, "way": "drawn anew", "seed": 0} for form in ("full", "no-positions")]
    garments = [{"hole": hole, "way": way} for hole in FRAMES for way in SOME]
    tries = [{"jumps": jumps} for jumps in (1, 2, 4, 8, 16)]
    plans = {"holes": (filled, keys), "tries": (tried, tries), "knobs": (varied, knobs), "precise": (changed, precise)}
    plans |= {"garments": (mended, garments), "costs": (price, [{"way": way} for way in METHODS])}
    fixed = {"n": N, "flops": FLOPS}
    found = {part: rows("edits", keys, make, part=part, **fixed) for part, (make, keys) in plans.items()}
    tidy = []
    for part, metrics in NUMBERS.items():
        tidy += provenance.tidy(found[part], part, metrics)
    return Found(fixed | found, tidy)


NUMBERS = {
    "holes": ("in_support", "count_variation", "kind_variation", "kept_error", "seam", "passes"),
    "tries": ("in_support", "count_variation"),
    "knobs": ("in_support", "same"),
    "precise": ("exact", "rest"),
    "garments": ("frechet_relative", "agreement", "kept_error", "seam"),
    "costs": ("seconds_alone", "seconds_batch"),
}


def seeds() -> Found:
    """Who fills holes in scenes, by order and training: every family at equal budgets and three seeds (20 minutes)"""
    keys = [{"stem": stem, "seed": seed, "hole": hole} for seed in SEEDS for stem in STEMS for hole in SIDES]
    keys = [{**key, "way": way} for key in keys for way in METHODS if METHODS[way][0] == key["stem"]]
    found = rows("edits-seeds", keys, _seeded, n=N, flops=[BASE, MORE])
    return Found({"n": N, "base": BASE, "more": MORE, "rows": found}, provenance.tidy(found, "holes", NUMBERS["holes"]))


STEMS, SIDES = ("token-ar", "masked", "dit", "inpaint"), ("top half", "bottom half")


def _seeded(stem: str, seed: int, hole: str, way: str) -> dict:
    real, keep = pictures("null", N), keeping(hole, N)
    row = judged(fill(METHODS[way], "scenes", real, keep, seed, based(stem, seed)), real, keep)
    flops = BASE + MORE if stem in CONTINUED else BASE
    return {"family": RECIPES[f"{stem}-scenes"].family, "model": stem, "budget_flops": flops, **row}


CONTINUED = {"inpaint": "dit"}


@lru_cache(maxsize=2)
def based(stem: str, seed: int):
    """The model `stem` of a seed at the smaller budget, or what goes on from another such."""
    start = based(CONTINUED[stem], seed) if stem in CONTINUED else None
    return _fitted(f"{stem}-scenes", seed, MORE if start else BASE, "edits-seeds", start)


@lru_cache(maxsize=3)
def trained(seed: int):
    """The shipped model of noise trained on with masks, with a seed; what was trained before is read again."""
    return _fitted("inpaint-scenes", seed, FLOPS, "edits", checkpoints.load("dit-scenes"))


def _fitted(name: str, seed: int, flops: float, experiment: str, start=None):
    recipe = RECIPES[name]
    runtime.seed(seed)
    model = recipe.build()
    if start is not None:
        model.load_state_dict(start.state_dict())
    steps = max(1, round(flops / (repeat.flops_per_picture(name, model) * recipe.batch)))
    dials = {"steps": steps, "lr": recipe.lr, "muon": recipe.muon, "ema": max(0.98, min(recipe.ema, 1 - 5 / steps))}
    path = folder(experiment) / f"{name}-{seed}-{steps}.safetensors"
    batches = recipe.batches(seed=seed)
    return whole(fit(model, recipe.loss, batches, **dials, seed=seed, checkpoint=path, progress=False)).ema


def about(way: str) -> dict:
    """Family, model and operations of training of a way to fill, with those of what it goes on from."""
    if way not in METHODS:
        return {"family": "exact", "model": "oracle"}
    name = f"{METHODS[way][0]}-scenes"
    flops = checkpoints.header("dit-scenes" if way == LEARNED else name)["train_flops"]
    return {"family": RECIPES[name].family, "model": name, "budget_flops": flops + FLOPS * (way == LEARNED)}


def model_of(way: str, seed: int):
    """None for a shipped model, or the one that was trained with masks with this seed."""
    return trained(seed) if way == LEARNED else None


def filled(hole: str, form: str, way: str, seed: int) -> dict:
    """One way to fill one hole in scenes: in support, distance from the exact law, what is kept, seams, passes."""
    real, keep = pictures(form, N), keeping(hole, N)
    if way in METHODS:
        made = fill(METHODS[way], "scenes", real, keep, seed, model_of(way, seed))
    else:
        cells, ground = LAW().sample(seen(real, keep), torch.Generator().manual_seed(1))
        made = Filled(*[scenes.render(cells, ground)] * 2, 0)
    return about(way) | judged(made, real, keep, form)


def tried(jumps: int) -> dict:
    """Re-noising at 32 passes in all: few steps with many tries, or many steps with few. Hole: the top half."""
    real, keep = pictures("null", N), keeping("top half", N)
    way = "dit", lambda known, n, g: {"solver": editing.repaint(known, jumps, g), "steps": 32 // jumps}
    return about("re-noised") | judged(fill(way, "scenes", real, keep), real, keep)


def varied(family: str, strength: float) -> dict:
    """Scenes varied by one of three knobs: noise, hidden tokens, a shorter beginning; lawful, and what stayed."""
    name, real, generator = KNOBS[family], pictures("null", N), torch.Generator().manual_seed(0)
    recipe, model, hidden = RECIPES[name], checkpoints.load(name), round(36 * strength)
    x, labels = recipe.reads.encode(real), recipe.labels(real)
    if family == "noise":
        dials = {"strength": strength, "generator": generator, **recipe.dials}
        made = recipe.reads.decode(editing.sdedit(model, x, labels, **dials))
    else:
        rank = torch.rand(N, 36, generator=generator) if family == "masked" else -torch.arange(36.0).expand(N, -1)
        keep = rank.argsort(1).argsort(1) >= hidden
        dials = {"steps": min(12, hidden)} if family == "masked" else {}
        known = x.view(N, 6, 6), keep.view(N, 6, 6)
        made = draw(name, labels, model, known=known, generator=generator, **dials)
    cells, _, _ = scenes.parse(made)
    old = real.extra["cells"]
    row = {"family": family, "model": name, "budget_flops": checkpoints.header(name)["train_flops"], "n": N}
    row |= grade.share(grade.marks(made, real.captions)["fits"], "in_support")
    return row | grade.share((cells == old)[old > 0], "same")


def wishes(form: str, n: int) -> tuple:
    """Scenes in which one object shall change its shape, colour or size: pictures whose captions say so, the cells that
    are wanted, and what is kept, all but the object's cell."""
    real, generator = pictures("null", n), torch.Generator().manual_seed(3)
    old, ground, done = real.extra["cells"], real.extra["ground"], []
    for row in old.tolist():
        full = [i for i, kind in enumerate(row) if kind]
        i = full[int(torch.randint(len(full), (), generator=generator))]
        near = (scenes.ATTRIBUTES == scenes.ATTRIBUTES[row[i]]).sum(1) == 2
        near = (near & ~scenes.HELD).nonzero().flatten()
        done.append((i, int(near[torch.randint(len(near), (), generator=generator)])))
    cell, kind = torch.tensor(done).unbind(1)
    new = old.scatter(1, cell[:, None], kind[:, None])
    keep = torch.ones(n, 36, dtype=torch.bool).scatter(1, LAW().order[cell], False)
    return replace(real, captions=captions.caption(new, ground, form, generator)), new, keep


def changed(form: str, way: str, seed: int) -> dict:
    """A precise edit in one way: is the scene exactly the one asked for, and are all other cells as they were?"""
    real, new, keep = wishes(form, N)
    if way in METHODS:
        made = fill(METHODS[way], "scenes", real, keep, seed, model_of(way, seed)).pixels
    else:
        made = draw(
            "token-ar-scenes", RECIPES["token-ar-scenes"].labels(real), generator=torch.Generator().manual_seed(0)
        )
    cells, ground, sure = scenes.parse(made)
    rest = ((cells == new) | (new != real.extra["cells"])).all(1) & (ground == real.extra["ground"]) & sure
    row = about(way if way in METHODS else "raster") | {"n": N} | grade.share(rest, "rest")
    return row | grade.share(grade.exact(made, new, real.extra["ground"]), "exact")


def mended(hole: str, way: str) -> dict:
    """One way to fill one hole in test garments, by their classes, by the ruler of the course."""
    test, keep = data.load("fashion", "test")[:N], ~FRAMES[hole].expand(N, -1)
    made = fill(METHODS[way], "fashion", test, keep)
    name = f"{METHODS[way][0]}-fashion"
    row = {"family": RECIPES[name].family, "model": name, "n": N, "passes": made.passes}
    row |= {"budget_flops": checkpoints.header(name)["train_flops"], **frechet.report(made.pixels, test.labels)}
    row["kept_error"] = kept_error(made, test.pixels, keep)
    return row | {"seam": seam(made.pixels, keep) - seam(test.pixels, keep)}


def price(way: str) -> dict:
    """Processor seconds of a picture with its top half filled in, alone and in a batch of 32."""
    row, model = about(way), model_of(way, 0)
    for name, n in (("alone", 1), ("batch", 32)):
        work = partial(fill, METHODS[way], "scenes", pictures("null", n), keeping("top half", n), 0, model, n)
        row[f"seconds_{name}"] = cost.cpu_seconds(work) / n
    return row
