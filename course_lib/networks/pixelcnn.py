"""The gated PixelCNN with two stacks, so that it has no blind spot. Built in notebook 02."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .inputs import check_step, check_tokens, labels_or_null
from .layers import at_least_float32


@dataclass(frozen=True)
class PixelCNNConfig:
    """Shape of a `PixelCNN`."""

    levels: int = 256  # grey levels a pixel can have
    channels: int = 48
    layers: int = 8
    classes: int = 0  # labels run from 0 to classes - 1; `classes` itself means "no label"
    size: tuple[int, int] = (28, 28)


def gate(x: Tensor) -> Tensor:
    """`tanh(a) · sigmoid(b)` of the two halves of the channels."""
    a, b = x.chunk(2, dim=1)
    return torch.tanh(a) * torch.sigmoid(b)


class GatedLayer(nn.Module):
    """The vertical stack looks at the rows above (2×5), the horizontal one to the left (1×3) and up, through `down`."""

    def __init__(self, channels: int, labels: int):
        super().__init__()
        self.vertical = nn.Conv2d(channels, 2 * channels, (2, 5))
        self.horizontal = nn.Conv2d(channels, 2 * channels, (1, 3))
        self.down = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)  # from vertical to horizontal, never back
        self.label = nn.Embedding(labels, 2 * channels)
        self.v_out, self.h_out = nn.Conv2d(channels, channels, 1), nn.Conv2d(channels, channels, 1)
        for conv in (self.v_out, self.h_out):  # the layer is the identity at the start
            nn.init.zeros_(conv.weight)
            nn.init.zeros_(conv.bias)

    def forward(self, v: Tensor, h: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        label = self.label(labels)[:, :, None, None]
        above = self.vertical(F.pad(v, (2, 2, 1, 0))) + label  # [B, 2C, H, W]
        left = self.horizontal(F.pad(h, (2, 0, 0, 0))) + self.down(above)
        return v + self.v_out(gate(above)), h + self.h_out(gate(left))


class PixelCNN(nn.Module):
    """`model(tokens [B, H, W], labels [B]) -> logits [B, H, W, levels]`; a pixel's logits see earlier pixels only.

    Source: Gated PixelCNN (arXiv 1606.05328). The picture is shifted by one row for the vertical stack and by one
    column for the horizontal one, instead of masking the first layer.
    """

    def __init__(self, config: PixelCNNConfig):
        super().__init__()
        c = self.config = config
        self.v_in, self.h_in = nn.Conv2d(2, c.channels, (2, 5)), nn.Conv2d(2, c.channels, (1, 3))
        self.position = nn.Parameter(torch.zeros(1, c.channels, *c.size))
        self.layers = nn.ModuleList(GatedLayer(c.channels, c.classes + 1) for _ in range(c.layers))
        self.hidden = nn.Conv2d(c.channels, 2 * c.channels, 1)
        self.head = nn.Conv2d(2 * c.channels, c.levels, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @property
    def null(self) -> int:
        """The label that means "no label"."""
        return self.config.classes

    def read(self, tokens: Tensor) -> Tensor:
        """Levels as numbers in [-1, 1], and a channel of ones that tells a dark pixel from the border."""
        x = tokens.to(self.position.dtype) * (2 / (self.config.levels - 1)) - 1
        return torch.stack([x, torch.ones_like(x)], dim=1)

    def labels(self, labels: Tensor | None, batch: int) -> Tensor:
        """Labels `[B]`, "no label" where there are none; out of range is an error."""
        return labels_or_null(labels, batch, self.null, self.position.device)

    def forward(self, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        check_tokens(tokens, (self.config.size,), self.config.levels)
        labels, x = self.labels(labels, len(tokens)), self.read(tokens)
        v = self.v_in(F.pad(x, (2, 2, 2, 0))[:, :, :-1]) + self.position  # rows above only
        h = self.h_in(F.pad(x, (3, 0, 0, 0))[:, :, :, :-1]) + self.position  # pixels to the left only
        for layer in self.layers:
            v, h = layer(v, h, labels)
        logits = self.head(F.relu(self.hidden(F.relu(h))))  # [B, K, H, W]
        return at_least_float32(logits).permute(0, 2, 3, 1)

    def decoder(self, labels: Tensor) -> "PixelCNNDecoder":
        """A pixel-by-pixel decoder that keeps what it has computed, for one batch of labels `[B]`."""
        return PixelCNNDecoder(self, self.labels(labels, len(labels)))


class PixelCNNDecoder:
    """Callable `(tokens [B, H·W], i) -> logits [B, K]`, for pixels in raster order.

    The KV cache of convolutions: the vertical stack is computed once a row, the horizontal one once a pixel, so a
    whole picture costs about one forward pass instead of H·W. Source: arXiv 1704.06001.
    """

    def __init__(self, model: PixelCNN, labels: Tensor):
        B, C, W = len(labels), model.config.channels, model.config.size[1]
        self.model, self.size, self.done = model, model.config.size, 0
        self.labels = [layer.label(labels)[:, :, None, None].detach() for layer in model.layers]
        self.above = [model.position.new_zeros(B, C, 2, W + 4) for _ in model.layers]  # this row and the one above
        self.left = [model.position.new_zeros(B, C, 1, W + 2) for _ in model.layers]
        self.down: list[Tensor] = []

    @torch.inference_mode()
    def __call__(self, tokens: Tensor, i: int) -> Tensor:
        check_step(tokens, i, (len(self.left[0]), math.prod(self.size)), self.done)
        for here in range(self.done, i + 1):  # what was given is read on the way
            logits = self._step(tokens, here)
        self.done = i + 1
        return logits

    def _step(self, tokens: Tensor, i: int) -> Tensor:
        m, (H, W) = self.model, self.size
        row, column = divmod(i, W)
        picture = tokens.view(-1, H, W)
        if column == 0:
            self._vertical(picture, row)
        x = F.pad(m.read(picture[:, row : row + 1]), (3, 0, 0, 0))[..., column : column + 3]
        h = m.h_in(x) + m.position[:, :, row : row + 1, column : column + 1]  # [B, C, 1, 1]
        for layer, left, down in zip(m.layers, self.left, self.down, strict=True):
            left[..., column + 2 : column + 3] = h
            h = h + layer.h_out(gate(layer.horizontal(left[..., column : column + 3]) + down[..., column : column + 1]))
        return at_least_float32(m.head(F.relu(m.hidden(F.relu(h))))).flatten(1)

    def _vertical(self, picture: Tensor, row: int) -> None:
        """Everything that this row takes from the rows above it."""
        m = self.model
        rows = F.pad(m.read(picture), (2, 2, 2, 0))[:, :, row : row + 2]  # the two rows above
        v = m.v_in(rows) + m.position[:, :, row : row + 1]
        self.down = []
        for layer, above, left, label in zip(m.layers, self.above, self.left, self.labels, strict=True):
            above[:, :, 0], above[:, :, 1, 2:-2] = above[:, :, 1].clone(), v[:, :, 0]
            left.zero_()
            a = layer.vertical(above) + label
            self.down.append(layer.down(a))
            v = v + layer.v_out(gate(a))
