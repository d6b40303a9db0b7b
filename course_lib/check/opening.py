"""Checkers of notebook 00: luck, forwards, the straight path, and a walk in the wrong direction."""

from math import comb

import torch

from ..methods import flow
from .core import exercise
from .forms import Wrong, alike, need
from .gate import Noted


def _by_luck(hits: int) -> float:
    return sum(comb(6, k) * comb(6, 6 - k) for k in range(hits, 7)) / comb(12, 6)


@exercise(_by_luck)
def by_luck(attempt) -> None:
    """Check `by_luck(hits) -> probability` of at least `hits` right when six of twelve are marked blindly."""
    for hits in range(7):
        found, right = attempt(hits)
        exactly = right - (_by_luck(hits + 1) if hits < 6 else 0.0)
        mistakes = {
            "It is the chance of exactly so many; add those of all higher scores, up to 6.": exactly,
            "These are six tosses of a coin; here a picture marked once can't be marked again: count choices.": (
                sum(comb(6, k) for k in range(hits, 7)) / 64
            ),
            "The score itself is left out: the question is at least, not more than.": right - exactly,
            "It is the chance of fewer: the question is at least so many.": 1 - right,
            "It is the chance of at most so many: the question is at least.": 1 - right + exactly,
            "These are numbers of choices. Divide by all of them, comb(12, 6).": right * comb(12, 6),
            "These are per cent: a probability lies between 0 and 1.": 100 * right,
        }
        attempt.compare(found, right, mistakes, f"by_luck({hits}) should be {right:.4f}, and is {found}.")


def _forwards(family: str, tokens: int, steps: int, guidance: float) -> int:
    return {"autoregressive": tokens, "noise": steps}[family] * (1 if guidance == 1 else 2)


@exercise(_forwards)
def forwards(attempt) -> None:
    """Check `forwards(family, tokens, steps, guidance) -> int` on random sizes."""
    sizes = zip(torch.randint(50, 900, (8,)).tolist(), torch.randint(1, 50, (8,)).tolist(), [1, 1.0, 1.5, 4.0] * 2)
    for tokens, steps, w in sizes:
        for family, plain in (("autoregressive", tokens), ("noise", steps)):
            found, right = attempt(family, tokens, steps, w)
            twice, other = 1 if w == 1 else 2, steps + tokens - plain
            mistakes = {
                "You multiply tokens by steps. One forward moves all pixels at once, or adds one token.": (
                    (plain if family == "autoregressive" else tokens * steps) * twice
                ),
                "You multiply tokens by steps: each family needs only one of the two.": tokens * steps * twice,
                "It forgets guidance: then it asks twice a step, with the label and without.": plain,
                "It asks twice, but at guidance 1 the answer without the label is not needed.": 2 * plain,
                "The families are the wrong way round: `autoregressive` asks once a token, `noise` once a step.": (
                    other * twice
                ),
                "The families are the wrong way round, and guidance is forgotten.": other,
                "Guidance is no factor: whatever its scale, it asks once more.": plain * w,
            }
            case = f"forwards({family!r}, tokens={tokens}, steps={steps}, guidance={w})"
            attempt.compare(found, right, mistakes, f"{case} should be {right}, and is {found}.")


MISSING = {"size of tensor": "t is [B] and x is [B, …]: t needs a 1 for each other axis before they can be multiplied"}


@exercise(flow.path, gives="x_t and its velocity", stops=MISSING)
def path(attempt) -> None:
    """Check `path(x, noise, t) -> (x_t, velocity)` on random pictures and times."""
    for shape in ((3, 1, 5, 5), (2, 3, 4, 6), (4, 7)):
        x, noise, t = torch.randn(shape), torch.randn(shape), torch.rand(shape[0])
        (x_t, v), (right, velocity) = attempt(x, noise, t)
        mistakes = {
            "Time runs backwards: t = 0 must give the picture and t = 1 the noise.": flow.path(x, noise, 1 - t)[0],
            "The picture stays as strong as it was, so x_t leaves the straight line: (1 - t) of the picture.": (
                right + x - flow.path(x, 0 * x, t)[0]
            ),
            "That is a mixture of equal variance, a circle. The straight line has the weights 1 - t and t.": (
                flow.path(x, 0 * x, t)[0] / (1 - t).view(-1, *[1] * (x.ndim - 1)).sqrt()
                + flow.path(0 * x, noise, t.sqrt())[0]
            ),
        }
        attempt.compare(x_t, right, mistakes, "x_t is not on the straight line from the picture to the noise.")
        mistakes = {
            "The velocity points to the picture; as t grows, x_t moves to the noise: noise - x.": -velocity,
            "That is how far it is from x_t to the noise; the velocity is how x_t changes, d x_t / dt.": noise - right,
            "That is how far x_t has come, not how fast it goes: d x_t / dt does not depend on t.": right - x,
        }
        attempt.compare(v, velocity, mistakes, "The velocity is how x_t changes when t grows: d x_t / dt.")


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
    for steps in (1, 4, 9):
        noise, picture = torch.randn(2, 2, 1, 4, 4)
        labels = torch.tensor([0, 1])
        # the line through x that ends in the picture
        model = Noted(lambda x, t, labels, to=picture: (x - to) / t.view(-1, 1, 1, 1).clamp(min=1e-3))
        found, right = attempt(model, noise, labels, steps)
        times = [float(asked[1].flatten()[0]) for asked in model.asked]
        if times and times[0] < 0.5:
            raise Wrong(f"The walk begins at t = {times[0]:.2f}; it holds pure noise, so it must begin at t = 1.")
        need(len(times) == steps, f"{steps} steps should ask the model {steps} times, not {len(times)}.")
        need(
            all(torch.equal(asked[2], labels) for asked in model.asked),
            "The model is asked for other labels than those that were given.",
        )
        need(found.shape == noise.shape, f"The walk should end in {list(noise.shape)}, not {list(found.shape)}.")
        if (found - picture).abs().max() > 1.001 * (noise - picture).abs().max():
            raise Wrong("The walk ends farther from the picture than it began: it still goes the wrong way.")
        even = all(alike(t, 1 - i / steps) for i, t in enumerate(torch.tensor(times)))
        need(even, f"The model is asked at t = {', '.join(f'{t:.2f}' for t in times)}; it should be 1 - i / {steps}.")
        attempt.compare(found, picture, {}, "The walk goes the right way and stops before t = 0.")
