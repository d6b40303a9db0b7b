"""The hidden test below every check: the same checker again, out of reach of what the submission did before."""

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Callable


def judge(name: str, attempt: Callable) -> None:
    """Try an answer with the checker of that name, read anew from its file, as graded; raises what it raises.

    A submission may have replaced the checkers, the functions they compare with, or switched off COURSE_GRADING.
    """
    theirs = {key: sys.modules.pop(key) for key in [*sys.modules] if key.split(".")[0] == "course_lib"}
    grading = os.environ.get("COURSE_GRADING")
    os.environ["COURSE_GRADING"] = "1"
    try:
        checkers = importlib.import_module("course_lib.check")
        with contextlib.redirect_stdout(io.StringIO()):  # the check above has said it
            getattr(checkers, name)(attempt)
    finally:
        for key in [key for key in sys.modules if key.split(".")[0] == "course_lib"]:
            del sys.modules[key]
        sys.modules.update(theirs)
        os.environ.pop("COURSE_GRADING")
        if grading is not None:
            os.environ["COURSE_GRADING"] = grading
