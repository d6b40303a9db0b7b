"""Checkers of notebook 00: luck, forwards, the straight path, and a walk in the wrong direction."""

import random
from math import comb

import torch

from ..methods import flow
from .core import Wrong, exercise


def _by_luck(hits: int) -> float:
    return sum(comb(6, k) * comb(6, 6 - k) for k in range(hits, 7)) / comb(12, 6)


@exercise(_by_luck)
def by_luck(attempt) -> None:
    """Check `by_luck(hits) -> probability` of at least `hits` right when six of twelve are marked blindly."""
    for hits in range(7):
        found, right = attempt(hits), _by_luck(hits)
        exactly = right - (_by_luck(hits + 1) if hits < 6 else 0.0)
        coins = sum(comb(6, k) for k in range(hits, 7)) / 64
        if found is not None and abs(found - right) < 1e-6:
            continue
        if found is not None and abs(found - exactly) < 1e-6:
            raise Wrong(f"by_luck({hits}) is the chance of exactly {hits}; add those of all higher scores, up to 6.")
        if found is not None and abs(found - coins) < 1e-6:
            raise Wrong(
                "these are six tosses of a coin; here a picture marked once can't be marked again: count choices."
            )
        if found is not None and abs(found - (right - exactly)) < 1e-6:
            raise Wrong(f"by_luck({hits}) leaves out the score {hits} itself: the question is at least, not more than.")
        raise Wrong(f"by_luck({hits}) should be {right:.4f}, and is {found}.")


def _forwards(family: str, tokens: int, steps: int, guidance: float) -> int:
    return {"autoregressive": tokens, "noise": steps}[family] * (1 if guidance == 1 else 2)


@exercise(_forwards)
def forwards(attempt) -> None:
    """Check `forwards(family, tokens, steps, guidance) -> int` on random sizes."""
    dice = random.Random(0)
    for _ in range(20):
        tokens, steps, w = dice.randint(50, 900), dice.randint(1, 49), dice.choice([1, 1.0, 1.5, 4.0])
        for family, plain in (("autoregressive", tokens), ("noise", steps)):
            case = f"forwards({family!r}, tokens={tokens}, steps={steps}, guidance={w})"
            found, right = attempt(family, tokens, steps, w), _forwards(family, tokens, steps, w)
            if found == right:
                continue
            if found == tokens * steps or found == 2 * tokens * steps:
                raise Wrong(
                    f"{case} multiplies tokens by steps. One forward moves all pixels at once, or adds one token."
                )
            if found == plain and w != 1:
                raise Wrong(f"{case} forgets guidance: it asks twice a step, with the label and without.")
            if found == 2 * plain and w == 1:
                raise Wrong(f"{case} asks twice, but at guidance 1 the answer without the label is not needed.")
            if found in (steps + tokens - plain, 2 * (steps + tokens - plain)):
                raise Wrong(f"{case} has the families the wrong way round.")
            raise Wrong(f"{case} should be {right}, and is {found}.")


@exercise(flow.path)
def path(attempt) -> None:
    """Check `path(x, noise, t) -> (x_t, velocity)` on random pictures and times."""
    g = torch.Generator().manual_seed(0)
    for shape in ((3, 1, 5, 5), (2, 3, 4, 6), (4, 7)):
        x, noise = torch.randn(shape, generator=g), torch.randn(shape, generator=g)
        t = torch.rand(shape[0], generator=g)
        try:
            x_t, v = attempt(x, noise, t)
        except NotImplementedError:
            raise
        except RuntimeError as error:
            raise Wrong(
                f"t has shape {tuple(t.shape)}, x has {tuple(shape)}: t needs a 1 for each other axis before "
                f"they can be multiplied ({error})."
            ) from None
        right, velocity = flow.path(x, noise, t)
        assert x_t.shape == x.shape, f"x_t has shape {tuple(x_t.shape)} and should have that of x, {tuple(x.shape)}."
        if torch.allclose(x_t, flow.path(x, noise, 1 - t)[0], atol=1e-6):
            raise Wrong("time runs backwards: t = 0 must give the picture and t = 1 the noise.")
        assert torch.allclose(x_t, right, atol=1e-6), "x_t is not on the straight line from the picture to the noise."
        if torch.allclose(v, -velocity, atol=1e-6):
            raise Wrong("the velocity points to the picture; as t grows, x_t moves to the noise: noise - x.")
        assert torch.allclose(v, velocity, atol=1e-6), "the velocity is how x_t changes when t grows: d x_t / dt."


def _walk(model, noise, labels, steps):
    x, times = noise, torch.linspace(1, 0, steps + 1, device=noise.device)
    for t, s in zip(times[:-1], times[1:]):
        x = x + (s - t) * model(x, t.expand(len(x)), labels)
    return x


def _walk_planted(model, noise, labels, steps):
    x, times = noise, torch.linspace(1, 0, steps + 1, device=noise.device)
    for t, s in zip(times[:-1], times[1:]):
        x = x + (t - s) * model(x, t.expand(len(x)), labels)
    return x


@exercise(_walk, planted=_walk_planted, shipped=[flow.solve])
def walk(attempt) -> None:
    """Check `walk(model, noise, labels, steps)`: from noise to one known picture, whose velocity is exact."""
    g = torch.Generator().manual_seed(0)
    for steps in (1, 4, 9):
        noise, picture, asked = torch.randn(2, 1, 4, 4, generator=g), torch.randn(2, 1, 4, 4, generator=g), []

        def model(x, t, labels, picture=picture, asked=asked):
            asked.append(float(t[0]))
            return (x - picture) / t.view(-1, 1, 1, 1).clamp(min=1e-3)  # the line through x that ends in the picture

        x = attempt(model, noise, torch.zeros(2, dtype=torch.long), steps)
        if asked and asked[0] < 0.5:
            raise Wrong(f"the walk begins at t = {asked[0]:.2f}; it holds pure noise, so it must begin at t = 1.")
        if len(asked) != steps:
            raise Wrong(f"{steps} steps should ask the model {steps} times, not {len(asked)}.")
        if (x - picture).abs().max() > (noise - picture).abs().max():
            raise Wrong("the walk ends farther from the picture than it began: it still goes the wrong way.")
        assert torch.allclose(x, picture, atol=1e-4), "the walk goes the right way and stops before t = 0."
