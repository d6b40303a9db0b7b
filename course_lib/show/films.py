"""Films of pictures in the making, each with its own true clock. Built in notebook 00."""

import time
from dataclasses import dataclass

import torch
from matplotlib.colors import to_rgb
from torch import Tensor

from ..data.levels import to_bytes
from ..measure.cost import Counter
from ..methods import autoregressive, flow
from .plot import FAMILIES, figure, tile

SIZE = (28, 28)
# Chosen by eye, for what a stranger can name; the measured models' own settings are in data/results.
PIXELS = {"guidance": 1.5, "temperature": 0.95}
NOISE = {"guidance": 2.0, "steps": 32}
TOKENS = {"guidance": 1.5, "temperature": 0.95}


@dataclass(frozen=True)
class Film:
    """One picture in the making: entry k says what there is after step k, and what it has cost so far.

    `frames` uint8 [F, H, W] (one frame only, where finished pixels never change); `known[k]` pixels, or squares of
    `cell` by `cell` pixels, are there, in raster order; `forwards[k]` times the network was called; `ms[k]`
    milliseconds have passed.
    """

    name: str
    family: str
    frames: Tensor
    known: list[int]
    forwards: list[int]
    ms: list[float]
    cell: int = 1

    def at(self, ms: float) -> int:
        """The last entry that is there `ms` milliseconds after the start."""
        return max(k for k, then in enumerate(self.ms) if then <= ms or k == 0)

    def tinted(self, k: int) -> Tensor:
        """Entry k as floats [3, H, W] in [-1, 1]: what is still missing has the family's colour."""
        grey = self.frames[min(k, len(self.frames) - 1)].float().expand(3, -1, -1) / 255
        colour = torch.tensor(to_rgb(FAMILIES[self.family]))[:, None, None]
        if self.family == "noise":  # everything changes at once: the share of noise is tinted
            left = 1 - k / max(len(self.ms) - 1, 1)
            return grey * (1 - left + left * (0.25 + colour)).clamp(max=1) * 2 - 1
        rows, columns = (size // self.cell for size in grey.shape[1:])
        there = torch.arange(rows * columns).view(rows, columns) < self.known[k]
        there = there.repeat_interleave(self.cell, 0).repeat_interleave(self.cell, 1)
        return torch.where(there, grey, 0.85 * colour) * 2 - 1


class Stopwatch:
    """Notes the milliseconds and forwards at every step of a sampler."""

    def __init__(self, model):
        self.model, self.ms, self.forwards = Counter(model), [0.0], [0]
        self.start = time.perf_counter()

    def note(self) -> None:
        """One entry more; the caller has read the picture, so a GPU has finished."""
        self.ms.append(round(1000 * (time.perf_counter() - self.start), 2))
        self.forwards.append(self.model.calls)


def _generator(seed: int) -> torch.Generator:
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed={seed!r} must be a whole number >= 0.")
    return torch.Generator().manual_seed(seed)


def _label(model, label: int) -> Tensor:
    if not 0 <= label < model.null:
        raise ValueError(f"label={label} must lie in 0..{model.null - 1}.")
    return torch.tensor([label], device=next(model.parameters()).device)


def pixel_by_pixel(model, label: int, seed: int, name: str = "pixel by pixel", **options) -> Film:
    """The film of a causal model on pixels: one forward a pixel, with a KV cache."""
    labels, generator, options = _label(model, label), _generator(seed), PIXELS | options
    model.decoder(labels)(labels.new_zeros(1, SIZE[0] * SIZE[1]), 0)  # the very first call is slow: it does not count
    watch = Stopwatch(model)

    def callback(i: int, tokens: Tensor) -> None:
        if i:
            tokens[0, i - 1].item()
            watch.note()

    tokens = autoregressive.sample(watch.model, labels, shape=SIZE, generator=generator, callback=callback, **options)
    known = list(range(len(watch.ms)))
    return Film(name, "autoregressive", tokens.byte().cpu(), known, watch.forwards, watch.ms)


def token_by_token(model, tokenizer, label: int, seed: int, name: str = "token by token", **options) -> Film:
    """The film of a causal model on the tokens of `tokenizer`: one forward a token, and one of the decoder at the end.

    What is not written yet is decoded as the mean latent, and tinted.
    """
    labels, generator, options = _label(model, label), _generator(seed), TOKENS | options
    grid = tokenizer.config.grid
    model.decoder(labels)(labels.new_zeros(1, grid[0] * grid[1]), 0)
    tokenizer.detokenize(labels.new_zeros(1, *grid))
    watch = Stopwatch(model)

    def callback(i: int, tokens: Tensor) -> None:
        if i:
            tokens[0, i - 1].item()
            watch.note()

    tokens = autoregressive.sample(watch.model, labels, shape=grid, generator=generator, callback=callback, **options)
    watch.model.calls += 1
    to_bytes(tokenizer.detokenize(tokens)).cpu()
    watch.note()
    T = tokens.numel()
    latents = tokenizer.quantizer.codes(tokens).permute(0, 3, 1, 2)  # [1, d, h, w]
    written = torch.arange(T, device=labels.device).view(1, 1, *grid) < torch.arange(T + 1, device=labels.device).view(
        -1, 1, 1, 1
    )
    parts = tokenizer.decode(torch.where(written, latents, tokenizer.mean.view(1, -1, 1, 1)))
    frames = to_bytes(torch.cat([parts, parts[-1:]])[:, 0]).cpu()
    cell = tokenizer.config.size // grid[0]
    return Film(name, "autoregressive", frames, [*range(T + 1), T], watch.forwards, watch.ms, cell)


def out_of_noise(model, label: int, seed: int, name: str = "out of noise", **options) -> Film:
    """The film of a flow model: every forward moves all pixels at once."""
    labels, generator, options = _label(model, label), _generator(seed), NOISE | options
    model(torch.zeros(1, 1, *SIZE, device=labels.device), torch.ones(1, device=labels.device), labels)
    watch, frames = Stopwatch(model), []

    def callback(i: int, x: Tensor) -> None:
        frames.append(to_bytes(x[0, 0]).cpu())
        if i:
            watch.note()

    flow.sample(watch.model, labels, shape=(1, *SIZE), generator=generator, callback=callback, **options)
    return Film(name, "noise", torch.stack(frames), [frames[0].numel()] * len(frames), watch.forwards, watch.ms)


def strips(films: list[Film], columns: int = 8, title: str = "", alt: str = ""):
    """Films below each other on one clock: column c shows what each has `ms` milliseconds after the start."""
    last = max(film.ms[-1] for film in films)
    first = min(film.ms[-1] for film in films)
    # Even steps up to where the quickest is done, then even steps to the end: both stories are seen.
    half = columns // 2
    times = [first * i / half for i in range(half)] + [
        first + (last - first) * i / (columns - half - 1) for i in range(columns - half)
    ]
    fig, axes = figure(len(films), columns, (8.6, 1.32 * len(films) + 0.55), alt=alt or title, squeeze=False)
    for film, row in zip(films, axes):
        for ms, ax in zip(times, row):
            k = film.at(ms + 1e-6)
            ax.imshow(tile(film.tinted(k)[None], 1), interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
            ax.set_xlabel(f"{film.forwards[k]} forwards", fontsize=8, labelpad=2)
        row[0].set_ylabel(film.name, color=FAMILIES[film.family], weight="bold", fontsize=9)
    for ms, ax in zip(times, axes[0]):
        ax.set_title(f"{ms:,.0f} ms", size=9, loc="center", weight="normal")
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
    return fig
