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

RETRIES = 3  # after the first attempt, with a pause of 1, 2 and 3 seconds


@dataclass(frozen=True)
class Remote:
    """A file and its official source: `checksum`, such as "sha256:…", is of its content, compressed as served or not.

    So the cache may hold either form, and which compressor made it does not matter.
    """

    url: str
    folder: str
    checksum: str

    @property
    def places(self) -> list[Path]:
        """Where in the cache it may lie: under its name at the source, or uncompressed."""
        name = self.url.rsplit("/", 1)[-1]
        return [runtime.cache_dir() / self.folder / each for each in (name, name.removesuffix(".gz"))]

    def read(self, path: Path) -> bytes | None:
        """The bytes in `path` that have the checksum, uncompressed if need be; None where it is missing or another."""
        algorithm, wanted = self.checksum.split(":")
        raw = path.read_bytes() if path.exists() else b""
        for unpack in (bytes, _unzipped):
            form = unpack(raw)
            if hashlib.new(algorithm, form, usedforsecurity=False).hexdigest() == wanted:
                return form
        return None


def mnist_like(site: str, folder: str, *sha256: str) -> list[Remote]:
    """The four files of a set in MNIST's form: pixels and labels to train on, then to test; checksums of IDX files."""
    names = [f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    return [Remote(f"{site}/{name}", folder, f"sha256:{each}") for name, each in zip(names, sha256, strict=True)]


def content(remote: Remote) -> bytes:
    """The bytes of `remote`: from the cache if they are there and right, else downloaded.

    A download is moved into place only once it is right; ConnectionError says what, from where, and what to do by hand.
    """
    for path in remote.places:
        if (raw := remote.read(path)) is not None:
            return raw
    target = remote.places[0]
    target.unlink(missing_ok=True)  # it is damaged

    def get(url: str, output: str, pup) -> None:
        """One attempt, with a progress bar of its own."""
        with tqdm(total=1, unit="B", unit_scale=True, desc=target.name) as bar:  # pooch sets the true total
            pooch.HTTPDownloader(progressbar=bar, chunk_size=65536, timeout=30)(url, output, pup)
        if remote.read(Path(output)) is None:
            raise ValueError("what arrives has the wrong checksum")

    pooch.get_logger().setLevel("WARNING")
    shelf = pooch.create(
        target.parent, "", registry={target.name: None}, urls={target.name: remote.url}, retry_if_failed=RETRIES
    )
    try:
        return remote.read(Path(shelf.fetch(target.name, downloader=get)))
    except (requests.exceptions.RequestException, ValueError) as error:
        raise ConnectionError(
            f"Could not download {target.name} from {remote.url} ({_reason(error)}): check the connection and try "
            f"again, or put the file into {target.parent} by hand."
        ) from None


def _reason(error: Exception) -> str:
    """A few words for what `requests` says at length."""
    if not isinstance(error, requests.exceptions.RequestException):
        return str(error)
    if error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.Timeout):
        return "the server does not answer in time"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection breaks off"
    return "no connection to the server"


def _unzipped(raw: bytes) -> bytes:
    """The content of a gzip file; nothing where it is none, or damaged."""
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error):
        return b""
