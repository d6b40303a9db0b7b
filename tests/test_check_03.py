"""The exercises of notebook 03: right answers pass, usual mistakes are named; and its widget."""

import math

import pytest
import torch
from solutions import named

from course_lib import check, data
from course_lib.data.levels import from_levels, shrink, to_levels
from course_lib.networks import Transformer, TransformerConfig
from course_lib.show import play


def attention(scale=True, hide=-math.inf, before=True, mask=lambda past: past):
    """Attention, with what is usually got wrong."""

    def causal_attention(q, k, v):
        scores = q @ k.transpose(-1, -2)
        scores = scores / math.sqrt(q.shape[-1]) if scale else scores
        past = mask(torch.ones(q.shape[-2], q.shape[-2]).tril() > 0)
        return scores.masked_fill(~past, hide).softmax(-1) @ v if before else scores.softmax(-1) * past @ v

    return causal_attention


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (attention(before=False), "after the softmax"),
        (attention(mask=torch.ones_like), "sees the future"),
        (attention(mask=lambda past: past.T), "transposed"),
        (attention(scale=False), "not divided by √d"),
        (lambda q, k, v: attention()(q, k / math.sqrt(q.shape[-1]), v), "by d, not by √d"),
        (attention(mask=lambda past: past.tril(-1), hide=-1e9), "does not see itself"),
        (attention(hide=0.0), "e⁰ is 1"),
        (attention(mask=lambda past: past.tril(-1)), "NaN"),
        (lambda q, k, v: v, "weighted means"),
        (lambda q, k, v: v[0], "shape"),
    ],
)
def test_wrong_attention_is_named(attempt, message):
    named(check.causal_attention, attempt, message)


def turned(angles=None, halves=True, sign=1):
    """Rotary positions, with what is usually got wrong."""

    def rotary(x, rows, columns):
        d = x.shape[-1]
        slow, fast = (100.0 ** -(torch.arange(n) / n) for n in (d // 4, d // 2))
        right = torch.cat([rows[:, None] * slow, columns[:, None] * slow], -1)
        turns = sign * (right if angles is None else angles(rows[:, None], columns[:, None], slow, fast))
        a, b = x.chunk(2, -1) if halves else (x[..., ::2], x[..., 1::2])
        parts = a * turns.cos() - b * turns.sin(), b * turns.cos() + a * turns.sin()
        return torch.cat(parts, -1) if halves else torch.stack(parts, -1).flatten(-2)

    return rotary


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (turned(lambda r, c, slow, fast: (r * (c.max() + 1) + c) * fast), "reading order"),
        (turned(lambda r, c, slow, fast: (r + c) * torch.cat([slow, slow])), r"row \+ column"),
        (turned(lambda r, c, slow, fast: torch.cat([c * slow, r * slow], -1)), "swapped"),
        (turned(sign=-1), "other way round"),
        (turned(lambda r, c, slow, fast: torch.cat([r * slow, 0 * c * slow], -1)), "Only the rows"),
        (turned(lambda r, c, slow, fast: torch.cat([(r + 1) * slow, (c + 1) * slow], -1)), "counted from 1"),
        (turned(halves=False), r"pair \(0, 1\)"),
        (turned(lambda r, c, slow, fast: torch.cat([r * slow, c * slow], -1) / 2), "other angles"),
    ],
)
def test_wrong_positions_are_named(attempt, message):
    named(check.rotary, attempt, message)


def kept(rule, undo=True, cut=-math.inf):
    """A nucleus: `rule(share, cumulative, p)` says what goes."""

    def nucleus(logits, p):
        ordered, order = logits.sort(-1, descending=True)
        share = ordered.softmax(-1)
        gone = rule(share, share.cumsum(-1), p)
        return logits.masked_fill(gone.gather(-1, order.argsort(-1)) if undo else gone, cut)

    return nucleus


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (kept(lambda share, total, p: total > p), "token that crosses p|keeps nothing"),
        (kept(lambda share, total, p: (total > p) & (total > share)), "drop the token that crosses p"),
        (kept(lambda share, total, p: total - share >= p, undo=False), "undo the sort"),
        (kept(lambda share, total, p: total - share >= p, cut=0.0), "Nothing is cut"),
        (kept(lambda share, total, p: total - 2 * share >= p), "more than needed"),
        (lambda logits, p: kept(lambda s, t, p: t - s >= p)(logits, p).softmax(-1), "probabilities"),
        (lambda logits, p: 2 * kept(lambda s, t, p: t - s >= p)(logits, p), "keep its proportions"),
    ],
)
def test_wrong_nuclei_are_named(attempt, message):
    named(check.nucleus, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda both, w: both[1::2] + w * (both[::2] - both[1::2]) + 0 * w, "every second row"),
        (lambda both, w: (1 + w) * both.chunk(2)[0] - w * both.chunk(2)[1], "scale of the paper"),
        (lambda both, w: both.chunk(2)[0] + w * (both.chunk(2)[1] - both.chunk(2)[0]), "swapped"),
        (lambda both, w: torch.lerp(*both.softmax(-1).chunk(2)[::-1], w), "mix probabilities"),
        (lambda both, w: torch.lerp(*both.softmax(-1).chunk(2)[::-1], w).clamp(min=1e-9).log(), "mix probabilities"),
        (lambda both, w: both, "shape"),
    ],
)
def test_wrong_guidance_is_named(attempt, message):
    named(check.guided, attempt, message)


def root(cov):
    values, vectors = torch.linalg.eigh(cov)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def cross(A, B):
    return torch.linalg.eigvalsh(root(A) @ B @ root(A)).clamp(min=0).sqrt().sum()


def apart(
    means=lambda gap: gap.square().sum(),
    cov=lambda x: x.T.cov(),
    rooted=cross,
    parts=lambda means, traces, cross: means + traces - 2 * cross,
):
    """The Fréchet distance, with what is usually got wrong."""

    def frechet(a, b):
        A, B = cov(a), cov(b)
        return float(parts(means(a.mean(0) - b.mean(0)), A.trace() + B.trace(), rooted(A, B)))

    return frechet


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda a, b: apart()(a, b) ** 0.5, "no root at the end"),
        (apart(means=lambda gap: 0 * gap.sum()), "means are missing"),
        (apart(means=torch.Tensor.norm), "counts squared"),
        (apart(means=lambda gap: gap.square().mean()), "sum the squares"),
        (apart(parts=lambda means, traces, cross: means), "Only the means"),
        (apart(parts=lambda means, traces, cross: means + traces), "cross term is missing"),
        (apart(parts=lambda means, traces, cross: means + traces - cross), "counts twice"),
        (apart(parts=lambda means, traces, cross: means + traces + 2 * cross), "goes off, not on"),
        (apart(rooted=lambda A, B: (A @ B).trace()), "No root is taken"),
        (apart(rooted=lambda A, B: (root(A) @ root(B)).trace()), "not the product of the roots"),
        (apart(rooted=lambda A, B: (A @ B).sqrt().trace()), "each number in it|NaN"),
        (apart(rooted=lambda A, B: (A @ B).clamp(min=0).sqrt().trace()), "each number in it"),
        (apart(rooted=lambda A, B: (A.diagonal() * B.diagonal()).sqrt().sum()), "Only the variances"),
        (apart(rooted=lambda A, B: torch.linalg.eigvalsh(A @ B).clamp(min=0).sqrt().sum()), "wants a symmetric matrix"),
        (apart(rooted=lambda A, B: torch.linalg.eigvalsh(root(A) @ B @ root(A)).sqrt().sum()), "There is NaN"),
        (apart(cov=lambda x: x.T @ x / (len(x) - 1)), "about the mean"),
        (apart(cov=lambda x: x.T.cov(correction=0)), "N - 1"),
        (apart(cov=torch.Tensor.cov), r"cov\(\) wants a feature in each row"),
        (lambda a, b: apart(cov=torch.Tensor.cov)(a, b) if len(a) == len(b) else apart()(a, b), r"a\.T\.cov"),
        (lambda a, b: 1.2 * apart()(a, b), "Two bells .* = 11.25. You give 13.5"),
        (lambda a, b: apart()(a, b) + len(a) // 20, "Which of the three parts"),
        (lambda a, b: a.mean(0) - b.mean(0), "one number"),
    ],
)
def test_wrong_distances_are_named(attempt, message):
    named(check.frechet, attempt, message)


# The widget


@pytest.fixture(scope="module")
def dials():
    torch.manual_seed(0)
    model = Transformer(TransformerConfig(grid=(14, 14), tokens=16, classes=10, width=16, depth=1, heads=2)).eval()
    torch.nn.init.normal_(model.head.weight)  # a fresh head is zero: all levels alike, whatever the dials say
    test = data.load("fashion", "test")[:100]
    minis = from_levels(to_levels(shrink(test.pixels, 2), 16), 16)
    return play.Dials(model, data.Pictures(minis, test.labels, None, test.names), levels=16)


@pytest.mark.parametrize("change", [{"temperature": 0.5}, {"seed": 4}, {"top_p": 0.3}, {"top_k": 1}])
def test_a_turned_dial_draws_other_pictures(dials, change):
    for name, value in {"temperature": 1.0, "seed": 0, "top_p": 1.0, "top_k": 0}.items():
        setattr(dials, name, value)
    before = dials.shown
    for name, value in change.items():
        setattr(dials, name, value)
    assert len(dials.shown) == 8 * 14 * 14 and dials.shown != before


def test_the_status_says_what_was_recognised_and_how_varied_it_is(dials):
    dials.label = 3
    assert "of 8 are what was asked for" in dials.status and "variety" in dials.status
    dials.label = 10
    assert dials.status.startswith("taken for ")


def test_a_dial_out_of_range_raises(dials):
    with pytest.raises(ValueError, match="temperature=-1"):
        dials.temperature = -1.0
    dials.temperature = 1.0


def test_the_static_frame_shows_nine_settings_in_words_too(dials):
    fig = dials.frame()
    assert "temperatures" in fig.alt and len(fig.png()) > 1000


def test_real_pictures_are_as_varied_as_real_pictures(dials):
    labels = dials.labels[:40]
    assert dials.variety(dials.real[:40], labels) == pytest.approx(1, abs=0.15)
