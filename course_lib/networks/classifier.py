"""The small classifier whose 64 features measure pictures. It is trained first and then never changed."""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class ClassifierConfig:
    """Shape of a `Classifier`."""

    channels: int = 1
    classes: int = 10
    width: int = 32
    features: int = 64


class Classifier(nn.Module):
    """Convolutional classifier: pictures `[B, C, H, W]` in [-1, 1] to logits `[B, classes]`."""

    def __init__(self, config: ClassifierConfig):
        super().__init__()
        c = self.config = config
        sizes = (c.channels, c.width, 2 * c.width, 4 * c.width)
        layers = []
        for before, after in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.body = nn.Sequential(*layers)
        self.squeeze = nn.Linear(sizes[-1] * 9, c.features)
        self.standard = nn.BatchNorm1d(c.features, affine=False)  # mean 0, variance 1: distances have a scale
        self.head = nn.Linear(c.features, c.classes)

    def features(self, x: Tensor) -> Tensor:
        """Standardised features `[B, features]`, before the last nonlinearity."""
        return self.standard(self.squeeze(F.adaptive_avg_pool2d(self.body(x), 3).flatten(1)).float())

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.dropout(F.relu(self.features(x)), 0.3, self.training)).float()
