"""Comparisons that can be repeated: `course experiment NAME` runs one and rewrites `data/results/NAME.json`.

An experiment is a function that takes nothing and returns what it `Found`. Each file of this folder holds those of one
notebook; whoever writes one registers it here. They are imported when they are run: they load every network.
`course train NAME` repeats a recipe: `repeat` trains, `models` measures.
"""

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple


class Found(NamedTuple):
    """What an experiment gives back: what its notebook reads, and the same numbers one a row (`provenance.tidy`)."""

    metrics: dict
    rows: list[dict] = []


def _later(module: str, function: str, says: str) -> Callable[[], Found]:
    """An experiment that is imported when it is run."""

    def work() -> Found:
        found = getattr(import_module(module, __package__), function)()
        return found if isinstance(found, Found) else Found(found)

    work.__doc__ = says
    return work


EXPERIMENTS: dict[str, Callable[[], Found]] = {
    "codecs": _later(".codecs", "codecs", "bits a pixel of real codecs and of counted neighbours, 256 and 16 levels"),
    "scene-parser": _later(".scene_parser", "scene_parser", "what the parser of scenes bears (a minute)"),
    "hero": _later("..show.hero", "save", "the picture on the front page, drawn by the shipped models"),
    "emoji-mirrors": _later(".mirrors", "emoji_mirrors", "emoji learned with flips and shifts, and without: nats"),
    "any-order": _later(".any_order", "compare", "masked against next-token on the same tokens (12 minutes)"),
    "noise-likelihood": _later(".noise_likelihood", "noise_likelihood", "bits a pixel of a model of noise"),
    "patches": _later(".denoising", "patches", "patches of 2, 4 and 7 pixels, and two invisible details (6 minutes)"),
    "guidance": _later(".denoising", "guidance", "guidance scale and interval of dit-fashion (3 minutes)"),
    "budget": _later(".comparisons", "budget", "tokens against noise over training budgets (83 minutes of one core)"),
    "data-sizes": _later(".comparisons", "data_sizes", "tokens against noise on few pictures and many (35 minutes)"),
    "prompts": _later(".prompts", "budgets", "captions obeyed by three families, over budgets and seeds (47 minutes)"),
    "prompts-shipped": _later(".prompts", "shipped", "captions that the shipped models obey (3 minutes)"),
    "prompts-tokenizer": _later(".prompts", "tokenizers", "unseen pairs, one id a patch or factors (25 minutes)"),
    "prompts-guidance": _later(".prompts", "guidance", "guidance on captions: accuracy against variety (4 minutes)"),
    "prompts-details": _later(".prompts", "details", "scale of embeddings, shift of times (35 minutes)"),
    "prompts-reading": _later(".prompts", "reading", "words read in turn or together (10 minutes)"),
    "style": _later(".style", "style", "emoji in two hands: tokens against noise by style and group (15 minutes)"),
    "edits": _later(
        ".edits", "compare", "holes, strengths and precise edits, eight ways, beside the exact law (20 minutes)"
    ),
    "edits-seeds": _later(".edits", "seeds", "who fills holes, by order and training, three seeds each (20 minutes)"),
    "device": _later(".device", "device", "how fast this device trains and draws every kind of model (2 minutes)"),
    "words": _later(".words", "words", "spelling by conditioning, tokenizer and family, posters (45 minutes)"),
    "words-recipe": _later(".words_recipe", "words_recipe", "an old recipe of noise beside today's (10 minutes)"),
    "words-ocr": _later(".words_ocr", "words_ocr", "signs of the shipped models read by an OCR engine (2 minutes)"),
    "joint": _later(".joint", "budgets", "one transformer for all tasks and for each, budgets and seeds (40 minutes)"),
    "joint-weights": _later(".joint", "weights", "the weight of the pictures' loss: who learns first (10 minutes)"),
    "joint-windows": _later(".joint", "windows", "windows cut anywhere, or no undo first; after an undo (8 minutes)"),
    "joint-shipped": _later(
        ".joint_shipped", "shipped", "tasks, conversations and remedies of shipped models (15 minutes)"
    ),
    "bridges-oracle": _later(".bridges", "oracle", "blocks of the exact law of scenes: bits, passes (3 minutes)"),
    "bridges": _later(".bridges", "curve", "shipped block models: bits, distance, time (15 minutes)"),
    "bridges-heads": _later(".bridges_heads", "heads", "softmax, flow head, plain flow, a time a place (40 minutes)"),
    "bridges-blend": _later(".bridges_heads", "blend", "backbone, space, target, condition: 16 blends (30 minutes)"),
    "second-ruler": _later(".second_ruler", "second_ruler", "shipped garments by a ruler of photographs (8 minutes)"),
    "few-steps": _later(".few_steps", "few_steps", "students by what they learn from, over their training (an hour)"),
    "large": _later(".large", "large", "what pictures of 36 to 784 tokens cost each family (25 minutes)"),
    "head-to-head": _later(".comparisons", "head_to_head", "quality and cost of every shipped model (3 minutes)"),
}


def about(function: Callable) -> str:
    """The first line of a function's docstring."""
    return (function.__doc__ or function.__name__).strip().splitlines()[0]


def run(name: str) -> Path:
    """Repeat the comparison `name`; returns the result file that it rewrote. ValueError where there is no such one."""
    if name not in EXPERIMENTS:
        known = f"Choose one of {', '.join(sorted(EXPERIMENTS))}." if EXPERIMENTS else "None is there yet."
        raise ValueError(f"experiment {name!r} is not known. {known}")
    from ..data import results  # only now: it loads PyTorch
    from . import lock, provenance
    from .rows import folder, forget, made

    with lock.alone(folder(name), f"the experiment {name}"):
        start, found = time.perf_counter(), EXPERIMENTS[name]()
        rows, metrics = made(found.metrics), found.metrics
        made_by = provenance.made_by(rows)
        result = {
            "name": name,
            "about": about(EXPERIMENTS[name]),
            **made_by,
            "seconds": round(sum(row["seconds"] for row in rows) if rows else time.perf_counter() - start),
            "metrics": metrics,
            "rows": [{"experiment": name, **made_by, **row} for row in found.rows],
        }
        path = results.write(name, result)
        forget(name)
    return path
