"""Results on disk: `data/results/NAME.json` is what one command wrote; a file that was edited by hand is refused."""

import json
from pathlib import Path

from course_lib import runtime

from . import files

COLUMNS = "columns of rows"


class ResultError(ValueError):
    """A result that can't be used; the message names the file and the remedy."""


def path_of(name: str) -> Path:
    """Where the result `name` lies."""
    return runtime.data_dir() / "results" / f"{name}.json"


def read(name: str) -> dict:
    """The shipped result `data/results/NAME.json`, its seal verified; an error names the file and the remedy."""
    path = path_of(name)
    remedy = f"Get it back with `git checkout -- {path.name}` in its folder, or repeat what wrote it."
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        seal, columns = result.pop("seal"), result.pop(COLUMNS, None)
        if columns is not None:
            result["rows"] = [dict(zip(columns, row, strict=True)) for row in result["rows"]]
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing. {remedy}") from None
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ResultError(f"{path} is damaged, or no result of the course ({error!r}). {remedy}") from None
    if seal != _seal(result):
        raise ResultError(f"{path} was altered after it was written: its seal is another. {remedy}")
    if result.get("name", name) != name:
        raise ResultError(f"{path} is {result['name']}, under another name. {remedy}")
    return result


def write(name: str, result: dict) -> Path:
    """Write `data/results/NAME.json` with its seal, all at once; returns the path. Two keys are the file's own."""
    if own := {"seal", COLUMNS} & {*result}:
        raise ValueError(f"result must not have the key {min(own)!r}, which is the file's own: call it something else.")
    files.sweep(path := path_of(name))
    whole = json.loads(json.dumps({**result, "seal": _seal(result)}))
    rows = whole.get("rows")
    if rows and isinstance(rows, list) and all(isinstance(row, dict) and [*row] == [*rows[0]] for row in rows):
        whole |= {"rows": [[*row.values()] for row in rows], COLUMNS: [*rows[0]]}  # as a table: a quarter smaller
    files.write(path, (_text(whole) + "\n").encode())
    return path


def _text(value, depth: int = 0) -> str:
    """JSON with a row of numbers a line: small, and a changed row is a changed line."""
    if depth < 3 and isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"{json.dumps(k)}: {_text(v, depth + 1)}" for k, v in value.items()) + "\n}"
    if depth < 3 and isinstance(value, list) and any(isinstance(v, dict | list) for v in value):
        return "[\n" + ",\n".join(_text(v, 3) for v in value) + "\n]"
    return json.dumps(value, separators=(",", ":"))


def _seal(result: dict) -> str:
    return files.sha256(json.dumps(json.loads(json.dumps(result)), sort_keys=True).encode())
