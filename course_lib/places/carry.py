"""`course pack` and `course unpack`: predictions and changed notebooks in one small file, from place to place."""

import io
import json
import zipfile
import zlib
from datetime import datetime
from pathlib import Path, PurePosixPath

from course_lib import runtime
from course_lib.data import files
from course_lib.places import aside
from course_lib.show.play import predictions

PREDICTIONS = "predictions.json"
TOP = {PREDICTIONS, "notebooks", aside.FOLDER}  # what lies at the top, or else in one folder around everything
HARM = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError)  # damaged
HARM += (RuntimeError, LookupError, TypeError, ValueError)  # with a password or an unknown compression; not ours
LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
LARGEST = 64 * 2**20  # bytes of one notebook in a packed file


def pack(path: str | Path, root: Path = runtime.ROOT) -> list[str]:
    """Write your predictions, the notebooks that you changed and what `my-work` holds to the zip file `path`."""
    made, books = predictions.load(), _notebooks(root)
    if not made and not books:
        raise ValueError("There is nothing to pack: no predictions, and every notebook is as it came.")
    with zipfile.ZipFile(raw := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as packed:
        if made:
            packed.writestr(PREDICTIONS, json.dumps(made, indent=1, ensure_ascii=False))
        for name in books:
            packed.writestr(name, (root / name).read_bytes())  # dated today: a zip file knows no date before 1980
    files.write(Path(path), raw.getvalue())
    return [f"{path}: {len(made)} predictions, {len(books)} notebooks; download it, `course unpack` it elsewhere"]


def _notebooks(root: Path) -> list[str]:
    """Your notebooks: all of them where there is no git to tell which were changed."""
    if aside.is_clone(root):
        mine = aside.changed(root) | aside.listed(root, "ls-files", "-o", "--exclude-standard")
    else:
        mine = {path.relative_to(root).as_posix() for path in (root / "notebooks").glob("*.ipynb")}
    mine |= {path.relative_to(root).as_posix() for path in (root / aside.FOLDER).rglob("*.ipynb")}
    return sorted(name for name in mine if name.endswith(".ipynb") and (root / name).is_file())


def unpack(path: str | Path, root: Path = runtime.ROOT) -> list[str]:
    """Take up what `pack` wrote: of two predictions for a claim the later one counts, notebooks go to `my-work`.

    ValueError where the file is damaged or holds something else; nothing has been written then.
    """
    found, books = _read(path)
    if found:
        made = predictions.load()
        newer = {name: row for name, row in found.items() if name not in made or row["when"] > made[name]["when"]}
        files.write(predictions.where(), (json.dumps(made | newer, indent=1, ensure_ascii=False) + "\n").encode())
    told = [f"{len(found)} predictions are in {predictions.where()}"] if found else []
    if books:
        shelf = aside.shelf(root)
        for name, raw in books.items():
            files.write(shelf / name, raw)
        told += [f"{len(books)} notebooks are in {shelf.relative_to(root)}"]
    return told


def _read(path: str | Path) -> tuple[dict[str, dict], dict[str, bytes]]:
    """(predictions, notebooks by name) of a packed file, checked."""
    try:
        with zipfile.ZipFile(path) as packed:
            return _checked(packed)
    except HARM as error:
        raise ValueError(f"{path} is not a whole file of `course pack` ({error}). Pack it again.") from None


def _checked(packed: zipfile.ZipFile) -> tuple[dict[str, dict], dict[str, bytes]]:
    found, books = {}, {}
    for name, entry in _ours(packed.infolist()):
        if entry.file_size > LARGEST:
            raise ValueError(f"{entry.filename} has {entry.file_size:,} bytes")
        if str(name) == PREDICTIONS:
            for claim, row in dict(json.loads(packed.read(entry))).items():
                datetime.fromisoformat(row["when"])
                found[claim] = {key: row[key] for key in ("verdict", "confidence", "when")}
        elif name.suffix == ".ipynb":
            json.loads(raw := packed.read(entry))
            books[str(name)] = raw
        else:
            raise ValueError(f"{entry.filename!r} does not belong there")
    return found, books


def _ours(entries: list[zipfile.ZipInfo]) -> list[tuple[PurePosixPath, zipfile.ZipInfo]]:
    """Names and entries without what computers add to a folder that they zip again, and without that folder itself."""
    kept = []
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in entry.filename:
            raise ValueError(f"{entry.filename!r} does not belong there")
        folder = entry.filename.endswith(("/", "\\"))
        if not folder and "__MACOSX" not in name.parts and not name.name.startswith("._") and name.name not in LITTER:
            kept.append((name, entry))
    around, below = ({name.parts[depth] for name, _ in kept if len(name.parts) > depth} for depth in (0, 1))
    if len(around) == 1 and below & TOP:
        return [(name.relative_to(*around), entry) for name, entry in kept]
    return kept
