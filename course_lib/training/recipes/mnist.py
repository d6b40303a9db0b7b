"""The recipe on binarised MNIST, for comparison with published nats."""

from ... import networks
from ...methods import autoregressive
from .. import inputs, losses
from .recipe import Reading, Recipe

RECIPES = {
    "pixelcnn-mnist-binary": Recipe(
        lambda: networks.PixelCNN(networks.PixelCNNConfig(levels=2, channels=32, layers=7)),
        losses.binary,
        Reading(lambda pictures: pictures.pixels[:, 0], (28, 28), lambda x: inputs.grey(255 * x)),
        "gated PixelCNN on binarised MNIST, for comparison with published nats",
        steps=1000,
        batch=32,
        lr=2e-3,
        family="autoregressive",
        sample=autoregressive.sample,
        half=False,
        passes=784,
        nats=lambda model, grey, _: autoregressive.nats(model, (grey > 0).long(), None),
        measures=("bits",),
        data="mnist-binary",
    ),
}
