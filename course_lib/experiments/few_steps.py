"""What decides how well a student jumps: what it learns from, and how fast its critic learns. Notebook 12."""

from dataclasses import replace

import torch
from torch import Tensor

from .. import data, runtime
from ..measure import frechet
from ..methods import few_step
from ..networks import Judged
from ..training import RECIPES, Batches, draw, in_parts, losses, make
from . import Found, provenance, repeat
from .averaged import averaged
from .rows import rows

NAME, FLOPS, DRAWN, STEPS, LOOKS, SEEDS = "one-step-fashion", 40e12, 2000, (1, 2), 4, (0, 1)


def matching(model: Judged, batch: tuple[Tensor, Tensor], *, generator=None) -> Tensor:
    """Distribution matching alone: nothing says where one noise's path ends."""
    there = losses.shipped(losses.TEACHER).to(batch[0].device)
    dials = {"teacher": there, "guidance": losses.TEACHER_GUIDANCE, "generator": generator}
    return few_step.matching_loss(model.student, batch, critic=model.critic, **dials)


LESSONS = {  # a student's loss, how many times faster its critic learns, forward passes a picture, rate of learning
    "halves": (losses.shortcut, 0, 5.0, 1.0),
    "halves, half the rate": (losses.shortcut, 0, 5.0, 0.5),
    "both": (losses.matched, 20, 14.5, 1.0),
    "both, a slow critic": (losses.matched, 1, 14.5, 1.0),
    "matching": (matching, 20, 9.5, 1.0),
}


def few_steps() -> Found:
    """A student's distance in one step and two by what it learns from, at equal operations; two seeds (an hour)"""
    keys = [{"lessons": name, "seed": seed} for seed in SEEDS for name in LESSONS]
    fixed = {"budget_flops": FLOPS, "frechet_n": DRAWN, "looks": LOOKS}
    runs = rows("few-steps", keys, _taught, **fixed)
    (teacher,) = rows("few-steps", [{"name": losses.TEACHER}], _teacher, part="teacher", frechet_n=DRAWN)
    return Found(fixed | {"runs": runs, "teacher": teacher}, _tidy(runs))


def _tidy(runs: list[dict]) -> list[dict]:
    """The end of each training, one a row."""
    metrics = [f"frechet_relative_{n}" for n in STEPS]
    ends = [run | dict(zip(metrics, run["curve"][-1]["frechet_relative"])) for run in runs]
    return provenance.tidy(ends, "class", tuple(metrics), family="noise")


def _taught(lessons: str, seed: int) -> dict:
    """A student taught so, and how far its pictures are in few steps, at each quarter of its training."""
    loss, pace, calls, rate = LESSONS[lessons]
    recipe, curve = RECIPES[NAME], []
    recipe = replace(recipe, loss=loss, lr=rate * recipe.lr, muon=rate * recipe.muon)
    step = recipe.batch * calls * repeat.flops_per_picture(losses.TEACHER) / 3
    steps = round(FLOPS / step)

    def look(done: int, average: torch.nn.Module) -> None:
        student = getattr(average, "student", average)
        marks = [frechet.report(*_drawn(student, n)) for n in STEPS]
        curve.append({"flops": done * step} | {k: [m[k] for m in marks] for k in ("frechet_relative", "recall")})

    pictures = data.load("fashion", full=True)
    runtime.seed(seed)
    student = recipe.build()
    recipe.start(student, pictures.pixels)
    model = Judged(student, recipe.critic(), pace) if pace else student
    batches = Batches(recipe.reads.encode(pictures), recipe.labels(pictures), recipe.batch, seed)
    averaged(recipe, model, batches, steps, seed, least=0.99, watch=look, looks=LOOKS)
    about = {"name": NAME, "model": "transformer on patches", "n": DRAWN, "budget_flops": FLOPS}
    return about | {"training_steps": steps, "pictures": len(pictures), "curve": curve}


def _drawn(student: torch.nn.Module, steps: int) -> tuple[Tensor, Tensor]:
    labels, dials = torch.arange(DRAWN) % 10, {"steps": steps, "generator": torch.Generator().manual_seed(0)}
    return in_parts(lambda part: draw(NAME, part, student, **dials), labels, size=100), labels


def _teacher(name: str) -> dict:
    """The teacher, guided as in its lessons, in as many steps as the shortest jump has."""
    dials = {"guidance": losses.TEACHER_GUIDANCE, "steps": 16}
    return dials | frechet.report(*make(name, DRAWN, **dials))
