"""Small tokenizers of signs, of 2×2 or 4×4 pixels a token, and their ceilings. Read in notebook 15."""

from functools import lru_cache

import torch
from torch import Tensor, nn

from .. import runtime
from ..data import signs
from ..data.levels import to_bytes
from ..measure import cost, grade
from ..methods import autoencoding
from ..networks import Autoencoder, AutoencoderConfig
from ..networks.autoencoder import Residual
from ..training import Batches, fit
from ..training.recipes.signs import floats
from .rows import folder, whole

LEVELS = (8, 7, 7)  # 392 codes: tables as large as the clock of the models of noise
OPERATIONS = 2e12  # of the training of a tokenizer
WIDTH, BATCH = 48, 16


class Coder(Autoencoder):
    """An `Autoencoder` of signs with one latent for each `factor`×`factor` pixels, all its layers on their grid."""

    def __init__(self, factor: int):
        super().__init__(AutoencoderConfig(size=signs.HEIGHT, channels=3, width=WIDTH, levels=LEVELS))
        w, pixels = WIDTH, 3 * factor**2
        self.factor, self.grid = factor, (signs.HEIGHT // factor, signs.SLOTS * signs.WIDTH // factor)
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(factor),
            nn.Conv2d(pixels, w, 3, padding=1),
            Residual(w),
            nn.GroupNorm(8, w),
            nn.SiLU(),
            nn.Conv2d(w, len(LEVELS), 1),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(len(LEVELS), w, 3, padding=1),
            Residual(w),
            Residual(w),
            nn.SiLU(),
            nn.Conv2d(w, pixels, 1),
            nn.PixelShuffle(factor),
        )

    def encode(self, x: Tensor) -> Tensor:
        """Continuous latents `[B, 3, 16 / factor, 48 / factor]` of signs."""
        return self.quantizer.bound(self.encoder(x).float().movedim(1, -1)).movedim(-1, 1)

    def detokenize(self, tokens: Tensor) -> Tensor:
        """Pictures of tokens `[B, T]`."""
        return self.decode(self.quantizer.codes(tokens.view(-1, *self.grid)).movedim(-1, 1))


def every(split: str = "train") -> tuple[list[str], Tensor, Tensor]:
    """All words of a split in all six colours."""
    found = signs.load(split)
    return found.captions, *found.extra.values()


@lru_cache(maxsize=1)
def coder(factor: int, seed: int, operations: float = OPERATIONS) -> Coder:
    """A trained tokenizer; what was trained before an interrupt is kept."""
    runtime.seed(seed)
    model, x = Coder(factor), floats(*every())
    steps = max(1, round(operations / (3 * BATCH * cost.flops(lambda: model.eval()(x[:1])))))
    dials = {"steps": steps, "lr": 4e-3, "ema": 0.98, "seed": seed, "progress": False}
    path = folder("words") / f"coder-{factor}-{seed}-{operations:g}.safetensors"
    batches = Batches(x, torch.zeros(len(x), dtype=torch.long), BATCH, seed)
    return whole(fit(model, autoencoding.loss, batches, checkpoint=path, **dials)).ema


@torch.no_grad()
def encoded(model: Coder, x: Tensor, ids: bool) -> Tensor:
    """Tokens of pictures, or normal latents, on the processor."""
    parts = x.to(runtime.device()).split(500)
    return torch.cat([(model.tokenize(part) if ids else model.normal(model.encode(part))).cpu() for part in parts])


@torch.no_grad()
def pictures(model: Coder, made: Tensor, ids: bool) -> Tensor:
    """Tokens `[N, T]` or normal latents as pictures uint8."""
    decode = model.detokenize if ids else lambda z: model.decode(model.unnormal(z))
    return torch.cat([to_bytes(decode(part)).cpu() for part in made.split(200)])


def ceiling(factor: int, seed: int, n: int) -> dict:
    """How many words can be read once a tokenizer has had them, rounded to tokens and (`latents_`) not."""
    model, row = coder(factor, seed), {"n": n, "family": "tokenizer", "model": f"f{factor}"}
    size = sum(p.numel() for p in model.parameters())
    row |= {"budget_flops": OPERATIONS, "parameters": size, "codes": model.quantizer.count}
    for split in signs.SPLITS:
        sign = signs.sample(n, runtime.generator(7), split)
        for name, ids in (("", True), ("latents_", False)):
            made = pictures(model, encoded(model, floats(*sign), ids), ids)
            found = grade.written(made, sign[0])
            row |= {f"{name}{key.replace('exact', f'exact_{split}')}": found[key] for key in found if "exact" in key}
            if split == "held" and not seed:
                row[f"{name}pictures"] = packed(made[:3])
    return row


def packed(pixels: Tensor) -> str:
    """A few pictures below each other as text: a PNG in base64."""
    import base64
    import io

    from PIL import Image

    store = io.BytesIO()
    Image.fromarray(torch.cat([*pixels], 1).permute(1, 2, 0).numpy()).save(store, "png")
    return base64.b64encode(store.getvalue()).decode()
