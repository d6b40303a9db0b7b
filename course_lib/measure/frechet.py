"""How far a set of pictures is from real ones: Fréchet distance, recall, agreement with a classifier.

The features are those of `features-fashion`, a classifier frozen before any generator was trained; the reference is the
10,000 test pictures (or the validation pictures, for every choice). Sources: FID (arXiv 1706.08500), improved recall
(1904.06991). Built in notebook 03.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor

from .. import data, runtime
from ..training import checkpoints

CLASSIFIER = "features-fashion"
NEIGHBOURS = 3


@torch.no_grad()
def features(x: Tensor, chunk: int = 100) -> tuple[Tensor, Tensor]:
    """Features `[N, 64]` (float64) and classes `[N]` of pictures `[N, 1, 28, 28]`: uint8, or floats in [-1, 1]."""
    _check(x)
    network, parts, classes = checkpoints.shipped(CLASSIFIER), [], []
    for part in x.split(chunk):
        part = part.to(runtime.device())
        part = part.float() if part.is_floating_point() else part.float() / 127.5 - 1
        feature = network.features(part)
        parts.append(feature.cpu().double())
        classes.append(network.head(feature.relu()).argmax(-1).cpu())
    return torch.cat(parts), torch.cat(classes)


def _check(x: Tensor) -> None:
    """ValueError where these are no pictures of the metric: in another form, or in another range."""
    if x.ndim != 4 or x.shape[1:] != (1, 28, 28) or len(x) == 0:
        raise ValueError(f"pictures must be [N, 1, 28, 28] with N >= 1, not {tuple(x.shape)}.")
    low, high = float(x.min()), float(x.max())
    if not math.isfinite(low + high):
        raise ValueError("pictures hold numbers that are not finite: did the sampler diverge?")
    if x.is_floating_point() and low >= 0:  # no set of garments is grey and white only
        wanted = "2 * x - 1" if high <= 2 else "x / 127.5 - 1"
        raise ValueError(f"pictures run from {low:g} to {high:g}, but floats must lie in [-1, 1]: give {wanted}.")
    if not x.is_floating_point() and (x.dtype == torch.bool or low < 0 or high > 255):
        raise ValueError(f"pictures of {x.dtype} run from {low:g} to {high:g}, but whole numbers must lie in 0..255.")


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Squared Fréchet distance of two Gaussians fitted to features `[N, d]` and `[M, d]`, in float64.

    The trace of the root of A·B is taken from the symmetric √A·B·√A, by eigenvalues: no complex numbers.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(
            f"features must be [N, d] and [M, d] with N, M >= 2, not {tuple(a.shape)} and {tuple(b.shape)}."
        )
    a, b = a.double(), b.double()
    values, vectors = torch.linalg.eigh(a.T.cov())
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ b.T.cov() @ root).clamp(min=0).sqrt().sum()
    means = (a.mean(0) - b.mean(0)).square().sum()
    return float(means + values.sum() + b.T.cov().trace() - 2 * cross)


def recall(real: Tensor, made: Tensor, k: int = NEIGHBOURS, most: int = 2000) -> float:
    """Share of real pictures nearer to some made one than its k-th made neighbour is (at most `most` of each)."""
    real, made = real[:most].float(), made[:most].float()
    radius = torch.cdist(made, made).kthvalue(min(k + 1, len(made)), dim=1).values
    return float((torch.cdist(real, made) <= radius).any(1).double().mean())


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z, p = 1.96, hits / n
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)


def bootstrap(a: Tensor, b: Tensor, times: int = 30) -> float:
    """Standard deviation of the distance when the rows of `a` are drawn again."""
    generator = torch.Generator().manual_seed(0)
    draws = [frechet_distance(a[torch.randint(len(a), (len(a),), generator=generator)], b) for _ in range(times)]
    return float(torch.tensor(draws).std())


@lru_cache(maxsize=2)
def _reference(split: str) -> tuple[Tensor, Tensor, Tensor]:
    pictures = data.load("fashion", split)
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(0))
    return *(part[order] for part in features(pictures.pixels)), pictures.labels[order]


@lru_cache(maxsize=8)
def floor(n: int, split: str = "test") -> dict[str, float]:
    """What real pictures score at this n: `frechet_floor`, `recall_real`, `agreement_real`; and noise, the unit."""
    real, _, _ = _reference(split)
    pictures = data.load("fashion", "train")
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(1))[:n]
    clean, labels = pictures.floats()[order], pictures.labels[order]
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(2))
    (a, guess), (b, _) = features(clean), features(noisy)
    test, truth = _reference("test")[1:]
    return {
        "frechet_floor": frechet_distance(a, real),
        "frechet_unit": frechet_distance(b, real),
        "recall_real": recall(real, a),
        "agreement_real": float((test == truth).double().mean()),
        "agreement_train": float((guess == labels).double().mean()),
    }


def report(pixels: Tensor, labels: Tensor | None = None, split: str = "test") -> dict[str, float]:
    """All numbers of a set of made pictures `[N, 1, 28, 28]` (uint8, or floats in [-1, 1]) asked for by `labels [N]`.

    `frechet` with `_low` and `_high` (95 %), `frechet_n`, `frechet_floor` (real pictures, same n), `frechet_relative`
    (1 = real pictures with σ = 0.1 noise, same n), `recall` beside `recall_real`, and `agreement` of the classifier
    with the labels beside `agreement_real`. Choices use `split="validation"`.
    """
    n = len(pixels)
    if labels is not None and labels.shape != (n,):
        raise ValueError(f"labels must be [{n}], one a picture, not {list(labels.shape)}.")
    made, guess = features(pixels)
    real, _, _ = _reference(split)
    base, distance, spread = floor(min(n, 18_000), split), frechet_distance(made, real), bootstrap(made, real)
    out = {
        "frechet": distance,
        "frechet_low": distance - 1.96 * spread,
        "frechet_high": distance + 1.96 * spread,
        "frechet_n": n,
        "frechet_floor": base["frechet_floor"],
        "frechet_relative": distance / base["frechet_unit"],
        "frechet_relative_low": (distance - 1.96 * spread) / base["frechet_unit"],
        "frechet_relative_high": (distance + 1.96 * spread) / base["frechet_unit"],
        "recall": recall(real, made),
        "recall_real": base["recall_real"],
    }
    if labels is not None:
        hits = int((guess == labels.cpu()).sum())
        low, high = wilson(hits, n)
        out |= {"agreement": hits / n, "agreement_low": low, "agreement_high": high}
        out["agreement_real"] = base["agreement_real"]
    return out
