"""How a checker works, and the agreement of what a notebook builds with what the library ships."""

import functools
import os
from collections.abc import Callable, Iterable

import torch

from .authorship import place, same_code
from .forms import Wrong, handed_on
from .gate import Attempt, Untouched, seeded

CHECKERS: dict[str, Callable] = {}  # every exercise of the course
LENT: set[str] = set()  # those whose course version the notebook goes on with


def exercise(
    reference: Callable, planted: Callable | None = None, shipped: Iterable[Callable] = (), **traits
) -> Callable:
    """Make a checker out of `test(attempt)`, in which `attempt(…)` gives the reader's answer and the course's.

    `reference` is the course's own version. `planted` is the function with the planted bug, where the exercise is to
    find one. `shipped` are functions of the library that do the same: a right answer that calls one of them, or the
    reference, is refused. `traits` tell the gate more: what a tuple `gives`, in words; whether the notebook trains
    through the answer (`trained`); and what an error means whose text contains … (`stops`, a dict).
    """

    def wrap(test: Callable[[Attempt], None]) -> Callable[[Callable], Callable]:
        name = test.__name__

        def trial(answer: Callable, seed: int = 0) -> Attempt:
            """Try an answer on the cases of a seed; `Wrong` says what is wrong, `Untouched` that it is the stub."""
            return _through(test, Attempt(answer, reference, shipped, **traits), seed)

        @functools.wraps(test)
        def checker(answer: Callable) -> Callable:
            if planted is not None and same_code(answer, planted):
                return _lent(name, reference)
            if place(answer) == place(reference):
                return _lent(name, reference, "not attempted: this is the course's own version")
            try:
                tried = trial(answer)
            except Untouched:
                return _lent(name, reference)
            except Wrong as error:
                raise Wrong(f"{name}: not yet. {error}") from error.__cause__
            if tried.entered:
                whose = f"right, but it is the course's own version that answers ({min(tried.entered)})"
                raise Wrong(f"{name}: {whose}. Write it yourself; to skip the exercise, leave the stub.")
            LENT.discard(name)
            print(f"✓ {name}: right.")
            if not tried.converted:
                return answer
            print(f"  You gave {', '.join(sorted(tried.converted))}: the notebook goes on with it converted.")
            return handed_on(answer, tried.right)

        checker.reference, checker.planted, checker.shipped, checker.trial = reference, planted, tuple(shipped), trial
        CHECKERS[name] = checker
        return checker

    return wrap


def _through(test: Callable, tried: Attempt, seed: int) -> Attempt:
    with seeded(seed), torch.enable_grad():
        try:
            test(tried)
        except (Wrong, Untouched):
            tried.verdict()  # what an earlier case has shown comes first
            raise
        except Exception as error:
            tried.verdict()
            raise Wrong(f"What you gave can't be compared ({type(error).__name__}: {error})") from error
        tried.verdict()
        tried.keeps()
        tried.trains()
    return tried


def _lent(name: str, reference: Callable, why: str = "not attempted") -> Callable:
    if os.environ.get("COURSE_GRADING") == "1":
        raise Wrong(f"{name}: {why}.") from None
    LENT.add(name)
    print(f"{name}: not attempted yet; the notebook goes on with the course's own version.")
    return reference


@torch.no_grad()
def same(ours, shipped, what: str = "", tolerance: float = 1e-5) -> None:
    """The agreement cell: what was built here is what `course_lib` gives, to `tolerance` (tensors or tuples).

    Exercises that were skipped are named: what was lent for them is the course, compared with itself.
    """
    pairs = list(zip(ours, shipped, strict=True)) if isinstance(ours, (tuple, list)) else [(ours, shipped)]
    largest = 0.0
    for a, b in pairs:
        a, b = torch.as_tensor(a).cpu(), torch.as_tensor(b).cpu()  # float64 is at home there
        if a.shape != b.shape:
            raise AssertionError(f"{what}: shapes differ, {tuple(a.shape)} here and {tuple(b.shape)} in course_lib.")
        if a.numel():
            largest = max(largest, float((a.double() - b.double()).abs().max()))
    if not largest <= tolerance:
        raise AssertionError(f"{what}: the largest difference is {largest:.2g}, more than {tolerance:g}.")
    said = "what you built is what course_lib ships" if not LENT else "the same as in course_lib"
    lent = f" It says nothing about what is lent: {', '.join(sorted(LENT))}." if LENT else ""
    print(f"✓ {what or 'agreement'}: {said} (largest difference {largest:.1g}).{lent}")
