"""A likelihood for noise, on the ruler of notebook 01. Read in notebook 10."""

import math

import torch

from .. import data, runtime, training
from ..measure import bits_per_dim, mean_and_interval
from ..methods import diffusion, flow
from . import Found, provenance


def _bits(nats: list[torch.Tensor], more: float = 0.0) -> dict:
    """Mean bits a pixel of garments that cost `nats` each, with a 95 % interval over pictures."""
    each = bits_per_dim(torch.cat(nats).double(), 784) + more
    return mean_and_interval(each, "bits_per_dim") | {"n": len(each)}


def noise_likelihood() -> Found:
    """Bits a pixel of dit-fashion by class on test pictures: the bound at two ends, and the density of its walk"""
    model, where, ends, chunk = training.load("dit-fashion"), runtime.device(), (7.0, 8.0, 9.0, 10.0, 11.0), 50
    generator = torch.Generator().manual_seed(0)

    def bound(pictures: data.Pictures, end: float, draws: int) -> dict:
        parts = zip(pictures.floats().to(where).split(chunk), pictures.labels.to(where).split(chunk), strict=True)
        dials = {"draws": draws, "levels": 256, "log_snr": (-10.0, end), "generator": generator}
        nats = [diffusion.bound(flow.denoiser(model, labels), x, **dials).cpu() for x, labels in parts]
        return {"end": end, "draws": draws, **_bits(nats)}

    def walk(pictures: data.Pictures, steps: int) -> dict:
        nats, generator = [], torch.Generator().manual_seed(1)  # the same noise, however many steps
        for x, labels in zip(pictures.floats().split(chunk), pictures.labels.to(where).split(chunk), strict=True):
            within = (torch.rand(x.shape, generator=generator) - 0.5) / 127.5  # a grey is an interval so wide

            def slowed(x, s, labels=labels):  # t = s² takes small steps near the data
                return 2 * s * model(x, torch.full((len(x),), s * s, device=where), labels)

            nats.append(flow.nats(slowed, (x + within).to(where), steps=steps, generator=generator).cpu())
        return {"steps": steps, "probes": 1, **_bits(nats, math.log2(127.5))}

    validation, test = data.load("fashion", "validation"), data.load("fashion", "test")
    tried = [bound(validation[:50], end, 6) for end in ends]
    best = min(tried, key=lambda row: row["bits_per_dim"])["end"]
    metrics = {
        "model": "dit-fashion",
        "data": "fashion, test, the first n pictures, by class",
        "bound": bound(test[:500], ends[-1], 6),
        "bound_chosen_end": bound(test[:500], best, 6),
        "validation": {f"{row['end']:g}": row for row in tried},
        "ode": walk(test[:100], 25),
        "ode_same_steps": walk(test[:10], 25),
        "ode_more_steps": walk(test[:10], 50),
    }
    rows = [{"model": f"dit-fashion, {way}", **metrics[way]} for way in ("bound_chosen_end", "ode")]
    return Found(metrics, provenance.tidy(rows, "likelihood", ("bits_per_dim",), family="noise", seed=0))
