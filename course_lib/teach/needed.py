"""Which cells of a notebook a check depends on, by names: the others need not run to grade it."""

import ast
import symtable

from IPython.core.inputtransformer2 import TransformerManager


def needed(sources: list[str], wanted: set[int]) -> set[int]:
    """Indexes of the cells to run for those in `wanted`: all that bind a name in use, before the next of these."""
    facts = [_names(source) for source in sources]
    todo, run = set(wanted), set()
    while todo:
        here = todo.pop()
        run.add(here)
        until = min(each for each in wanted if each >= here)  # a function finds what was bound after it, too
        todo |= {i for i in range(until) if i not in run and facts[i][0] & facts[here][1]}
    return run | {i for i, (bound, _) in enumerate(facts) if "*" in bound}


def _names(source: str) -> tuple[set[str], set[str]]:
    """(bound, used) global names of a cell; `*` is bound by a star import. Both empty where it is no Python."""
    code = TransformerManager().transform_cell(source)
    try:
        tree, table = ast.parse(code), symtable.symtable(code, "cell", "exec")
    except SyntaxError:
        return set(), set()
    bound = {item.get_name() for item in table.get_symbols() if item.is_assigned() or item.is_imported()}
    used = {item.get_name() for item in table.get_symbols() if item.is_referenced()}
    for inner in _inside(table):
        names = {item.get_name(): item for item in inner.get_symbols() if item.is_global()}
        used |= names.keys()
        bound |= {name for name, item in names.items() if item.is_assigned()}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            bound.add("*")
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            bound |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
    return bound, used


def _inside(table: symtable.SymbolTable):
    """All tables of functions and classes within."""
    for child in table.get_children():
        yield child
        yield from _inside(child)
