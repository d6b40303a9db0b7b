"""Checkers of notebook 18: differences with intervals, what they say, scores of predictions, halves that are apart."""

import torch
from scipy import stats

from .core import exercise
from .forms import Wrong, alike, need


def _apart(a, b):
    squares = a.var() / len(a), b.var() / len(b)
    free = (squares[0] + squares[1]) ** 2 / (squares[0] ** 2 / (len(a) - 1) + squares[1] ** 2 / (len(b) - 1))
    half = float(stats.t.ppf(0.975, float(free))) * (squares[0] + squares[1]).sqrt()
    return torch.stack([a.mean() - b.mean(), half])


@exercise(reference=_apart)
def apart(attempt) -> None:
    """The difference of two means and half its 95 % interval, by Welch."""
    for n, m in ((3, 3), (4, 3), (3, 6)):
        a, b = 0.8 + 0.05 * torch.randn(n).double(), 0.5 + 0.02 * torch.randn(m).double()
        found, right = attempt(a, b)
        need(torch.as_tensor(found).shape == (2,), "Two numbers: the difference, and half the interval.")
        va, vb = a.var(), b.var()
        error = (va / n + vb / m).sqrt()
        t = right[1] / error
        few, many = (float(stats.t.ppf(0.975, free)) for free in (min(n, m) - 1, n + m - 2))
        biased = (a.var(correction=0) / n + b.var(correction=0) / m).sqrt()
        pooled = (((n - 1) * va + (m - 1) * vb) / (n + m - 2) * (1 / n + 1 / m)).sqrt()
        halves = {
            "With so few trainings 1.96 is too short: the quantile of t, with its degrees of freedom.": 1.96 * error,
            "The degrees of freedom are Welch's, not n + m - 2: the two sides scatter differently.": many * error,
            "The degrees of freedom are Welch's, not those of the smaller side.": few * error,
            "The variance of trainings divides by n - 1: `var()` as it is, without correction=0.": t * biased,
            "A mean of n scatters less than one training: divide each variance by its n.": t * (va + vb).sqrt(),
            "That adds the standard errors. Variances add: the root of the sum of squares.": (
                t * ((va / n).sqrt() + (vb / m).sqrt())
            ),
            "That is the whole width: half of it, please.": 2 * right[1],
            "That is the standard error. The interval is t of them to either side.": error,
            "That pools both variances into one. Each side keeps its own: var / n of each, added.": many * pooled,
        }
        mistakes = {words: torch.stack([right[0], half]) for words, half in halves.items()}
        mistakes["The difference is turned around: the mean of a less the mean of b."] = right * torch.tensor([-1, 1])
        mistakes = {words: wrong for words, wrong in mistakes.items() if not alike(wrong, right)}
        attempt.compare(found, right, mistakes, "Not the difference of the means and t · √(var a / n + var b / m).")


YES, OPEN, NO = 1, 0, -1


def _decide(ahead, low, high, least, trainings):
    if high < least:
        return NO
    return YES if ahead >= least and low > 0 and trainings >= 3 else OPEN


CASES = [  # ahead, low, high, least, trainings
    (0.20, 0.10, 0.30, 0.05, 3),
    (0.20, 0.10, 0.30, 0.05, 1),
    (0.20, -0.10, 0.50, 0.05, 3),
    (0.03, 0.01, 0.09, 0.05, 3),
    (0.01, -0.02, 0.04, 0.05, 3),
    (0.01, -0.02, 0.04, 0.05, 1),
    (-0.20, -0.30, -0.10, 0.05, 3),
    (0.20, 0.10, 0.30, 0.05, 2),
    (0.06, 0.02, 0.10, 0.05, 4),
    (0.02, 0.01, 0.03, 0.05, 3),
]


@exercise(reference=_decide)
def decide(attempt) -> None:
    """1: ahead by what counts, clear of 0, with three trainings; -1: surely not by what counts; 0: open."""
    found, right = zip(*(attempt(*case) for case in CASES))
    if any(not isinstance(one, int | float | torch.Tensor) or float(one) not in (YES, OPEN, NO) for one in found):
        raise Wrong("Each answer is 1 (yes), -1 (no) or 0 (open).")

    def by(rule):
        return [rule(*case) for case in CASES]

    mistakes = {
        "One or two trainings name a winner: three are needed for a yes.": by(
            lambda a, lo, hi, m, n: _decide(a, lo, hi, m, 3)
        ),
        "A single training shows no defeat, you say. It may: if the interval ends below `least`, it is a no.": by(
            lambda a, lo, hi, m, n: _decide(a, lo, hi, m, n) if n >= 3 else OPEN
        ),
        "Ahead by less than `least` is called a win: what is ahead must also count.": by(
            lambda a, lo, hi, m, n: NO if hi < m else YES if lo > 0 and n >= 3 else OPEN
        ),
        "An interval that holds 0 is called a win.": by(
            lambda a, lo, hi, m, n: NO if hi < m else YES if a >= m and n >= 3 else OPEN
        ),
        "The whole interval must lie beyond `least`, you ask. That is more than the rule: it must be clear of 0.": by(
            lambda a, lo, hi, m, n: NO if hi < m else YES if lo >= m and n >= 3 else OPEN
        ),
        "No is only said where the other side is ahead. Level is a no, too: the interval ends below `least`.": by(
            lambda a, lo, hi, m, n: NO if hi < 0 else YES if a >= m and lo > 0 and n >= 3 else OPEN
        ),
        "What is open is called a no. An interval that is too wide denies nothing.": by(
            lambda a, lo, hi, m, n: YES if _decide(a, lo, hi, m, n) == YES else NO
        ),
        "What is no win is called open. If the interval ends below `least`, the claim fails.": by(
            lambda a, lo, hi, m, n: YES if _decide(a, lo, hi, m, n) == YES else OPEN
        ),
    }
    wrong = next((case for case, one, other in zip(CASES, found, right) if float(one) != other), CASES[0])
    case = "ahead {} [{}, {}], least {}, {} trainings".format(*wrong)
    attempt.compare(list(map(float, found)), list(map(float, right)), mistakes, f"For {case} it is {_decide(*wrong)}.")


def _score(chances, came):
    happened = torch.nn.functional.one_hot(came, chances.shape[1]).to(chances)
    return (chances - happened).square().sum(1)


@exercise(reference=_score)
def score(attempt) -> None:
    """The Brier score of each prediction, over all four verdicts."""
    for n in (3, 7):
        chances, came = torch.rand(n, 4).double().softmax(1), torch.randint(4, (n,))
        found, right = attempt(chances, came)
        need(torch.as_tensor(found).shape == (n,), f"One score a prediction, [{n}]: not their mean, nor one a verdict.")
        happened = torch.nn.functional.one_hot(came, 4).double()
        given = chances.gather(1, came[:, None])[:, 0]
        mistakes = {
            "Only the verdict that came is scored. The chances of the three others were said too: sum over all.": (
                (1 - given).square()
            ),
            "That is the mean over the four verdicts: the sum, so that sure and wrong costs 2.": right / 4,
            "Distances, not their squares: then to say what you believe would not be best.": (
                (chances - happened).abs().sum(1)
            ),
            "That is log loss: it punishes a chance of 0 without end. Squared errors, please.": -given.log(),
            "The root is too much: the sum of squares.": right.sqrt(),
            "Happened and did not happen have changed places.": (chances - 1 + happened).square().sum(1),
        }
        attempt.compare(found, right, mistakes, "Not the sum over verdicts of (chance - 1 if it came, else 0)².")


def _halves(source, u):
    first = torch.stack([(source == one).nonzero()[0, 0] for one in source])
    return u[first] < 0.5


def _planted(source, u):
    return u < u.median()


@exercise(reference=_halves, planted=_planted)
def halves(attempt) -> None:
    """Two halves that share no source: a source goes where its first contest's number says."""
    for n, k in ((30, 6), (40, 8), (60, 10)):
        source, u = torch.randint(k, (n,)), torch.rand(n)
        found, right = attempt(source, u)
        found = torch.as_tensor(found)
        need(found.shape == (n,), f"One answer a contest, [{n}], not {list(found.shape)}.")
        split = [one for one in source.unique().tolist() if len(found[source == one].unique()) > 1]
        if split:
            told = "It is still the planted one: contests" if alike(found, _planted(source, u)) else "Contests"
            raise Wrong(f"{told} of source {split[0]} are in both halves: what is tested was seen.")
        mistakes = {
            "The halves have changed places: below 0.5 is the first.": ~right,
            "The last contest of a source decides; the first should.": torch.stack(
                [u[(source == one).nonzero()[-1, 0]] < 0.5 for one in source]
            ),
            "The mean over a source's contests is near 0.5 for all: take its first contest's number.": torch.stack(
                [u[source == one].mean() < 0.5 for one in source]
            ),
            "Everything is in one half.": torch.ones_like(right),
            "Nothing is in the first half.": torch.zeros_like(right),
        }
        known = {words: wrong for words, wrong in mistakes.items() if not alike(wrong, right)}
        attempt.compare(
            found, right, known, "A source goes to the first half where its first contest's u is below 0.5."
        )
