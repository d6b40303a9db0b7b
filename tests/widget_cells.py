"""The part of a notebook that makes one widget: its cell and, of the cells before, the statements that it needs."""

import ast
import json
import re
import symtable
from pathlib import Path

MAGIC = re.compile(r"^(\s*)[%!].*", re.MULTILINE)  # lines that only a notebook understands
SURE = ast.Assign | ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom  # they always set what they name


def shows_widget(cell: dict) -> bool:
    """Whether the cell's stored output is the static frame of a widget."""
    texts = ["".join(out.get("data", {}).get("text/plain", "")) for out in cell["outputs"]]
    return any(text.startswith("Widget:") for text in texts)


def widgets(path: Path) -> list[str]:
    """For each widget that the notebook shows, the code that makes it, as `widget`."""
    every = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    code = [MAGIC.sub(r"\1pass", "".join(cell["source"])) for cell in every]
    return [needed(code[: i + 1]) for i, cell in enumerate(every) if shows_widget(cell)]


def reads(node: ast.AST) -> set[str]:
    """The names from outside that a statement reads, now or when what it defines is called."""
    top = symtable.symtable(ast.unparse(node), "cell", "exec")
    found, tables = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}, top.get_children()
    while tables:
        table = tables.pop()
        found |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
        tables += table.get_children()
    return found


def sets(node: ast.AST) -> set[str]:
    """The names that are there after a statement: assigned, defined or imported."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    top = symtable.symtable(ast.unparse(node), "cell", "exec")
    return {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}


def changes(node: ast.AST) -> set[str]:
    """The names whose content a statement changes when it runs: `x[i] = …`, `x.append(…)`."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return set()
    inside = list(ast.walk(node))
    stored = [part.value for part in inside if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store)]
    calls = [part.func for part in inside if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)]
    stored += [call.value for call in calls if call.attr in ("append", "extend", "update")]
    return {part.id for part in stored if isinstance(part, ast.Name)}


def needed(code: list[str]) -> str:
    """The last expression of the last cell as `widget = …`, after those statements that it cannot do without."""
    *before, last = [node for cell in code for node in ast.parse(cell).body]
    assert isinstance(last, ast.Expr), "the cell does not end with a widget"
    kept, wanted = [ast.Assign([ast.Name("widget", ast.Store())], last.value)], reads(last)
    for node in reversed(before):
        made = sets(node) & wanted
        if made or changes(node) & wanted:
            kept.append(node)
            wanted = wanted - (made if isinstance(node, SURE) else set()) | reads(node)
    return "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in reversed(kept)) + "\n"
