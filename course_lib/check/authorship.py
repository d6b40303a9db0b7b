"""Whose work an answer is: while a checker tries the reader's function, note whether it enters the course's own."""

import dis
import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from types import CodeType


def code_of(function: Callable) -> CodeType | None:
    """The code that a function runs in the end; None where it has no Python code."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(inspect.unwrap(function), "__code__", None)


def place(function: Callable) -> tuple[str, int] | None:
    """File and first line of the code that a function runs in the end; None where it has no Python code."""
    code = code_of(function)
    return code and (code.co_filename, code.co_firstlineno)


def same_code(a: Callable, b: Callable) -> bool:
    """Whether two functions do the same operations on the same constants and names."""
    a, b = getattr(a, "__code__", None), getattr(b, "__code__", None)
    return a is not None and b is not None and _operations(a) == _operations(b)


def only_a_stub(code: CodeType) -> bool:
    """Whether all that a code object does is to raise NotImplementedError."""
    prepared = {"RESUME", "LOAD_GLOBAL", "LOAD_CONST", "CALL", "RAISE_VARARGS", "COPY_FREE_VARS", "MAKE_CELL"}
    return {name for name, _ in _operations(code)} <= prepared


def _operations(code: CodeType) -> list:
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


def watched(attempt: Callable, shipped: Iterable[Callable]) -> tuple[Callable, set[str]]:
    """The same function, and the names of those of `shipped` that it has entered: a set that fills as it is called.

    Calls are seen where they happen: an alias, a wrapper, `getattr`, `partial` or a class around them are all alike.
    A profiler that runs already waits meanwhile. Not seen: a copy of the source text, a scripted or compiled copy,
    another thread or process.
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
            sys.setprofile(None)
            if hasattr(before, "enable"):  # cProfile, up to Python 3.11: no function that could be set
                before.enable()
            else:
                sys.setprofile(before)

    return run, entered
