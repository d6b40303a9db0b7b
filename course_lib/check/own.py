"""Whose work an answer is: while a checker tries the reader's function, note whether it enters the course's own."""

import functools
import inspect
import sys
from collections.abc import Callable, Iterable


def place(function: Callable) -> tuple[str, int] | None:
    """File and first line of the code that a function runs in the end; None where it has no Python code."""
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code and (code.co_filename, code.co_firstlineno)


def watched(attempt: Callable, shipped: Iterable[Callable]) -> tuple[Callable, set[str]]:
    """The same function, and the names of those of `shipped` that it has entered: a set that fills as it is called.

    Calls are seen where they happen: an alias, a wrapper, `getattr`, `partial` or a class around them are all alike.
    Not seen: a copy of the source text, a scripted or compiled copy, another thread or process.
    """
    places, entered = {place(each) for each in shipped}, set()

    @functools.wraps(attempt)
    def run(*args, **kwargs):
        before = sys.getprofile()

        def look(frame, event, _):
            if event == "call" and (frame.f_code.co_filename, frame.f_code.co_firstlineno) in places:
                entered.add(frame.f_code.co_qualname)

        sys.setprofile(look)
        try:
            return attempt(*args, **kwargs)
        finally:
            if sys.getprofile() is not look:
                entered.add("sys.setprofile")
            sys.setprofile(before)

    return run, entered
