"""Official files from a folder into the cache: for machines without a network."""

from pathlib import Path

from course_lib.data import files
from course_lib.data.download import Remote


def fill_cache(folder: str | Path, remotes: list[Remote]) -> list[Path]:
    """Copy into the cache those of `remotes` that lie in `folder`, compressed or not, once verified: their new paths.

    So `fill_cache("/media/stick", fashion.OFFICIAL)`. ValueError names a file whose checksum is wrong,
    FileNotFoundError a folder that holds none of them.
    """
    copies = []
    for path in sorted(path for path in Path(folder).glob("*") if path.is_file()):
        wanted = {place: remote for remote in remotes for place in remote.places if place.name == path.name}
        right = [place for place, remote in wanted.items() if remote.read(path) is not None]
        if wanted and not right:
            raise ValueError(f"{path} is not the official file of that name: its checksum differs. Fetch it again.")
        for place in right:
            files.write(place, path.read_bytes())
            copies.append(place)
    if not copies:
        names = ", ".join(remote.places[0].name for remote in remotes)
        raise FileNotFoundError(f"folder={str(folder)!r} holds none of {names}. Put one there, or name another folder.")
    return copies
