"""Texts and pictures in one sequence, for one transformer that reads and writes both. Built in notebook 17."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .layers import MLP, at_least_float32, attention, norm, rotary_angles, time_features, turns
from .transformer import Transformer, TransformerConfig


@dataclass(frozen=True)
class JointConfig(TransformerConfig):
    """Shape of a `Joint`: texts of `context` words out of `classes`, the last of them always 0, which ends a text;
    pictures of `tokens`, or of `vector`s in one group, on the grid."""

    context: int = 18
    depth: int = 4


@dataclass(frozen=True)
class Segments:
    """Who sees whom: all earlier groups, and its own. The last `noisy` positions are copies that only their own group's
    copies see. In place of a `Mask`, for groups that are not in one row (Transfusion, arXiv 2408.11039)."""

    groups: tuple[int, ...]  # the number of the group of each position
    noisy: int = 0
    causal = full = False

    @property
    def length(self) -> int:
        return len(self.groups)

    def visible(self, device=None) -> Tensor:
        """Boolean `[T, T]`: row = who looks, column = what is seen."""
        group = torch.tensor(self.groups, device=device)
        copy = torch.arange(self.length, device=device) >= self.length - self.noisy
        earlier = (group[None, :] < group[:, None]) & ~copy[None, :]
        return earlier | (group[None, :] == group[:, None]) & (copy[None, :] == copy[:, None])


class Joint(Transformer):
    """One transformer over segments: texts `[B, L]`, word after word; pictures as tokens `[B, T]`, one after another
    too, or as vectors `[B, T, V]`, all of a picture at once, out of noise.

    `model(order, words [B, n, L], pictures [B, m, T(, V)])` gives the logits of all words and tokens; with
    `noisy [B, k, T, V]` at times `t [B, k]`, the last k pictures once more, the velocities of these. `order` says of
    each segment whether it is a picture. A position knows its place in its segment, and turns with the latter's number.
    """

    def __init__(self, config: JointConfig):
        super().__init__(config)
        c = self.config
        self.position = nn.Parameter(torch.randn(c.context + c.length + bool(c.tokens), c.width) * 0.5)
        self.begin = nn.Parameter(torch.randn(1 + bool(c.tokens), c.width) * 0.5)  # of a text, a picture of tokens
        self.say = nn.Linear(c.width, c.classes, bias=False)
        nn.init.zeros_(self.say.weight)
        if c.vector:
            self.time = nn.Sequential(nn.Linear(64, c.width), nn.SiLU(), nn.Linear(c.width, c.width))
            self.finish = MLP(c.width)  # as large as what composes tokens

    def forward(self, order, words: Tensor, pictures: Tensor, noisy: Tensor | None = None, t: Tensor | None = None):
        texts, shown, whole, k = iter(words.unbind(1)), iter(pictures.unbind(1)), bool(self.config.vector), 0
        parts = [(n, one, self.enter(one, next(shown if one else texts))) for n, one in enumerate(order)]
        if whole:  # copies of the last pictures come last; nobody reads a last picture clean
            parts, k = parts[: len(parts) - order[-1]], noisy.shape[1]
            copied = [n for n, one in enumerate(order) if one][pictures.shape[1] - k :]
            parts += [(n, True, self.enter(True, *x)) for n, *x in zip(copied, noisy.unbind(1), t.unbind(1))]
        sizes = [h.shape[1] for *_, h in parts]
        at = [(n, i, 100 * n + (0 if one and whole else i)) for n, one, h in parts for i in range(h.shape[1])]
        number, place, _ = torch.tensor(at, device=words.device).unbind(1)
        mask = Segments(tuple(group for *_, group in at), k * self.config.length)
        h = torch.cat([h for *_, h in parts], dim=1)  # [B, all positions, D]
        h = self.trunk(h, self.turn(number, place), lambda _, *qkv: attention(*qkv, mask)).split(sizes, dim=1)
        said = [self.speak(h) for (_, one, _), h in zip(parts, h) if not one]
        drawn = [self.predict(h[:, : self.config.length]) for (_, one, _), h in zip(parts, h) if one]
        drawn = drawn[len(drawn) - k :] if whole else drawn
        return torch.stack(said, 1) if said else words[..., None], torch.stack(drawn, 1) if drawn else noisy

    def enter(self, picture: bool, x: Tensor, t: Tensor | None = None) -> Tensor:
        """A segment, as far as it is written, as the network reads it `[B, n, D]`; clean, or at a time `[B]`."""
        c = self.config
        if picture and c.vector:
            t = x.new_zeros(len(x)) if t is None else t
            return self.read(x) + self.time(time_features(t, 64))[:, None] + self.position[c.context :]
        h = self.embed(x) if picture else self.label(x[:, : c.context - 1])
        h = torch.cat([self.begin[int(picture)].expand(len(x), 1, -1), h], dim=1)  # so that i stands where i is told
        return h + self.position[c.context * picture :][: h.shape[1]]

    def turn(self, number: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
        """The rotation of positions by the number of their segment and their place in it: distances, not numbers."""
        return turns(rotary_angles(number, place, self.config.width // self.config.heads))

    def speak(self, h: Tensor) -> Tensor:
        """Logits of words `[B, n, W]`."""
        return at_least_float32(self.say(norm(h)))

    def predict(self, h: Tensor, *rest, **more) -> Tensor:
        return super().predict(h + self.finish(norm(h)) if self.config.vector else h, *rest, **more)

    def talk(self) -> "Talk":
        """A conversation that begins."""
        return Talk(self)


class Talk:
    """A conversation whose past is kept as keys and values, so that a turn costs what is new in it.

    `hear(picture, x)` reads a whole segment; `next(picture, x [B, L], i)` gives logits for place i of the next one,
    asked with growing i; `velocity(x [B, T, V], t [B])` that of a picture under noise.
    """

    def __init__(self, model: Joint):
        self.model, self.number, self.past, self.done = model, 0, 0, 0
        self.kept = [()] * model.config.depth
        self.answers = model.answers().T if model.config.tokens else None

    @torch.no_grad()
    def hear(self, picture: bool, x: Tensor) -> None:
        self.done = self.past
        self._read(picture, self.model.enter(picture, x))
        self.past, self.number = self.done, self.number + 1

    @torch.no_grad()
    def next(self, picture: bool, x: Tensor, i: int) -> Tensor:
        self.done = min(self.done, self.past + i)  # what is not read yet; place i is told after i of them
        h = self._read(picture, self.model.enter(picture, x[:, :i])[:, self.done - self.past :])[:, -1:]
        return (self.model.predict(h, head=lambda h: h @ self.answers) if picture else self.model.speak(h))[:, 0]

    @torch.no_grad()
    def velocity(self, x: Tensor, t: Tensor) -> Tensor:
        return self.model.predict(self._read(True, self.model.enter(True, x, t), keep=False))

    def _read(self, picture: bool, h: Tensor, keep: bool = True) -> Tensor:
        """What the trunk gives for new positions `[B, n, D]`, after all that is done."""
        n, start = h.shape[1], self.done
        place = torch.arange(start - self.past, start - self.past + n, device=h.device)
        whole = picture and self.model.config.vector
        mask = None if whole else torch.ones(n, start + n, dtype=torch.bool, device=h.device).tril(start)

        def attend(layer: int, q: Tensor, *new: Tensor) -> Tensor:
            both = [torch.cat([old[:, :, :start], x], dim=2) for old, x in zip(self.kept[layer], new)] or new
            if keep:
                self.kept[layer] = both
            return F.scaled_dot_product_attention(q, *both, attn_mask=mask)

        h = self.model.trunk(h, self.model.turn(torch.full_like(place, self.number), place), attend)
        self.done += n if keep else 0
        return h
