"""Checkers of notebook 16: who sees whom in blocks, what hiding by count weighs, what writing together loses."""

import torch

from ..methods import bridges
from .core import exercise
from .forms import Wrong, alike, need


def _in_blocks(T, block):
    place = torch.arange(T)
    blocks = place // block
    clean = place[None] <= place[:, None]
    above = torch.cat([clean, torch.zeros(T, T, dtype=torch.bool)], 1)
    below = torch.cat([blocks[None] < blocks[:, None], blocks[None] == blocks[:, None]], 1)
    return torch.cat([above, below])


def _patched(T, block, rows, columns, part):
    """The right mask with one quarter replaced: rows and columns 0 (clean) or 1 (copies)."""
    out = _in_blocks(T, block)
    out[rows * T : (rows + 1) * T, columns * T : (columns + 1) * T] = part
    return out


@exercise(reference=_in_blocks)
def in_blocks(attempt) -> None:
    """Who sees whom in the doubled sequence: clean places by the token, copies within their block and clean before."""
    for T, block in ((6, 2), (8, 4), (10, 3), (9, 9)):
        place = torch.arange(T)
        i, j, a, b = place[:, None], place[None], place[:, None] // block, place[None] // block
        found, right = attempt(T, block)
        need(
            found.shape == right.shape,
            f"{T} clean places and {T} copies: the mask is [{2 * T}, {2 * T}], not {list(found.shape)}.",
        )
        mistakes = {
            "Rows look, columns are seen: you have turned the mask around.": right.T,
            "A copy sees the clean tokens of its own block, and there stands the answer: earlier blocks only.": (
                _patched(T, block, 1, 0, b <= a)
            ),
            "A copy sees all clean tokens before its place, and so the answers of its neighbours in the block.": (
                _patched(T, block, 1, 0, j < i)
            ),
            "Copies see copies of earlier blocks too. Those blocks are written by then: it sees them clean.": (
                _patched(T, block, 1, 1, b <= a)
            ),
            "Within its block a copy sees all copies, those after it too: nothing there has an order yet.": (
                _patched(T, block, 1, 1, (a == b) & (j <= i))
            ),
            "Clean places see the whole of their block. Then what is kept of them fits one size of block only: by the "
            "token, please.": _patched(T, block, 0, 0, b <= a),
            "A clean place does not see itself: it is given, nothing is predicted there.": (
                _patched(T, block, 0, 0, j < i)
            ),
            "Clean places see copies: what is kept of them would depend on what was hidden.": (
                _patched(T, block, 0, 1, b < a)
            ),
        }
        known = {words: wrong for words, wrong in mistakes.items() if not torch.equal(wrong, right)}
        attempt.compare(found, right, known, "This is not who may see whom; draw your mask and look.")


def _weigh(u, v, block):
    ranks = v.unflatten(1, (-1, block)).argsort(2).argsort(2)
    counts = (u * block).long() + 1
    return ((ranks < counts[..., None]) * block / counts[..., None]).flatten(1)


def _weighed(u, v, block, counts, size):
    """Hiding with other counts `[B, blocks]` or another weight."""
    ranks = v.unflatten(1, (-1, block)).argsort(2).argsort(2)
    return ((ranks < counts[..., None]) * size).flatten(1)


@exercise(reference=_weigh, shipped=[bridges.weights])
def weigh(attempt) -> None:
    """Hiding by count: n of each block, those with the least v, and each weighs block / n."""
    for B, blocks, block in ((4, 3, 4), (6, 2, 5), (3, 6, 1)):
        u, v = torch.rand(B, blocks), torch.rand(B, blocks * block)
        u[0, 0], u[0, 1] = 0.01, 0.99
        found, right = attempt(u, v, block)
        need(found.shape == right.shape, f"One weight a place, {list(right.shape)}, not {list(found.shape)}.")
        n = (u * block).long() + 1
        wide = n[..., None].float()
        mistakes = {
            "Hidden places weigh 1: then a block of which much is hidden counts for more. Each weighs block / n.": (
                _weighed(u, v, block, n, torch.ones_like(wide))
            ),
            "That is n / block, the other way round: few hidden ones stand for the whole block.": (
                _weighed(u, v, block, n, wide / block)
            ),
            "They add up to 1 in a block, and should add up to its size: multiply by block.": (
                _weighed(u, v, block, n, 1 / wide)
            ),
            "Counts run from 0: a block of which nothing is hidden teaches nothing. Add 1.": (
                _weighed(u, v, block, n - 1, block / (wide - 1).clamp(min=1))
            ),
            "A coin for each place hides about as many, not as many: rank v within its block.": (
                (v.unflatten(1, (-1, block)) < u[..., None]) * block / wide
            ).flatten(1),
            "`argsort` once lists places by rank; the rank of each place is its argsort.": (
                ((v.unflatten(1, (-1, block)).argsort(2) < n[..., None]) * block / wide).flatten(1)
            ),
            "Those with the largest v are hidden: take the smallest.": _weigh(u, -v, block),
        }
        known = {words: wrong for words, wrong in mistakes.items() if not alike(wrong, right)}
        attempt.compare(found, right, known, "In each block of b, the n places with the least v weigh b / n, others 0.")


def _lost(p):
    entropy = lambda q: -torch.special.xlogy(q, q).sum() / torch.tensor(2.0, dtype=q.dtype).log()  # noqa: E731
    alone = [p.sum([d for d in range(p.ndim) if d != place]) for place in range(p.ndim)]
    return sum(map(entropy, alone)) - entropy(p)


@exercise(reference=_lost)
def lost(attempt) -> None:
    """Total correlation in bits: what places cost apart, less what they cost together; 0 log 0 is 0."""
    for K, n in ((2, 2), (3, 2), (2, 3), (3, 3)):
        p = torch.rand((K,) * n, dtype=torch.float64) ** 3
        p.view(-1)[1] = 0  # some pictures never occur
        p /= p.sum()
        found, right = attempt(p)
        ln2 = torch.tensor(2.0, dtype=torch.float64).log()
        together = -torch.special.xlogy(p, p).sum() / ln2
        over = [p.sum(place) for place in range(n)]
        wrong = sum(-torch.special.xlogy(q, q).sum() for q in over) / ln2 - together
        mistakes = {
            "That is in nats: divide by ln 2.": right * ln2,
            "The other way round: apart it costs more than together, so the difference is not negative.": -right,
            "That is what they cost together, the entropy of p. What do they cost apart?": together,
            "That is what they cost apart. How much of it is lost?": right + together,
        }
        if n > 2:
            mistakes["You sum a place away and keep the others. A place alone: sum over all the other places."] = wrong
        attempt.compare(found, right, mistakes, "Not the sum of the entropies of the places less that of p, in bits.")


def _written_now(p, guess, left, certain):
    sure = p.amax(-1).masked_fill(~left, -1)
    first = torch.zeros_like(left).scatter(1, sure.argmax(1, keepdim=True), True)
    return left & (first | (sure >= certain))


def _planted(p, guess, left, certain):
    sure = p.gather(-1, guess[..., None])[..., 0].masked_fill(~left, -1)
    first = torch.zeros_like(left).scatter(1, sure.argmax(1, keepdim=True), True)
    return left & (first | (sure >= certain))


@exercise(reference=_written_now, planted=_planted)
def written_now(attempt) -> None:
    """Which places are written in a pass: the certain ones and the surest, chosen before anything is drawn."""
    for B, T, K in ((8, 6, 3), (5, 12, 4)):
        p = (3 * torch.randn(B, T, K)).softmax(-1)
        p[0, :2] = torch.tensor([0.98] + [0.02 / (K - 1)] * (K - 1))
        p[1] = (0.1 * torch.randn(T, K)).softmax(-1)  # nothing is certain there
        guess = torch.multinomial(p.flatten(0, 1), 1).view(B, T)
        guess[0, 0] = 1  # an unlikely draw at a certain place
        left = torch.rand(B, T) < 0.7
        left[:, 0], left[0, 1], left[1, 1] = True, True, False
        found, right = attempt(p, guess, left, 0.95)
        need(found.shape == right.shape, f"One answer a place, [{B}, {T}], not {list(found.shape)}.")
        if alike(found, _planted(p, guess, left, 0.95)):
            raise Wrong("It still asks how likely the *drawn* value was: so unlikely values are drawn again and again.")
        if (found & ~left).any():
            raise Wrong("Places that were written already are written again: only those of `left` may be.")
        if not found.any(1).all():
            raise Wrong("In a picture where nothing is certain nothing is written: then the passes never end.")
        again = attempt(p, (guess + 1) % K, left, 0.95)[0]
        if not alike(found, again):
            raise Wrong("With other draws you write other places. The choice must be made before anything is drawn.")
        mistakes = {
            "Everything that is left is written at once.": left,
            "Only the surest is written: the certain ones cost nothing, write them too.": _written_now(
                p, guess, left, 2
            ),
        }
        attempt.compare(found, right, mistakes, "Not the places with p >= certain for some value, and the surest one.")
