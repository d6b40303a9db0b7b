"""How a checker works, and the agreement of what a notebook builds with what the library ships."""

import dis
import functools
import os
from collections.abc import Callable, Iterable

import torch

from .own import place, watched


class Wrong(AssertionError):
    """The reader's answer is not right yet; the message names the mistake."""


def exercise(reference: Callable, planted: Callable | None = None, shipped: Iterable[Callable] = ()) -> Callable:
    """Make a checker out of `test(attempt)`, which raises `Wrong` (or fails an assert) where the attempt is wrong.

    `reference` is the course's own version. `planted` is the function with the planted bug, where the exercise is to
    find one: `test.unchanged(attempt)` may tell whether the attempt still behaves like it. `shipped` are functions of
    the library that do the same: a right answer that calls one of them, or the reference, is refused.
    """

    def wrap(test: Callable[[Callable], None]) -> Callable[[Callable], Callable]:
        @functools.wraps(test)
        def checker(attempt: Callable) -> Callable:
            if planted is not None and _same_code(attempt, planted):
                return _not_attempted(test, reference)
            if place(attempt) == place(reference):
                return _not_attempted(test, reference, "not attempted: this is the course's own version")
            tried, entered = watched(attempt, (reference, *shipped))
            try:
                test(tried)
            except NotImplementedError:
                return _not_attempted(test, reference)
            except AssertionError as error:
                raise Wrong(f"{test.__name__}: not yet. {error}") from None
            except Exception as error:
                raise Wrong(f"{test.__name__}: your code stopped with {type(error).__name__}: {error}") from error
            if entered:
                whose = f"right, but it is the course's own version that answers ({min(entered)})"
                raise Wrong(f"{test.__name__}: {whose}. Write it yourself; to skip the exercise, leave the stub.")
            print(f"✓ {test.__name__}: right.")
            return attempt

        checker.reference, checker.planted, checker.shipped = reference, planted, tuple(shipped)
        return checker

    return wrap


def _not_attempted(test: Callable, reference: Callable, why: str = "not attempted") -> Callable:
    if os.environ.get("COURSE_GRADING") == "1":
        raise Wrong(f"{test.__name__}: {why}.") from None
    print(f"{test.__name__}: not attempted yet; the notebook goes on with the course's own version.")
    return reference


def _same_code(a: Callable, b: Callable) -> bool:
    """Whether two functions do the same operations on the same constants and names."""
    a, b = getattr(a, "__code__", None), getattr(b, "__code__", None)
    return a is not None and b is not None and _operations(a) == _operations(b)


def _operations(code) -> list:
    """What a code object does, without docstrings, and without how a call is prepared: that differs with what the file
    around the function has imported, so it differs between a notebook and a checker.
    """
    kept = []
    for step in dis.get_instructions(code):
        name, value = step.opname.replace("LOAD_METHOD", "LOAD_ATTR"), step.argval
        if name in ("PUSH_NULL", "PRECALL", "CACHE", "NOP"):
            continue
        if name == "LOAD_CONST":
            value = _operations(value) if hasattr(value, "co_code") else None if isinstance(value, str) else repr(value)
        kept.append((name, None if "JUMP" in name or name == "FOR_ITER" else value))
    return kept


@torch.no_grad()
def same(ours, shipped, what: str = "", tolerance: float = 1e-5) -> None:
    """The agreement cell: what was built here is what `course_lib` gives, to `tolerance` (tensors or tuples)."""
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
    print(f"✓ {what or 'agreement'}: what you built is what course_lib ships (largest difference {largest:.1g}).")
