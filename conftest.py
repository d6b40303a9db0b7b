"""For every test and every notebook: a cache of its own, repeatable properties, and what each notebook costs."""

import os
import tempfile
from collections import defaultdict

if "PYTEST_XDIST_WORKER" in os.environ:  # several tests at once, kernels and browsers too: a thread each
    os.environ["OMP_NUM_THREADS"] = "1"

import hypothesis
import pytest
import torch
from refresh import Peak

_CACHE = tempfile.TemporaryDirectory(prefix="course-test-")
os.environ["COURSE_CACHE"] = _CACHE.name  # a reader's own files and half-finished trainings are not the tests' business
os.environ["HF_HUB_OFFLINE"] = "1"
for _name in ("COURSE_BUDGET", "COURSE_GRADING", "COURSE_DATA"):
    os.environ.pop(_name, None)

hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")

_seconds: dict[str, float] = defaultdict(float)
_mb: dict[str, float] = defaultdict(float)
_peaks: dict[str, Peak] = {}


@pytest.fixture(autouse=True)
def _seeded():
    """Checkers try random cases: the same ones at every run of a test."""
    torch.manual_seed(0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Watch the memory of a notebook's kernel from its first cell on."""
    kernel = getattr(item.parent, "kernel", None)
    if kernel is not None and kernel.is_alive() and item.parent.nodeid not in _peaks:
        _peaks[item.parent.nodeid] = Peak(kernel.km.provisioner.pid)
    try:
        return (yield)
    finally:
        if kernel is not None and kernel.is_alive():
            _peaks[item.parent.nodeid].look()
            item.user_properties.append(("mb", _peaks[item.parent.nodeid].mb))  # tests may run in several processes


def pytest_runtest_logreport(report):
    """Add up the seconds of a notebook: start of its kernel, cells, end."""
    file = report.nodeid.split("::")[0]
    if file.endswith(".ipynb"):
        _seconds[file] += report.duration
        _mb[file] = max([_mb[file], *(mb for name, mb in report.user_properties if name == "mb")])


def pytest_terminal_summary(terminalreporter):
    """One line a notebook: seconds and peak memory."""
    if _seconds:
        terminalreporter.section("notebooks")
    for file, seconds in _seconds.items():
        terminalreporter.write_line(f"{file:<44}{seconds:8.1f} s {_mb[file]:6.0f} MB")
