"""Comparisons that can be repeated: `course experiment NAME` runs one and rewrites `data/results/NAME.json`.

An experiment is a function that takes nothing and returns its metrics; whoever writes one registers it here.
"""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch

from course_lib import data, runtime
from course_lib.data import files

EXPERIMENTS: dict[str, Callable[[], dict]] = {}


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


def _bits(nats: list[torch.Tensor], more: float = 0.0) -> dict:
    """Mean bits a pixel of garments that cost `nats` each, with a 95 % interval over pictures."""
    each = torch.cat(nats).double() / (784 * math.log(2)) + more
    mean, half = float(each.mean()), 1.96 * float(each.std()) / math.sqrt(len(each))
    return {"bits_per_dim": mean, "bits_per_dim_low": mean - half, "bits_per_dim_high": mean + half, "n": len(each)}


def noise_likelihood() -> dict:
    """Bits a pixel of dit-fashion by class on test pictures: the bound at two ends, and the density of its walk"""
    from course_lib import training
    from course_lib.methods import diffusion, flow

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

            nats.append(-flow.log_likelihood(slowed, (x + within).to(where), steps=steps, generator=generator).cpu())
        return {"steps": steps, "probes": 1, **_bits(nats, math.log2(127.5))}

    validation, test = data.load("fashion", "validation"), data.load("fashion", "test")
    tried = [bound(validation[:50], end, 6) for end in ends]
    best = min(tried, key=lambda row: row["bits_per_dim"])["end"]
    return {
        "model": "dit-fashion",
        "data": "fashion, test, the first n pictures, by class",
        "bound": bound(test[:500], ends[-1], 6),
        "bound_chosen_end": bound(test[:500], best, 6),
        "validation": {f"{row['end']:g}": row for row in tried},
        "ode": walk(test[:100], 25),
        "ode_same_steps": walk(test[:10], 25),
        "ode_more_steps": walk(test[:10], 50),
    }


EXPERIMENTS["noise-likelihood"] = noise_likelihood


def any_order() -> dict:
    """Masked against next-token prediction on the same tokens: orders, steps, prices, holes, equal budgets"""
    from course_lib.measure import any_order

    return any_order.compare()


EXPERIMENTS["any-order"] = any_order


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


def _denoise(name: str) -> Callable[[], dict]:
    """One of the experiments of notebook 11, imported when it is run."""
    about = {
        "patches": "patches of 2, 4 and 7 pixels at equal training operations, and two invisible details (6 minutes)",
        "guidance": "guidance scale and interval of the shipped transformer that denoises (3 minutes)",
    }

    def measure() -> dict:
        from course_lib import denoising

        return getattr(denoising, name)()

    measure.__doc__ = about[name]
    return measure


EXPERIMENTS |= {name: _denoise(name) for name in ("patches", "guidance")}
