"""Cells in any order: a name that a cell reads is made by one other cell only, so a late cell can't find another's."""

import dis
from collections import defaultdict
from types import CodeType

import pytest
from test_house import NOTEBOOKS, cells, name_of, plain


def reads_and_writes(code: CodeType, top: bool = True) -> tuple[set[str], set[str]]:
    """The global names that a cell reads before it has made them itself, and those that it makes."""
    reads, writes = set(), set()
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME" and top:
            writes.add(step.argval)
        elif step.opname in ("LOAD_NAME", "LOAD_GLOBAL"):
            reads |= {step.argval} - writes
        if isinstance(step.argval, CodeType):
            reads |= reads_and_writes(step.argval, top=False)[0] - writes
    return reads, writes


def made_twice(notebook: list[dict]) -> set[str]:
    """Names that several cells make and another one reads; an exercise and the check below it count as one."""
    makers, readers = defaultdict(list), defaultdict(list)
    for i, cell in enumerate(notebook):
        reads, writes = reads_and_writes(compile(plain(cell), f"cell {i}", "exec"))
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            writes -= reads
        for name in writes:
            makers[name].append(i)
        for name in reads:
            readers[name].append(i)
    return {name for name, where in makers.items() if len(where) > 1 and readers[name]}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_name_that_other_cells_read_is_made_once(path):
    assert not made_twice(cells(path))


@pytest.mark.parametrize(
    ("code", "twice"),
    [
        (["x = 1", "x = 2", "print(x)"], {"x"}),
        (["x = 1", "x = 2\nprint(x)"], set()),
        (["def f(): return x", "x = 1", "for x in (2, 3): pass"], {"x"}),
        (["x = 1", "print([x for x in range(3)])", "print(x)"], set()),
        (["x = 1", "x = 2\ndef f(): return x"], set()),
        (["x = 1", "%time x\nx = 2", "f = lambda: x"], {"x"}),
    ],
)
def test_made_twice_finds_what_it_should(code, twice):
    assert made_twice([{"source": each, "metadata": {}} for each in code]) == twice
