"""The exact law of scenes of which a part is seen: what a perfect model would answer. Built in notebook 14.

Given the ground, the cells are independent but for the number of objects. So the probability of all that can stand
in them is read from a polynomial in z: the product over cells of (does empty fit) + (number of kinds that fit) z.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.data import scenes
from course_lib.data.scenes import BOOK, EASY, GROUNDS, HELD, KINDS, Layout

PATCHES = scenes.NUMBER[tuple(scenes.TOKENS.unbind(-1))]  # ids of the four patches of every kind on every ground


class Oracle:
    """The law of a `layout`, or with `part="train"` that of its 56 kinds; tokens are ids of `BOOK`, then the mask.

    As a model it drives `masked.sample` by `oracle(tokens [B, T], labels) -> logits [B, T, V + 1]` and
    `autoregressive.sample` by its `decoder`; labels say nothing to it. Built in notebook 14.
    """

    mask_token = len(BOOK)

    def __init__(self, layout: Layout = EASY, part: str | None = None):
        self.layout = layout
        self.kinds = ~HELD if part == "train" else torch.ones_like(HELD)
        count, numbers = int(self.kinds[1:].sum()), range(1, layout.most + 1)
        ways = [len(GROUNDS) * layout.most * math.comb(layout.cells, k) * count**k for k in numbers]
        self.prior = 1 / torch.tensor([math.inf, *ways], dtype=torch.float64)  # of a scene with so many objects
        places = torch.arange(4 * layout.cells).view(1, layout.rows, 2, layout.columns, 2)
        self.order = places.transpose(2, 3).reshape(layout.cells, 4)  # where the patches of each cell stand

    def fit(self, tokens: Tensor) -> Tensor:
        """What each cell may show, bool `[B, grounds, cells, 65]`, where tokens `[B, T]` are seen or the mask."""
        seen = tokens.flatten(1).cpu()[:, None, self.order, None].transpose(-1, -2)  # B 1 C 1 4
        fit = (PATCHES[None, :, None] == seen) | (seen == self.mask_token)
        return fit.all(-1) & self.kinds

    def weights(self, fit: Tensor) -> Tensor:
        """The probability of a ground and a kind in a cell, with all that fits in the others, shaped like `fit`."""
        empty, objects = fit[..., 0].double(), fit[..., 1:].sum(-1).double()  # B G C
        others = F.one_hot(torch.tensor(0), len(self.prior)).double().expand(*empty.shape, -1)  # for each cell
        for cell in range(self.layout.cells):
            one = F.one_hot(torch.tensor(cell), self.layout.cells).bool()
            none, some = (x[..., cell, None].masked_fill(one, x0)[..., None] for x, x0 in ((empty, 1), (objects, 0)))
            others = none * others + some * F.pad(others[..., :-1], (1, 0))
        alone, beside = others @ self.prior, others[..., :-1] @ self.prior[1:]
        return fit * torch.cat([alone[..., None], beside[..., None].expand(*beside.shape, KINDS)], -1)

    def log_p(self, cells: Tensor, ground: Tensor, tokens: Tensor) -> Tensor:
        """Log-probability `[B]` of whole scenes given what is seen of them; -inf where it is not so."""
        fit = self.fit(tokens)
        same = F.one_hot(ground, len(GROUNDS)).bool()[:, :, None, None]
        scene = fit & same & F.one_hot(cells, KINDS + 1).bool()[:, None]
        whole, all_ = (self.weights(f)[:, :, 0].flatten(1).sum(1) for f in (scene, fit))
        return (whole / all_).log()

    def sample(self, tokens: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Whole scenes, `cells` [B, C] and `ground` [B], of the law given what is seen; ValueError where none is so."""
        fit, cells = self.fit(tokens), []
        for cell in range(self.layout.cells):
            weights = self.weights(fit)[:, :, cell].flatten(1)
            if bool((weights.sum(1) == 0).any()):
                raise ValueError(f"what is seen is part of no scene of {self.layout}: show less, or other tokens.")
            drawn = torch.multinomial(weights, 1, generator=generator)[:, 0]
            ground, kind = drawn // (KINDS + 1), drawn % (KINDS + 1)
            fit &= F.one_hot(ground, len(GROUNDS)).bool()[:, :, None, None]
            fit[:, :, cell] &= F.one_hot(kind, KINDS + 1).bool()[:, None]
            cells.append(kind)
        return torch.stack(cells, 1), ground

    def __call__(self, tokens: Tensor, labels: Tensor | None = None) -> Tensor:
        weights = self.weights(self.fit(tokens))[..., None].expand(-1, -1, -1, -1, 4)  # B G C 65 4
        ids = PATCHES[None, :, None].expand_as(weights)
        weights, ids = (x.permute(0, 2, 4, 1, 3).flatten(3) for x in (weights, ids))  # B C 4 ·
        p = torch.zeros(*weights.shape[:3], len(BOOK) + 1).double().scatter_add(-1, ids, weights)
        p = torch.empty_like(p.flatten(1, 2)).index_copy(1, self.order.flatten(), p.flatten(1, 2))
        return (p / p.sum(-1, keepdim=True)).log().view(*tokens.shape, -1)

    def decoder(self, labels: Tensor):
        """`(tokens [B, T], i) -> logits [B, V]` of the i-th token where only those before it are seen."""
        later = torch.arange(4 * self.layout.cells)
        return lambda tokens, i: self(tokens.masked_fill(later >= i, self.mask_token))[:, i, :-1]


class InBlocks:
    """Any masked model, such as the oracle, as one of `methods.bridges`: asked once for each block, with all that comes
    after it hidden. Built in notebook 16."""

    def __init__(self, model):
        self.model, self.mask_token = model, model.mask_token

    def __call__(self, x: Tensor, labels: Tensor | None, clean: Tensor, block: int) -> Tensor:
        out, later = [], torch.full_like(x, self.mask_token)
        for start in range(0, x.shape[1], block):
            stop = start + block
            seen = torch.cat([clean[:, :start], x[:, start:stop], later[:, stop:]], 1)
            out.append(self.model(seen, labels)[:, start:stop])
        return torch.cat(out, 1)


class Patient:
    """A law that gives all tokens alike where what is seen is part of no scene: who writes too much at once tears
    pictures, and goes on. Built in notebook 16."""

    def __init__(self, law: Oracle):
        self.law, self.mask_token = law, law.mask_token

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.law(x, labels).nan_to_num(nan=0.0, neginf=-math.inf)
