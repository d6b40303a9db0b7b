"""The instructor's version of a notebook: solutions between nbgrader's markers, hidden tests in the checks.

Everything here is a function from nbformat dictionaries to nbformat dictionaries; nbgrader itself is not needed.
"""

import ast
import copy
import re
import textwrap

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
FOLD = re.compile(r"<details><summary>(Hint|Solution)</summary>\s*(.*?)\s*</details>\n*", re.S)
BLOCK = re.compile(r"```python\n(.*?)```", re.S)
PROMISE = "A hint and a solution are folded underneath.", "Where a hint does not say it all, it is folded underneath."
HIDDEN = """
### BEGIN HIDDEN TESTS
from course_lib.teach.referee import judge

judge("{name}", {name})
### END HIDDEN TESTS"""


def text(cell: dict) -> str:
    """The source of a cell, which nbformat keeps as a list of lines or as one string."""
    return "".join(cell["source"])


def mark(cell: dict) -> dict:
    """What a cell says to nbgrader; empty where it is no exercise and no check."""
    return cell["metadata"].get("nbgrader", {})


def exercises(cells: list[dict]) -> list[str]:
    """The names of a notebook's exercises, in order."""
    return [mark(cell)["grade_id"] for cell in cells if mark(cell).get("solution")]


def folded(cells: list[dict]) -> dict[str, tuple[str, str]]:
    """Exercise -> (code, explanation) of the folded solutions; ValueError where one is missing."""
    prose = "\n".join(text(cell) for cell in cells if cell["cell_type"] == "markdown")
    found = {}
    for kind, inside in FOLD.findall(prose):
        for code in BLOCK.findall(inside) if kind == "Solution" else []:
            names = [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
            found |= {name: (code.strip(), BLOCK.sub("", inside).strip()) for name in names}
    if missing := [name for name in exercises(cells) if name not in found]:
        raise ValueError(f"No folded solution defines {', '.join(missing)}. Write it below the check, as python.")
    return found


def instructors(notebook: dict) -> dict:
    """The notebook as the instructor keeps it: nothing folded, every exercise solved, every check with hidden tests."""
    made = copy.deepcopy(notebook)
    solutions = folded(made["cells"])
    lines = [line for code, _ in solutions.values() for line in _whole_lines(code)]
    for cell in made["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = FOLD.sub(lambda fold: _for_students(fold, lines), text(cell)).strip().replace(*PROMISE)
            continue
        cell["outputs"], cell["execution_count"] = [], None
        name = mark(cell).get("grade_id")
        if mark(cell).get("solution"):
            stub, cell["source"] = text(cell), solved(text(cell), *solutions[name])
            cell["metadata"]["course"] = {"stub": stub}  # what a student starts from: nothing, or a planted bug
        elif mark(cell).get("grade"):
            cell["source"] = text(cell).rstrip() + HIDDEN.format(name=name.removeprefix("check-"))
    made["metadata"].pop("course", None)
    return made


def solved(stub: str, solution: str, why: str = "") -> str:
    """The stub's signature and docstring with the body of the solution between nbgrader's markers."""
    (start,) = [node for node in ast.parse(stub).body if isinstance(node, ast.FunctionDef)]
    (end,) = [node for node in ast.parse(solution).body if isinstance(node, ast.FunctionDef)]
    if ast.dump(start.args) != ast.dump(end.args):
        raise ValueError(f"The folded solution of {start.name} takes other arguments than its stub. Make them alike.")
    first = start.body[0]
    kept = first.end_lineno if ast.get_docstring(start) else first.lineno - 1
    head, indent = stub.splitlines()[:kept], " " * first.col_offset
    body = solution.splitlines()[end.body[0].lineno - 1 :]
    said = [f"{indent}# {line}" for line in textwrap.wrap(" ".join(why.split()), 100)]
    return "\n".join([*head, indent + BEGIN, *said, *body, indent + END])


def _for_students(fold: re.Match, lines: list[str]) -> str:
    """Hints stay, unless one holds a whole step of a solution; solutions go."""
    kind, inside = fold.groups()
    spans = re.findall(r"`([^`]+)`", inside)
    gives_away = any(_same(span, line) for span in spans for line in lines)
    return "" if kind == "Solution" or gives_away else fold[0]


def _whole_lines(code: str) -> list[str]:
    """The statements of a solution, and what is on the right of an assignment or behind a return."""
    every = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assign | ast.AugAssign | ast.Return)]
    return [ast.unparse(part) for node in every for part in (node, node.value) if part is not None]


def _same(span: str, line: str) -> bool:
    """Whether a piece of code in a hint is this line of a solution. A bare name gives nothing away."""
    try:
        return len(span) > 8 and ast.unparse(ast.parse(span)) == line
    except SyntaxError:
        return False
