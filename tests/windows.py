"""Another system, as far as Python shows it: a process in which the course finds neither UTF-8 nor what only Unix has.

`run(code)` runs code there. Texts that are opened without an encoding are ASCII, which is stricter than any code page
of Windows; what is printed goes to a pipe in cp1252; modules of Unix are not there for the course.
"""

import builtins
import locale
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
UNIX = {"fcntl", "grp", "posix", "pwd", "resource", "termios"}
OLD = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "cp1252"}


def run(code: str, **settings: str) -> subprocess.CompletedProcess:
    """What `code` prints there, as text; `settings` are environment variables."""
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    environment = os.environ | OLD | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"} | settings
    code = f"import windows\n\nwindows.pretend()\n{code}"
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="cp1252", timeout=300
    )


def pretend() -> None:
    """Take away from this process what Windows lacks."""
    assert locale.getencoding().lower().replace("-", "") not in ("utf8", "utf"), "this would prove nothing"
    if hasattr(os, "sched_getaffinity"):
        del os.sched_getaffinity
    real = builtins.__import__

    def lacking(name, globals=None, locals=None, fromlist=(), level=0):
        asks = (globals or {}).get("__name__", "").split(".")[0]
        if level == 0 and asks == "course_lib" and name.split(".")[0] in UNIX:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, globals, locals, fromlist, level)

    builtins.__import__ = lacking
