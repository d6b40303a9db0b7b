"""One of each widget of the course, with stand-ins for the networks: what a browser shows of it needs no model."""

from functools import partial

import torch
from tiny import denoiser, shaken

from course_lib import data
from course_lib.data import scenes, signs
from course_lib.experiments import contests, talking
from course_lib.methods import exact
from course_lib.networks import (
    Autoencoder,
    AutoencoderConfig,
    BlockTransformer,
    BlockTransformerConfig,
    MultiScale,
    MultiScaleConfig,
    Transformer,
    TransformerConfig,
)
from course_lib.show import films, play
from course_lib.show.names import MODELS
from course_lib.training import RECIPES

CLASSES = {"width": 16, "depth": 1, "heads": 2, "classes": 10}


def network(std: float = 0.3, **shape) -> Transformer:
    return shaken(Transformer(TransformerConfig(**CLASSES | shape)), std, torch.float32)


def noise(parts: int = 4) -> Transformer:
    """A network of velocities on 28×28 pictures."""
    return network(grid=(parts, parts), vector=784 // parts**2, clock=1, context=0, groups=(parts**2,))


def garments(count: int) -> data.Pictures:
    return data.load("fashion", "test")[:count]


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def film(label: int, seed: int, name: str, family: str) -> films.Film:
    frames = random(5, 28, 28, seed=10 * label + seed)
    return films.Film(name, family, frames, [0, 196, 392, 588, 784], list(range(5)), [0.0, 9.0, 18.0, 27.0, 36.0])


def clocks():
    kinds = [("pixel by pixel", "autoregressive"), ("token by token", "autoregressive"), ("out of noise", "noise")]
    return play.Clocks([partial(film, name=n, family=f) for n, f in kinds], data.load("fashion", "test").names)


def game():
    pixels = network(grid=(28, 28), tokens=256)
    return play.Game(garments(40), pixels, noise(7), seed=3)


def neighbours():
    return play.Neighbours(random(60, 8, 8) // 64, random(20, 8, 8, seed=1) // 64, ("WebP", 1.5), levels=4)


def dials():
    test = garments(60)
    minis = data.Pictures(test.pixels[:, :, ::4, ::4], test.labels, None, test.names)
    return play.Dials(network(1, grid=(7, 7), tokens=16), minis, levels=16)


def fronts():
    test = garments(300)
    return play.Fronts(lambda labels, seed, **dials: test.pixels[seed : seed + len(labels)], test, length=49, n=20)


def holes():
    model = network(grid=(2, 2), tokens=13, groups=(4,))
    tokenizer = shaken(Autoencoder(AutoencoderConfig(size=8, width=8, levels=(4, 3))), dtype=torch.float32)
    return play.Holes(
        model, tokenizer, data.Pictures(random(3, 1, 8, 8), torch.tensor([0, 1, 0]), None, garments(1).names)
    )


def scales():
    model = network(0.5, grid=(7, 7), tokens=50, groups=(1, 4, 16, 49), vector=4)
    pyramid = shaken(MultiScale(MultiScaleConfig(count=50)), 0.5, torch.float32)
    return play.Scales(model, pyramid, Autoencoder(AutoencoderConfig(width=16)).eval(), garments(1).names)


def currents():
    laws = [
        exact.Mixture(torch.tensor([[x, y]]), torch.tensor([0.3])) for x, y in ((-1.0, 0.0), (1.0, 0.5), (0.0, 1.0))
    ]
    return play.Currents(laws, ["moons", "rings", "spiral"], count=40)


def deadline():
    spent = {"frechet": 2.0, "frechet_floor": 0.1, "frechet_relative": 0.2}
    rows = [
        spent | {"name": name, "family": family, "steps": steps, "dials": {}, "seconds_batch_1": 0.004 * steps}
        for name, family in (
            ("token-ar-fashion", "autoregressive"),
            ("dit-fashion", "noise"),
            ("masked-fashion", "masked"),
        )
        for steps in (1, 8, 40)
    ]
    words = {row["name"]: MODELS[row["name"]][0] for row in rows}
    return play.Deadline(rows, lambda name, dials, label: random(1, 1, 28, 28, seed=label), garments(1).names, words)


def prompts():
    def draw(name, texts, seed):
        cells = torch.zeros(len(texts), 9, dtype=torch.long)
        cells[:, seed % 9] = scenes.kind("circle", "red", "big")
        return scenes.render(cells, torch.zeros(len(texts), dtype=torch.long))

    return play.Prompts(["token-ar-scenes", "masked-scenes", "dit-scenes"], draw)


def brush():
    names = ["red circle on grey and two more", "empty"]
    ways = ["next token, in order", "masked tokens, in any order", "noise, with what is known put back"]
    return play.Brush(
        lambda way, picture, keep, seed: random(len(keep), 3, 24, 24, seed=seed), random(2, 3, 24, 24), names, ways, 6
    )


def words():
    def draw(name, text, ink, paper, seed):
        shown = text if name == "noise" else text[:-1] + "X"
        return signs.render_sign([shown], torch.tensor([ink]), torch.tensor([paper]))

    families = {"autoregressive": "token by token", "masked": "masked tokens", "noise": "out of noise"}
    return play.Words(draw, {family: (name, family) for family, name in families.items()}, ["MOON", "ELEVEN", "A"])


def blocks():
    shape = {"grid": (7, 7), "tokens": 5, "groups": (49,)}
    model = shaken(BlockTransformer(BlockTransformerConfig(**CLASSES | shape)), dtype=torch.float32)

    def decoded(x):
        return (x.view(-1, 1, 7, 7) * 50).to(torch.uint8).repeat_interleave(4, 2).repeat_interleave(4, 3)

    return play.Blocks(model, decoded, data.load("fashion", "test").names)


def chat():
    names = ("all-token-scenes", "transfusion-scenes")
    painters = {name: talking.Painter(RECIPES[name].build().eval(), name, steps=1) for name in names}
    cells = torch.tensor([0, 0, 0, 0, scenes.kind("circle", "red", "big"), 0, 0, 0, 0])
    return play.Chat(painters, cells, 1, ("keep",))


def router():
    kinds = (("looks", "noise"), ("looks", "level"), ("words", "autoregressive"), ("edits", "level"))
    found = [contests.Contest(kind, kind, kind, winner, "noise") for kind, winner in kinds]
    return play.Router(found, contests.fitted(found))


MAKERS = {
    "blocks": blocks,
    "brush": brush,
    "chat": chat,
    "clocks": clocks,
    "currents": currents,
    "deadline": deadline,
    "dials": dials,
    "fronts": fronts,
    "futures": lambda: play.Futures(network(grid=(28, 28), tokens=256), garments(3), count=2, row=27),
    "game": game,
    "holes": holes,
    "interval": lambda: play.Interval(noise(), garments(200)),
    "neighbours": neighbours,
    "paths": lambda: play.Paths(denoiser(torch.float32), ["a", "b", "c"], shape=(1, 8, 8), counts=(1, 2, 4), label=0),
    "predictions": play.Predictions,
    "prompts": prompts,
    "router": router,
    "scales": scales,
    "swap": lambda: play.Swap(shaken(Autoencoder(AutoencoderConfig(width=8)), dtype=torch.float32), garments(6)),
    "under": lambda: play.Under(lambda noisy, share, labels: noisy, garments(4)),
    "words": words,
}
