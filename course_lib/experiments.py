"""Comparisons that can be repeated: `course experiment NAME` runs one and rewrites `data/results/NAME.json`.

An experiment is a function that takes nothing and returns its metrics; whoever writes one registers it here.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from course_lib import data, runtime
from course_lib.data import files

EXPERIMENTS: dict[str, Callable[[], dict]] = {}
LOOK = 50  # steps from one look at what is learned to the next


def about(function: Callable) -> str:
    """The first line of a function's docstring."""
    return (function.__doc__ or function.__name__).strip().splitlines()[0]


def run(name: str) -> Path:
    """Repeat the comparison `name`; returns the result file that it rewrote. ValueError where there is no such one."""
    if name not in EXPERIMENTS:
        known = f"Choose one of {', '.join(sorted(EXPERIMENTS))}." if EXPERIMENTS else "None is there yet."
        raise ValueError(f"experiment {name!r} is not known. {known}")
    from course_lib.training import repeat  # only now: it loads every network

    start = time.perf_counter()
    metrics = EXPERIMENTS[name]()
    result = {
        "name": name,
        "about": about(EXPERIMENTS[name]),
        "code": repeat.code_version(),
        "hardware": repeat.hardware(),
        "seconds": round(time.perf_counter() - start),
        "metrics": metrics,
    }
    path = runtime.data_dir() / "results" / f"{name}.json"
    files.write(path, (json.dumps(result, indent=1) + "\n").encode())
    return path


def codecs() -> dict:
    """Bits a pixel of real codecs, and of counted neighbours, on all 10,000 test pictures at 256 and at 16 levels"""
    import PIL

    from course_lib import measure
    from course_lib.data.levels import to_levels
    from course_lib.methods.counting import Counts

    train, test = data.load("fashion").pixels, data.load("fashion", "test").pixels
    neighbours = {
        "2": [(0, -1), (-1, 0)],
        "3": [(0, -1), (-1, 0), (-1, -1)],
        "4": [(0, -1), (-1, 0), (-1, -1), (-1, 1)],
    }
    metrics = {"data": "fashion, test, one mosaic", "n": len(test), "pillow": PIL.__version__}
    for levels in (256, 16):
        seen, tokens = (to_levels(pixels, levels).to(torch.uint8) for pixels in (train, test))
        bits = measure.codec_bits(tokens)
        for name, offsets in neighbours.items():
            model = Counts(seen, offsets, levels, coarse=16)
            bits[f"{name} neighbours"] = measure.likelihood(model, tokens)["bits_per_dim"]
        metrics[f"levels_{levels}"] = {name: round(value, 4) for name, value in bits.items()}
    return metrics


EXPERIMENTS["codecs"] = codecs


def hero() -> dict:
    """The picture on the front page, drawn by the shipped models; also writes data/figures/hero.png"""
    from course_lib.show import hero

    return hero.save()


EXPERIMENTS["hero"] = hero


def emoji_mirrors(keep: Callable = lambda model: None) -> dict:
    """Emoji by style, subgroup and words, learned with flips and shifts and without: nats of seen and unseen ones"""
    from course_lib import training
    from course_lib.networks import Transformer, TransformerConfig
    from course_lib.training import inputs

    count = data.emoji.conditions_count()
    config = TransformerConfig(grid=(8, 8), inputs=1000, classes=count, context=10, width=96, depth=4)
    parts = {name: data.load("emoji", name) for name in data.emoji.SPLITS}
    clean = {name: inputs.encode(part, "tokenizer-emoji") for name, part in parts.items()}
    asked = {name: data.emoji.conditions(part) for name, part in parts.items()}
    some = torch.randperm(len(clean["train"]), generator=torch.Generator().manual_seed(0))[:160]
    shown = {name: (clean[name], asked[name]) for name in ("validation", "test")}
    shown["train"] = clean["train"][some], asked["train"][some]
    many = inputs.emoji_tokens(parts["train"]), inputs.emoji_labels(parts["train"])
    metrics: dict = {"every": LOOK, "batch": 32, "n": {name: len(x) for name, (x, _) in shown.items()}}
    for way, pairs in {"without": (clean["train"], asked["train"]), "with": many}.items():
        runtime.seed(0)
        rows: dict = {name: [] for name in shown}

        def look(run, rows=rows):
            if run.step % LOOK == 0:
                for name, (x, labels) in shown.items():
                    rows[name].append(round(_nats(run.ema, x, labels), 2))

        run = training.fit(
            Transformer(config),
            training.RECIPES["token-ar-emoji"].loss,
            training.Batches(*pairs, 32),
            steps=runtime.budget(cpu=600, gpu=600),
            lr=2e-3,
            muon=0.02,
            ema=0.98,
            callback=look,
        )
        keep(run.ema)
        metrics[way] = rows
    return metrics


EXPERIMENTS["emoji-mirrors"] = emoji_mirrors


def _nats(model, tokens: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean nats a picture, in half precision."""
    from course_lib.methods import autoregressive

    where = runtime.device()
    with runtime.autocast():
        parts = zip(tokens.split(50), labels.split(50))
        return float(torch.cat([autoregressive.nats(model, x.to(where), y.to(where)) for x, y in parts]).mean())


def _compare(name: str) -> Callable[[], dict]:
    """One of the long comparisons, imported when it is run: they load every network."""
    about = {
        "budget": "Fréchet distance over training budget, tokens against noise at equal operations (an hour)",
        "head-to-head": "quality, variety and cost of a picture for every shipped model, and the figure (half an hour)",
    }

    def compare() -> dict:
        from course_lib import comparisons

        return getattr(comparisons, name.replace("-", "_"))()

    compare.__doc__ = about[name]
    return compare


EXPERIMENTS |= {name: _compare(name) for name in ("budget", "head-to-head")}
