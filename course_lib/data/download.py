"""Files fetched from their official sources at run time: by `pooch`, checked, retried, cached. Built in notebook 01."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm

from course_lib import runtime
from course_lib.data import files

RETRIES = 3  # after the first attempt, with a pause of 1, 2 and 3 seconds


@dataclass(frozen=True)
class Remote:
    """A file and its official source: `md5` of the file as served, `sha256` of its content when uncompressed."""

    url: str
    folder: str
    md5: str | None = None
    sha256: str | None = None

    @property
    def file(self) -> str:
        """The file's name at the source, and in the cache."""
        return self.url.rsplit("/", 1)[-1]

    @property
    def plain(self) -> str:
        """The file's name when uncompressed."""
        return self.file.removesuffix(".gz")

    @property
    def home(self) -> Path:
        """The folder of the cache where it belongs."""
        return runtime.cache_dir() / self.folder

    @property
    def known(self) -> str | None:
        """The checksum of the file as served, in pooch's notation: what is not compressed is its own content."""
        return f"md5:{self.md5}" if self.md5 else f"sha256:{self.sha256}" if self.sha256 else None


def _get(url: str, output: str, pup) -> None:
    """One attempt, with a progress bar of its own."""
    with tqdm(total=1, unit="B", unit_scale=True, desc=url.rsplit("/", 1)[-1]) as bar:  # pooch sets the true total
        pooch.HTTPDownloader(progressbar=bar, chunk_size=65536, timeout=30)(url, output, pup)


def fetch(remote: Remote) -> Path:
    """The path of `remote` in the cache, downloaded first where it is missing or damaged.

    A download is moved into place only once it is whole; ConnectionError says what, from where, and what to do by hand.
    """
    pooch.get_logger().setLevel("WARNING")
    registry, urls = {remote.file: remote.known}, {remote.file: remote.url}
    shelf = pooch.create(remote.home, "", registry=registry, urls=urls, retry_if_failed=RETRIES)
    try:
        return Path(shelf.fetch(remote.file, downloader=_get))
    except (requests.exceptions.RequestException, ValueError) as error:
        raise ConnectionError(
            f"Could not download {remote.file} from {remote.url} ({_reason(error)}): check the connection and try "
            f"again, or put the file into {remote.home} by hand."
        ) from None


def _reason(error: Exception) -> str:
    """A few words for what `requests` says at length."""
    if not isinstance(error, requests.exceptions.RequestException):
        return "what arrives has the wrong checksum"
    response = error.response
    if response is not None:
        return f"the server answers {response.status_code} {response.reason}"
    if isinstance(error, requests.exceptions.Timeout):
        return "the server does not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection breaks off"
    return "no connection to the server"


def _unzipped(path: Path) -> bytes:
    """The content of `path`, decompressed where it is gzip; ValueError where it is damaged."""
    raw = path.read_bytes()
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is a damaged gzip file ({error})") from None


def content(remote: Remote) -> bytes:
    """The bytes of `remote`: from the cache if they are there and right, else downloaded.

    Where its SHA-256 is known, they are uncompressed, and the cache may hold either form: the content decides.
    """
    if not remote.sha256:
        return fetch(remote).read_bytes()
    for path in (remote.home / remote.plain, remote.home / remote.file):
        if (raw := _right(path, remote.sha256)) is not None:
            return raw
    path = fetch(remote)
    if (raw := _right(path, remote.sha256)) is None:
        raise ValueError(f"{path} does not hold the official content. Delete it and run this again.")
    return raw


def _right(path: Path, sha256: str) -> bytes | None:
    """The uncompressed bytes of `path` if their SHA-256 is right; None if it is missing, damaged or another file."""
    try:
        raw = _unzipped(path)
    except (FileNotFoundError, ValueError):
        return None
    return raw if files.sha256(raw) == sha256 else None


def _place(remote: Remote, path: Path) -> tuple[Path, bytes] | None:
    """Where in the cache the file at `path` belongs, and its bytes; None if it is not `remote`."""
    raw = path.read_bytes()
    if remote.md5 and hashlib.md5(raw, usedforsecurity=False).hexdigest() == remote.md5:
        return remote.home / remote.file, raw
    if remote.sha256 and (raw := _right(path, remote.sha256)) is not None:
        return remote.home / remote.plain, raw
    return None


def fill_cache(folder: str | Path, remotes: list[Remote]) -> list[Path]:
    """Copy into the cache those of `remotes` that lie in `folder`, compressed or not, once verified: their new paths.

    For machines without a network: `fill_cache("/media/stick", fashion.OFFICIAL)`. ValueError names a file whose
    checksum is wrong, FileNotFoundError a folder that holds none of them.
    """
    copies = []
    for path in sorted(path for path in Path(folder).glob("*") if path.is_file()):
        wanted = [remote for remote in remotes if path.name in (remote.file, remote.plain)]
        placed = next(filter(None, (_place(remote, path) for remote in wanted)), None)
        if wanted and not placed:
            raise ValueError(f"{path} is not the official file of that name: its checksum differs. Fetch it again.")
        if placed:
            files.write(*placed)
            copies.append(placed[0])
    if not copies:
        names = ", ".join(remote.file for remote in remotes)
        raise FileNotFoundError(f"folder={str(folder)!r} holds none of {names}. Put one there, or name another folder.")
    return copies
