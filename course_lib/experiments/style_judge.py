"""The ruler of emoji: is this the style, is it the group, how far, how varied, how near to the training? Notebook 13.

A classifier of style and group is trained on real emoji; its 32 features serve the distances. Held-out emoji are few,
so distances have a high floor: pictures are judged in rounds as large as the real set, and what real emoji of the other
held-out split score at that size stands beside.
"""

from collections.abc import Callable
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .. import data, runtime, training
from ..data import emoji
from ..measure import frechet
from ..networks import Classifier, ClassifierConfig
from ..training import in_parts, inputs, losses
from .rows import whole

JUDGE = {"steps": 500, "lr": 2e-3, "ema": 0.99}
GROUPS = 8
QUANTILE = 0.05  # of held-out emoji lie this near to one of the training; whatever is nearer is called a copy
NUMBERS = ("agreement", "group_agreement", "frechet", "variety", "recall", "copies", "nearest")


def kinds(pictures: data.Pictures) -> Tensor:
    """Style and group `[N, 2]` of each emoji."""
    styles = emoji.table()["styles"]
    return torch.stack([torch.tensor([styles.index(style) for style in pictures.extra["styles"]]), pictures.labels], 1)


def through(x: Tensor) -> Tensor:
    """Pictures in [-1, 1] as the shipped tokenizer gives them back, uint8."""
    return in_parts(inputs.pictures_of("tokenizer-emoji"), inputs.encode(x, "tokenizer-emoji"), size=500)


def mirrored(model, batch: tuple[Tensor, Tensor], *, generator=None) -> Tensor:
    """Cross-entropy on pictures shifted and, half of the time, mirrored: style and group stay."""
    x, labels = batch
    x = x.flip(-1) if torch.rand((), generator=generator) < 0.5 else x
    return losses.classify(model, (x, labels), generator=generator)


@lru_cache(maxsize=1)
def judge() -> torch.nn.Module:
    """A classifier of style and group, trained on real emoji, as they are and as the tokenizer gives them back."""
    pictures = data.load("emoji")
    x = torch.cat([pictures.floats(), through(pictures.floats()).float() / 127.5 - 1])
    style, group = kinds(pictures).repeat(2, 1).unbind(1)
    runtime.seed(0)
    model = Classifier(ClassifierConfig(channels=3, classes=2 * GROUPS, features=32))
    batches = training.Batches(x, style * GROUPS + group, 128)
    return whole(training.fit(model, mirrored, batches, **JUDGE, progress=False)).ema


def judged(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Features `[N, 32]` in float64, and the style and group `[N, 2]` that the judge sees."""
    network = judge()  # trained here, not where nothing has a gradient

    def look(part: Tensor) -> Tensor:
        features = network.features(part.float() / 127.5 - 1)
        chances = network.head(features.relu()).softmax(-1).unflatten(1, (2, GROUPS))
        return torch.cat([features, chances.sum(2).argmax(1, True), chances.sum(1).argmax(1, True)], 1)

    found = in_parts(look, pixels, size=500)
    return found[:, :-2].double(), found[:, -2:].long()


@lru_cache(maxsize=2)
def _held_out(split: str) -> tuple[Tensor, Tensor]:
    """Features and kinds of the real held-out emoji of a split."""
    pictures = data.load("emoji", split)
    return judged(pictures.pixels)[0], kinds(pictures)


def _coarse(x: Tensor) -> Tensor:
    """Pictures in [-1, 1] as 16×16 numbers a channel, `[N, 768]`: what a small shift or a blur hardly moves."""
    return F.avg_pool2d(x, 2).flatten(1)


@lru_cache(maxsize=1)
def _trained_on() -> Tensor:
    pictures = data.load("emoji")
    few = (pictures[i : i + 300] for i in range(0, len(pictures), 300))  # all at once would take half a gigabyte
    return torch.cat([_coarse(inputs.shifted(part)) for part in few])


def nearest(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """How far each picture is from the nearest training emoji, mirrored and shifted ones too; and the row of that one.

    The distance is the root of the mean square of 16×16 numbers a channel in [-1, 1].
    """
    apart = torch.cdist(_coarse(pixels.float() / 127.5 - 1), _trained_on()).min(1)
    return apart.values / _trained_on().shape[1] ** 0.5, apart.indices // inputs.VARIANTS


@lru_cache(maxsize=1)
def too_near() -> float:
    """The distance below which a picture is called a copy: one held-out emoji in twenty, through the tokenizer, is."""
    return float(nearest(through(data.load("emoji", "test").floats()))[0].quantile(QUANTILE))


def _apart(features: Tensor, groups: Tensor) -> Tensor:
    """Mean distance of two pictures of the same group."""
    pairs = (groups[:, None] == groups) & ~torch.eye(len(groups), dtype=torch.bool)
    return torch.cdist(features, features)[pairs].mean()


# Of pictures made for one style and of real ones: features [n, 32] and [m, 32], groups [n] and [m].
STATISTICS: dict[str, Callable[..., float]] = {
    "frechet": lambda made, group, real, truth: frechet.frechet_distance(made, real),
    "variety": lambda made, group, real, truth: float(_apart(made, group) / _apart(real, truth)),
    "recall": lambda made, group, real, truth: frechet.recall(real, made),
}


def _with_spread(name: str, made: Tensor, group: Tensor, real: Tensor, truth: Tensor, times: int = 20) -> dict:
    """A statistic of rounds `made [R, n, 32]`, on average, with a 95 % interval: what was made is drawn again."""
    generator, statistic, drawn = torch.Generator().manual_seed(0), STATISTICS[name], []
    value = sum(statistic(part, group, real, truth) for part in made) / len(made)
    for _ in range(times):
        again = torch.randint(len(group), (len(made), len(group)), generator=generator)
        drawn.append(sum(statistic(part[i], group[i], real, truth) for part, i in zip(made, again)) / len(made))
    half = 1.96 * float(torch.tensor(drawn).std())
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}


def _share(name: str, hits: Tensor) -> dict:
    """A share with its 95 % interval."""
    low, high = frechet.wilson(int(hits.sum()), len(hits))
    return {name: float(hits.double().mean()), f"{name}_low": low, f"{name}_high": high}


def report(pixels: Tensor, split: str = "test", numbers=NUMBERS, asked: Tensor | None = None) -> dict:
    """`n`, and in `styles` the `numbers` of each style, of rounds of pictures uint8 `[R · N, 3, 32, 32]`.

    A round was asked for the styles and groups `asked [N, 2]`: those of the split, which it is measured beside.
    """
    real, wanted = _held_out(split)
    asked = wanted if asked is None else asked
    rounds, (features, seen) = len(pixels) // len(asked), judged(pixels)
    hits, out = seen == asked.repeat(rounds, 1), {}
    near = nearest(pixels)[0] if "nearest" in numbers else None
    for style, name in enumerate(emoji.table()["styles"]):
        own, theirs = asked[:, 0] == style, wanted[:, 0] == style
        mine, group = own.repeat(rounds), asked[own, 1]
        made = features[mine].view(rounds, len(group), -1)
        row = {"n": int(mine.sum()), "a_round": len(group)}
        row |= _share("agreement", hits[mine, 0]) | _share("group_agreement", hits[mine, 1])
        for key in STATISTICS.keys() & set(numbers):
            row |= _with_spread(key, made, group, real[theirs], wanted[theirs, 1])
        if near is not None:
            row |= _share("copies", near[mine] < too_near()) | {"nearest": float(near[mine].median())}
        out[name] = row
    return {"n": len(pixels), "styles": out}
