"""What flips and shifts are worth where pictures are few. Read in notebook 05."""

from collections.abc import Callable

import torch

from .. import data, runtime, training
from ..methods import autoregressive
from ..networks import Transformer, TransformerConfig
from ..training import inputs
from . import Found, provenance
from .rows import whole

LOOK = 100  # steps from one look at what is learned to the next


def emoji_mirrors(keep: Callable = lambda model: None) -> Found:
    """Emoji by style, subgroup and words, learned with flips and shifts and without: nats of seen and unseen ones"""
    count = data.emoji.conditions_count()
    config = TransformerConfig(grid=(8, 8), tokens=1000, classes=count, context=10, width=96, depth=4)
    parts = {name: data.load("emoji", name) for name in data.emoji.SPLITS}
    clean = {name: inputs.encode(part.floats(), "tokenizer-emoji") for name, part in parts.items()}
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
            steps=runtime.budget(cpu=1600, gpu=1600),
            lr=2e-3,
            muon=0.02,
            ema=0.98,
            callback=look,
        )
        whole(run)
        keep(run.ema)
        metrics[way] = rows
    n = metrics["n"]["test"]
    ends = [{"model": f"{way} mirrors", "nats": min(metrics[way]["test"]), "n": n} for way in ("with", "without")]
    return Found(metrics, provenance.tidy(ends, "unseen emoji", ("nats",), family="autoregressive", seed=0))


def _nats(model, tokens: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean nats a picture, in half precision."""
    where = runtime.device()
    with runtime.autocast():
        parts = zip(tokens.split(50), labels.split(50))
        return float(torch.cat([autoregressive.nats(model, x.to(where), y.to(where)) for x, y in parts]).mean())
