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
        """The file's name in the cache, as at the source."""
        return self.url.rsplit("/", 1)[-1]


def _get(url: str, output: str, pup) -> None:
    """One attempt, with a progress bar of its own."""
    with tqdm(unit="B", unit_scale=True, desc=url.rsplit("/", 1)[-1]) as bar:
        pooch.HTTPDownloader(progressbar=bar, chunk_size=65536, timeout=30)(url, output, pup)


def fetch(remote: Remote) -> Path:
    """The path of `remote` in the cache, downloaded first where it is missing or damaged.

    A download is moved into place only once it is whole; ConnectionError says what, from where, and what to do by hand.
    """
    folder = runtime.cache_dir() / remote.folder
    pooch.get_logger().setLevel("WARNING")
    known = f"md5:{remote.md5}" if remote.md5 else None
    shelf = pooch.create(
        folder, "", registry={remote.file: known}, urls={remote.file: remote.url}, retry_if_failed=RETRIES
    )
    try:
        return Path(shelf.fetch(remote.file, downloader=_get))
    except (requests.exceptions.RequestException, ValueError) as error:
        damaged = isinstance(error, ValueError) and not isinstance(error, requests.exceptions.RequestException)
        why = "what arrives has the wrong checksum" if damaged else _reason(error)
        raise ConnectionError(
            f"Could not download {remote.file} from {remote.url} ({why}): check the connection and try again, "
            f"or put the file into {folder} by hand."
        ) from None


def _reason(error: Exception) -> str:
    """A few words for what `requests` says at length."""
    response = getattr(error, "response", None)
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
        raise ValueError(f"{path} is a damaged gzip file ({error}). Delete it and run this again.") from None


def content(remote: Remote) -> bytes:
    """The uncompressed bytes of `remote`: from the cache if they are there and right, else downloaded.

    The cache may hold the file as served or its content without `.gz`: the SHA-256 of the content decides.
    """
    plain = runtime.cache_dir() / remote.folder / remote.file.removesuffix(".gz")
    if remote.sha256 and plain.exists() and files.sha256(raw := plain.read_bytes()) == remote.sha256:
        return raw
    path = fetch(remote)
    raw = _unzipped(path)
    if remote.sha256 and files.sha256(raw) != remote.sha256:
        raise ValueError(f"{path} does not hold the official content. Delete it and run this again.")
    return raw


def fill_cache(folder: str | Path, remotes: list[Remote]) -> list[Path]:
    """Copy into the cache those of `remotes` that lie in `folder`, compressed or not, once verified; returns the copies.

    For machines without a network: `fill_cache("/media/usb/fashion", fashion.OFFICIAL)`. A file there whose checksum is
    wrong raises ValueError; FileNotFoundError where `folder` holds none of them.
    """
    copies = []
    for remote in remotes:
        served, plain = Path(folder) / remote.file, Path(folder) / remote.file.removesuffix(".gz")
        target = runtime.cache_dir() / remote.folder
        for path in {served, plain}:
            if not path.is_file():
                continue
            raw = path.read_bytes()
            if remote.md5 and hashlib.md5(raw, usedforsecurity=False).hexdigest() == remote.md5:
                target = target / remote.file
            elif remote.sha256 and files.sha256(raw := _unzipped(path)) == remote.sha256:
                target = target / plain.name
            elif remote.md5 or remote.sha256:
                raise ValueError(f"{path} is not the official {remote.file}: its checksum differs. Fetch it again.")
            else:
                target = target / remote.file
            files.write(target, raw)
            copies.append(target)
            break
    if not copies:
        wanted = ", ".join(remote.file for remote in remotes)
        raise FileNotFoundError(f"{folder} holds none of {wanted}. Put at least one there, or name another folder.")
    return copies
