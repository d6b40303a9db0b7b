"""The gate that every answer goes through: cloned inputs, the course's answer first, fixed seeds, a limit of time."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from .authorship import code_of, only_a_stub, watched
from .forms import Wrong, alike, copied, intact, names_of, need, shaped

SECONDS = 20  # for all calls of an answer: less than `course teach` gives a check (30)
STOPS = {"Can't call numpy() on Tensor that requires grad": "The notebook trains through it: stay with tensors."}


class Untouched(Exception):
    """The stub is as it was."""


class TooLong(BaseException):
    """Out of time. No Exception, so that an answer's own `except Exception` does not swallow it."""


@contextlib.contextmanager
def limited(seconds: float):
    """Raise `TooLong` after `seconds`, where a loop can be interrupted: in the main thread, not on Windows."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_):
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before or signal.SIG_DFL)


@contextlib.contextmanager
def seeded(seed: int):
    """torch's own CPU generator from `seed`; afterwards it goes on where it was."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)


class Noted:
    """A function for an answer to call: it keeps what it was asked with, and nobody can change its own tensors."""

    def __init__(self, function: Callable):
        self.function, self.asked = function, []

    def __call__(self, *asked):
        self.asked.append(copied(asked))
        return copied(self.function(*asked))


class Case(NamedTuple):
    """What was found and what is right in one case, what known mistakes would give, and what to say of any other."""

    found: object
    right: object
    mistakes: dict[str, object]
    otherwise: str


class Attempt:
    """The reader's function behind the gate. Called, it gives `(found, right)`: its answer and the course's."""

    def __init__(self, function: Callable, reference: Callable, shipped: Iterable[Callable], **traits):
        self.function, self.reference, self.traits = function, reference, traits
        self.run, self.entered = watched(function, (reference, *shipped))
        self.cases, self.converted, self.calls = [], set(), 0
        self.first, self.right, self.changed, self.left = (), None, None, SECONDS

    def __call__(self, *given):
        self.calls += 1
        self.first = self.first or given
        with seeded(self.calls):
            self.right = right = self.reference(*copied(given))
        for each in given:
            if isinstance(each, Noted):
                each.asked.clear()
        mine = copied(given)
        found = self._answer(mine)
        for name, before, after in zip(names_of(len(given), self.function, self.reference), given, mine, strict=True):
            if not intact(before, after):
                self.changed = self.changed or (name, "clone()" if isinstance(before, Tensor) else "copy()")
        return copied(shaped(found, right, self.traits.get("gives", ""), self.converted)), right

    def _answer(self, given):
        start = time.monotonic()
        try:
            with limited(self.left), seeded(100 + self.calls):
                return self.run(*given)
        except Wrong:
            raise
        except TooLong:
            raise Wrong(f"It did not end within {SECONDS} s: is there a loop that never stops?") from None
        except Exception as error:
            code, trace = code_of(self.function), error.__traceback__
            while trace.tb_next:
                trace = trace.tb_next
            if isinstance(error, NotImplementedError) and (code is None or trace.tb_frame.f_code is code):
                if code is None or only_a_stub(code):
                    raise Untouched from None
                raise Wrong(
                    "`raise NotImplementedError` is still there, and your code ran into it: delete it."
                ) from None
            for sign, hint in (STOPS | self.traits.get("stops", {})).items():
                if sign in str(error):
                    raise Wrong(f"{hint} ({error})") from error
            raise Wrong(f"Your code stopped with {type(error).__name__}: {error}") from error
        finally:
            self.left = max(1e-3, self.left - (time.monotonic() - start))

    def keeps(self) -> None:
        """Raise `Wrong` where an argument was changed in place."""
        if self.changed:
            name, clone = self.changed
            raise Wrong(
                f"The values are right, but you changed `{name}`, which you were given: it is still needed afterwards. "
                f"Make a new one (x = x + …, not x += …), or begin with {name} = {name}.{clone}."
            )

    def trains(self) -> None:
        """Gradients must reach whatever they reach in the course's version, where the notebook trains through it."""
        if not self.traits.get("trained"):
            return
        theirs, mine = (_reached(run, self.first) for run in (lambda given: self.reference(*given), self._answer))
        for name, wanted, there in zip(names_of(len(mine), self.function, self.reference), theirs, mine, strict=True):
            need(
                there or not wanted,
                f"The values are right, but no gradient reaches `{name}`, and the notebook trains through it: stay "
                "with tensors (no numpy, no .item(), no .detach()).",
            )

    def compare(self, found, right, mistakes: dict[str, object], otherwise: str) -> None:
        """Note a case. After the last one the mistake is named that explains every case, else `otherwise` is said."""
        self.cases.append(Case(found, right, mistakes, otherwise))

    def verdict(self) -> None:
        """Raise `Wrong` where a case that was compared is wrong."""
        wrong = next((case for case in self.cases if not alike(case.found, case.right)), None)
        if wrong is None:
            return
        for message in wrong.mistakes:
            if all(alike(case.found, case.mistakes[message]) for case in self.cases if message in case.mistakes):
                raise Wrong(message)
        for a, b in zip(*((x if isinstance(x, tuple) else (x,)) for x in (wrong.found, wrong.right)), strict=True):
            a, b = torch.as_tensor(a), torch.as_tensor(b)
            need(a.shape == b.shape, f"The answer should have shape {list(b.shape)}, not {list(a.shape)}.")
            odd = a.isnan().any() and not b.isnan().any()
            need(not odd, "There is NaN: look for the root or the logarithm of a negative number, or for 0 / 0.")
        raise Wrong(wrong.otherwise)


def _reached(run: Callable, given) -> list[bool]:
    """Which arguments get a gradient from what `run(given)` returns."""
    leaves = [x.detach().requires_grad_() if isinstance(x, Tensor) and x.is_floating_point() else x for x in given]
    found = run(copied(leaves))
    ends = [x for x in (found if isinstance(found, (tuple, list)) else [found]) if getattr(x, "requires_grad", False)]
    wanted = [x for x in leaves if isinstance(x, Tensor) and x.requires_grad]
    grads = [None] * len(wanted)
    try:
        if ends:
            grads = torch.autograd.grad(sum(x.square().sum() for x in ends), wanted, allow_unused=True)
    except RuntimeError as error:
        why = "something in place (x += …) overwrites what the gradient needs: x = x + …"
        raise Wrong(f"The values are right, but the notebook can't train through it: {why} ({error})") from error
    reached = {id(x) for x, grad in zip(wanted, grads, strict=True) if grad is not None}
    return [id(x) in reached for x in leaves]
