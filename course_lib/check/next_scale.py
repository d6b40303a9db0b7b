"""Checkers of notebook 07: residual codes with a planted bug, inputs from coarser scales, the mask, the sampler."""

import torch
import torch.nn.functional as F

from ..methods import guidance, next_scale
from ..networks import MultiScale, MultiScaleConfig, layers
from ..networks.quantizers import nearest
from .core import exercise
from .forms import Wrong, need
from .gate import Noted

SCALES = ((1, 2, 4, 7), (1, 3, 5))


def _pyramid(codebook, scales) -> MultiScale:
    of = MultiScale(MultiScaleConfig(tuple(scales), *codebook.shape)).to(codebook.device).requires_grad_(False)
    of.vq.codebook.copy_(codebook)
    return of


def _encode_scales(latents, codebook, scales):
    of = _pyramid(codebook, scales)
    tokens = of.encode(latents)
    return tokens, latents - of.decode(tokens)


def _planted(latents, codebook, scales):
    left, tokens = latents, []
    for s in scales:
        vectors = F.adaptive_avg_pool2d(left, s).permute(0, 2, 3, 1)  # [B, s, s, d]
        index = (codebook.square().sum(1) - 2 * vectors @ codebook.T).argmin(-1)
        tokens.append(index.flatten(1))
        left = left - F.interpolate(vectors.permute(0, 3, 1, 2), latents.shape[-2:], mode="bicubic")
    return torch.cat(tokens, 1), left


@exercise(
    reference=_encode_scales, planted=_planted, shipped=[MultiScale.encode], gives="tokens, and what is left over"
)
def encode_scales(attempt) -> None:
    """Residual codes from coarse to fine: what is left over is what the codes have not said."""
    for scales in SCALES:
        latents, codebook = torch.randn(3, 3, scales[-1], scales[-1]), torch.randn(60, 3) * 0.7
        of, ((tokens, left), (right, rest)) = _pyramid(codebook, scales), attempt(latents, codebook, scales)
        need(
            tokens.shape == right.shape,
            f"Tokens should have shape {list(right.shape)}, not {list(tokens.shape)}.",
        )
        means = [F.adaptive_avg_pool2d(latents, s).permute(0, 2, 3, 1) for s in scales]
        mistakes = {
            "Every scale codes the latents themselves. A finer scale codes what the coarser ones left.": (
                torch.cat([nearest(x, codebook).flatten(1) for x in means], 1)
            ),
            "Still her tokens. The decoder will never see `vectors`, only their codes: so what has been said at this "
            "scale, and must be taken away?": _planted(latents, codebook, scales)[0],
            "Places run column by column. Row by row, as everywhere.": torch.cat(
                [x.view(-1, s, s).mT.flatten(1) for x, s in zip(right.split([s * s for s in scales], 1), scales)], 1
            ),
        }
        inside = bool(((tokens >= 0) & (tokens < len(codebook))).all())
        need(inside, f"Tokens are rows of the codebook, 0 to {len(codebook) - 1}; yours go to {int(tokens.max())}.")
        otherwise = "These are not the nearest codes to the means of what is left."
        if left.shape == latents.shape and not torch.allclose(latents - of.decode(tokens), left, atol=1e-4):
            otherwise = "latents - (the sum of the codes) - (what is left over) is not 0: it does not telescope."
        attempt.compare(tokens, right, mistakes, otherwise)
        mistakes = {
            "That is the sum of the codes. Left over is what they have not said: latents minus that sum.": (
                latents - rest
            ),
            "Nothing is taken away: left over are not the latents themselves.": latents,
        }
        need(left.shape == rest.shape, f"What is left over has the shape of the latents, {list(rest.shape)}.")
        telescopes = "latents - (the sum of the codes) - (what is left over) is not 0: it does not telescope."
        attempt.compare(left, rest, mistakes, telescopes)


def _scale_inputs(totals, scales):
    parts = [F.adaptive_avg_pool2d(total, s) for total, s in zip(totals, scales)]
    return torch.cat([part.flatten(2).transpose(1, 2) for part in parts], 1)


@exercise(reference=_scale_inputs, shipped=[MultiScale.inputs])
def scale_inputs(attempt) -> None:
    """What the network reads: for each scale the sum of the coarser ones, at its size."""
    for scales in SCALES:
        S, B, d = scales[-1], 2, 3
        totals = [torch.zeros(B, d, S, S), *torch.randn(len(scales) - 1, B, d, S, S)]
        for count in (len(scales), 2, 1):
            held = totals[:count]
            found, right = attempt(held, scales)
            if found.shape[-1] != d and found.numel() == right.numel():
                raise Wrong(f"One vector a place: [B, n, d] = {list(right.shape)}, not {list(found.shape)}.")
            need(
                found.shape == right.shape,
                f"With {count} of {len(scales)} totals the answer should be {list(right.shape)}, "
                f"not {list(found.shape)}: as many scales as there are totals.",
            )
            parts = [F.adaptive_avg_pool2d(total, s) for total, s in zip(held, scales)]
            last = [F.adaptive_avg_pool2d(held[-1], s) for _, s in zip(held, scales)]
            steps = [F.adaptive_avg_pool2d(a - b, s) for a, b, s in zip(held, [held[0], *held], scales)]
            corner = [total[..., :s, :s] for total, s in zip(held, scales)]
            sampled = [F.interpolate(total, size=(s, s)) for total, s in zip(held, scales)]
            smooth = [F.interpolate(total, size=(s, s), mode="bicubic") for total, s in zip(held, scales)]
            mistakes = {
                "Channels and places are mixed up: [B, d, s, s] must become [B, s·s, d]. Transpose, don't reshape.": (
                    torch.cat([part.reshape(B, -1, d) for part in parts], 1)
                ),
                "Places run column by column. Row by row, as everywhere.": _rows([p.transpose(2, 3) for p in parts]),
                "Every scale reads the last total: the coarse ones see finer codes, the answer leaks.": _rows(last),
                "That is what the last scale added. A scale reads the *sum* of all coarser ones.": _rows(steps),
                "You cut out a corner. A place of a coarse grid stands for the mean of its part.": _rows(corner),
                "You pick single places. Take means: F.adaptive_avg_pool2d(total, s).": _rows(sampled),
                "You interpolate. The pyramid shrinks by means: F.adaptive_avg_pool2d(total, s).": _rows(smooth),
            }
            otherwise = "Scale k should read totals[k], shrunk to s×s by means, row by row."
            attempt.compare(found, right, mistakes, otherwise)


def _rows(parts) -> torch.Tensor:
    return torch.cat([part.flatten(2).transpose(1, 2) for part in parts], 1)


def _block_causal(groups):
    return layers.Mask(tuple(groups)).visible()


@exercise(reference=_block_causal, shipped=[layers.Mask.visible])
def block_causal(attempt) -> None:
    """The block-causal mask: own scale and coarser ones, whole."""
    for groups in ((1, 4, 16), (2, 3), (1, 4, 9, 16), (5,)):
        T, (found, right) = sum(groups), attempt(groups)
        need(found.shape == (T, T), f"For groups {groups} the mask is [{T}, {T}], not {list(found.shape)}.")
        group = torch.repeat_interleave(torch.arange(len(groups)), torch.tensor(groups))
        mistakes = {
            "That is causal token by token. Within a scale everybody sees everybody.": torch.ones(T, T).tril() > 0,
            "Transposed: the row is who looks, the column is what is seen.": right.T,
            "A scale does not see itself; but then the first position sees nobody.": group[:, None] > group[None],
            "Only the own scale is visible. The coarser ones are visible too.": group[:, None] == group[None],
            "Only own and next coarser scale are visible. All coarser ones are.": (
                (group[:, None] - group[None]).clamp(min=-1).abs() <= 1
            )
            & right,
            "Everybody sees everything: the finest scale is visible from the coarsest.": torch.ones(T, T) > 0,
            "It is the other way round: True means visible.": ~right,
        }
        attempt.compare(found, right, mistakes, "Position i sees j where scale(j) <= scale(i), and nowhere else.")


def _draw_scales(model, labels, inputs, groups, w, draw):
    tokens = torch.zeros(len(labels), 0, dtype=torch.long, device=labels.device)
    for k, size in enumerate(groups):
        scale = 1 + (w - 1) * k / (len(groups) - 1)
        logits = guidance.guided(model, scale)(inputs(tokens), labels)[:, -size:]
        tokens = torch.cat([tokens, draw(logits)], 1)
    return tokens


class _Rehearsal:
    """A model and a pyramid in closed form that notice how they are used; tokens are drawn greedily."""

    null, K = 3, 40

    def __init__(self, groups):
        self.groups, self.ends = groups, [sum(groups[:k]) for k in range(len(groups) + 1)]
        self.table = torch.randn(self.null + 1, self.ends[-1], self.K) * 2
        self.turn = torch.randn(self.K, self.K)

    def inputs(self, tokens):
        if tokens.is_floating_point() or tokens.ndim != 2 or tokens.shape[1] not in self.ends[:-1]:
            raise Wrong(
                f"`inputs` takes the tokens of the whole scales so far, [B, n] with n in {self.ends[:-1]}, "
                f"not {tokens.dtype} of shape {list(tokens.shape)}."
            )
        n = self.ends[self.ends.index(tokens.shape[1]) + 1]
        return (tokens + 1).sum(1).view(-1, 1, 1).expand(-1, n, 1).float()

    def __call__(self, features, labels):
        if features.ndim != 3 or features.shape[1] not in self.ends[1:]:
            raise Wrong("The model reads the features that `inputs(tokens)` gives: one scale more than is drawn.")
        return self.table[labels, : features.shape[1]] + self.turn[features[..., 0].long() % self.K]

    def draw(self, logits):
        if logits.shape[1] not in self.groups:
            raise Wrong(
                f"`draw` got logits of {logits.shape[1]} places. It draws the newest scale alone: the last ones."
            )
        return logits.argmax(-1)


@exercise(reference=_draw_scales, shipped=[next_scale.sample])
def draw_scales(attempt) -> None:
    """The sampler: one pass a scale, the last scale's logits, guidance from 1 up to w."""
    for groups in ((1, 4, 9), (1, 4, 16, 25)):
        play, labels, last = _Rehearsal(groups), torch.tensor([0, 2, 1]), len(groups) - 1
        for w in (1.0, 3.0):
            draw = Noted(play.draw)
            found, right = attempt(play, labels, play.inputs, groups, w, draw)
            sizes = [logits.shape[1] for (logits,) in draw.asked]
            need(len(sizes) <= len(groups), f"{len(sizes)} draws for {len(groups)} scales: draw a whole scale at once.")
            need(
                sizes == list(groups),
                f"`draw` got logits of {sizes} places; it should get {list(groups)}: the newest scale.",
            )
            need(
                found.shape == right.shape,
                f"All tokens, [B, T] = {list(right.shape)}, not {list(found.shape)}.",
            )
            ramps = _wrong_ramps(w, torch.arange(len(groups)), last)
            mistakes = {message: _with(ramp, play, labels) for message, ramp in ramps.items()}
            otherwise = f"With w = {w:g} these are not the tokens: 1 + (w - 1) · k / (K - 1) at scale k."
            attempt.compare(found, right, mistakes, otherwise)


def _wrong_ramps(w, k, last) -> dict[str, torch.Tensor]:
    return {
        "There is no ramp: every scale has the guidance w.": w + 0 * k,
        "The ramp starts at 0, the model without a class. It starts at 1.": w * k / last,
        "The ramp ends at w + 1: the paper's scale is w - 1.": 1 + w * k / last,
        "The ramp does not reach w: the last scale has number K - 1.": 1 + (w - 1) * k / (last + 1),
        "Scale 0 has the guidance 1: count from 0.": 1 + (w - 1) * (k + 1) / (last + 1),
        "The ramp runs backwards: 1 at the coarsest scale, w at the finest.": w - (w - 1) * k / last,
        "There is no guidance at all.": 1 + 0 * k,
        "The halves are swapped: uncond + scale · (cond - uncond).": -(w - 1) * k / last,
    }


def _with(ramp, play, labels):
    tokens = torch.zeros(len(labels), 0, dtype=torch.long)
    for k in range(len(play.groups)):
        cond, uncond = (play(play.inputs(tokens), y) for y in (labels, torch.full_like(labels, play.null)))
        logits = guidance.combine(cond, uncond, float(ramp[k]))[:, -play.groups[k] :]
        tokens = torch.cat([tokens, logits.argmax(-1)], 1)
    return tokens
