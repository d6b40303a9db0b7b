"""Checkers of notebook 06: the law of guessing at once, hiding, revealing, and a sampler that masks once too often."""

import math

import torch

from ..methods import masked
from .core import exercise
from .forms import Wrong, need
from .gate import Noted


def _at_once(p):
    out = torch.ones_like(p)
    for place in range(p.ndim):
        out = out * p.sum([d for d in range(p.ndim) if d != place], keepdim=True)
    return out


@exercise(reference=_at_once)
def at_once(attempt) -> None:
    """The law of one step: a product of what each place does by itself."""
    for K, n in ((2, 2), (3, 2), (2, 4), (4, 3)):
        p = torch.rand((K,) * n, dtype=torch.float64) ** 3
        p /= p.sum()
        found, right = attempt(p)
        need(found.shape == p.shape, f"A law over {n} places of {K} values has shape {list(p.shape)}, as p has.")
        singles = [p.sum([d for d in range(n) if d != place]) for place in range(n)]
        mistakes = {
            "That is p itself: what should come out, not what guessing at once gives.": p,
            "Every picture is as likely: but a place alone still knows which values are frequent.": torch.full_like(
                p, K**-n
            ),
            "The places are swapped: the marginal of the first place belongs to the first axis.": right.permute(
                *range(n)[::-1]
            ),
            "Summed over its own axis a place is gone. Sum over all the other axes, and multiply.": math.prod(
                p.sum(place, keepdim=True) for place in range(n)
            ),
            "You add the marginals up. Independent means multiplied.": sum(
                single.view([K if d == place else 1 for d in range(n)]) for place, single in enumerate(singles)
            ),
        }
        total = f"The probabilities add up to {found.sum():.3f}, not to 1."
        otherwise = "This is not the product of the marginals of all places."
        attempt.compare(found, right, mistakes, total if abs(found.sum() - 1) > 1e-6 else otherwise)


def _hide(tokens, counts, mask, u):
    hidden = u.argsort(1).argsort(1) < counts[:, None]
    return tokens.masked_fill(hidden, mask), hidden


@exercise(reference=_hide, shipped=[masked.hide], gives="what is seen, and what is hidden")
def hide(attempt) -> None:
    """Hiding: as many as asked, those with the least chances, and nothing changed in place."""
    for B, T, K in ((4, 9, 5), (7, 12, 30)):
        tokens, u = torch.randint(K, (B, T)), torch.rand(B, T)
        counts = torch.cat([torch.tensor([1, T]), torch.randint(1, T + 1, (B - 2,))])
        (seen, hidden), (right_seen, right) = attempt(tokens, counts, K, u)
        need(hidden.shape == right.shape and seen.shape == right.shape, f"Both are [B, T], here {list(right.shape)}.")
        if torch.equal(hidden, ~right):
            raise Wrong("The wrong ones are hidden: you keep as many as you should hide.")
        if torch.equal(hidden, u < counts[:, None] / T) and not torch.equal(hidden, right):
            raise Wrong("A coin for each place hides about as many as asked, not exactly as many. Rank the chances.")
        if torch.equal(hidden, u.argsort(1).argsort(1) <= counts[:, None]):
            raise Wrong("One too many is hidden: the smallest has rank 0, so hidden are the ranks below counts.")
        need(
            torch.equal(hidden.sum(1), counts),
            f"{hidden.sum(1).tolist()} are hidden in the rows, asked for were {counts.tolist()}.",
        )
        if torch.equal(hidden, u.argsort(1) < counts[:, None]) and not torch.equal(hidden, right):
            raise Wrong(
                "The count is right, the places are not: u.argsort(1) lists places by rank. The rank of each place is "
                "its argsort. (As random it would be. But the exercise asks for the smallest u.)"
            )
        need(torch.equal(hidden, right), "The hidden places should be those with the smallest u of their row.")
        if torch.equal(seen, torch.where(hidden, tokens, K)):
            raise Wrong("`hidden` is right, but in `seen` the mask stands on what should be visible.")
        need(torch.equal(seen, right_seen), "In `seen` hidden places hold the mask, all others their token.")


def _reveal(tokens, guess, rank, count, mask):
    hidden = tokens == mask
    place = rank.masked_fill(~hidden, -math.inf).argsort(1, descending=True).argsort(1)
    return torch.where(hidden & (place < count[:, None]), guess, tokens)


@exercise(reference=_reveal)
def reveal(attempt) -> None:
    """One step: the best ranked of the hidden places, so many in each row; what is known stays."""
    for B, T, K in ((5, 8, 6), (3, 20, 9)):
        tokens, guess, rank = torch.randint(K, (B, T)), torch.randint(K, (B, T)), torch.randn(B, T)
        tokens, hidden = _hide(tokens, torch.randint(T // 2, T, (B,)), K, torch.rand(B, T))
        count = torch.stack([torch.randint(1, int(n), (1,))[0] for n in hidden.sum(1)])
        found, right = attempt(tokens, guess, rank, count, K)
        need(found.shape == right.shape, f"Tokens in, tokens out: [{B}, {T}].")
        ranked = rank.argsort(1, descending=True).argsort(1) < count[:, None]
        mistakes = {
            "All hidden tokens are revealed at once: reveal `count` of them in each row.": (
                torch.where(hidden, guess, tokens)
            ),
            "You reveal those that `rank` puts last. The highest rank comes first.": (
                _reveal(tokens, guess, -rank, count, K)
            ),
            "Known places take part in the ranking, so too few are revealed. Give them the rank -inf.": (
                torch.where(hidden & ranked, guess, tokens)
            ),
            "One more is revealed than asked for: the best has rank 0, so reveal the ranks below `count`.": (
                _reveal(tokens, guess, rank, count + 1, K)
            ),
        }
        otherwise, shown = "As many as asked, but not the best ranked with their own guesses.", (hidden & (found != K))
        if not torch.equal(found[~hidden], tokens[~hidden]):
            otherwise = "Known tokens have changed: what is known stays, whatever is guessed there."
        elif torch.equal(shown.sum(1), hidden.sum(1).clamp(max=count[0])):
            otherwise = "Every row reveals as many as the first: `count` is [B], one number a row."
        elif not torch.equal(shown.sum(1), count):
            otherwise = f"{shown.sum(1).tolist()} are revealed, asked for were {count.tolist()}."
        attempt.compare(found, right, mistakes, otherwise)


def _maskgit(answer, shape, mask, steps):
    B, T = shape
    tokens = torch.full((B, T), mask)
    for i in range(steps):
        guess, log_p = answer(tokens, i)
        guess = torch.where(tokens == mask, guess, tokens)
        sure = log_p.masked_fill(tokens != mask, math.inf)
        left = max(1, math.floor(T * math.cos(math.pi / 2 * (i + 1) / steps)))
        least = sure.argsort(1)[:, :left]
        tokens = guess.scatter(1, least, mask)
    return guess


def _planted(answer, shape, mask, steps):
    B, T = shape
    tokens = torch.full((B, T), mask)
    for i in range(steps):
        guess, log_p = answer(tokens, i)
        guess = torch.where(tokens == mask, guess, tokens)
        sure = log_p.masked_fill(tokens != mask, math.inf)
        left = max(1, math.floor(T * math.cos(math.pi / 2 * (i + 1) / steps)))
        least = sure.argsort(1)[:, :left]
        tokens = guess.scatter(1, least, mask)
    return tokens


@exercise(reference=_maskgit, planted=_planted, shipped=[masked.sample])
def maskgit(attempt) -> None:
    """MaskGIT's sampler: ids are returned before the last re-masking."""
    for B, T, K, steps in ((3, 12, 40, 4), (2, 49, 1000, 8), (4, 9, 30, 1)):
        guess, log_p = torch.randint(K, (steps + 2, B, T)), torch.randn(steps + 2, B, T)

        def table(tokens, i, guess=guess, log_p=log_p):
            return guess[min(i, len(guess) - 1)], log_p[min(i, len(guess) - 1)]

        answer, twin = Noted(table), Noted(table)
        found, right = attempt(answer, (B, T), K, steps)
        broken = _planted(twin, (B, T), K, steps)
        need(found.shape == (B, T), f"Tokens of {B} pictures are [{B}, {T}].")
        left = int((found == K).sum(1).max())
        if left:
            raise Wrong(f"With {steps} steps {left} of {T} places are still the mask in some picture. Where is it put?")
        need(
            len(answer.asked) == steps,
            f"The network was asked {len(answer.asked)} times in {steps} steps. The missing token has been guessed "
            "already: no other pass is needed.",
        )
        if torch.equal(found.where(broken != K, right), right) and not torch.equal(found, right):
            raise Wrong("The mask is painted over with some other token. The network had a guess for that place.")
        now, wanted = ([int((x == K).sum(1)[0]) for x, _ in each.asked] for each in (answer, twin))
        need(now == wanted, f"Before each step {now} places are hidden, it should be {wanted}: leave the schedule.")
        last = guess[steps - 1]
        mistakes = {"What was known is guessed afresh: return the guesses with the known tokens in place.": last}
        attempt.compare(found, right, mistakes, "No mask is left, but these are not the guesses of the last step.")
