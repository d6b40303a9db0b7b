"""Signs: written words in an own 5×7 font, of letters in slots of 8×16 pixels, and posters. Built in notebook 15."""

import random
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import torch
from torch import Tensor

from course_lib.data import files
from course_lib.data.scenes import PATCH, cut, join, match

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789€."
INKS = {"red": (195, 40, 15), "blue": (42, 48, 212), "black": (0, 0, 0)}
PAPERS = {"white": (255, 255, 255), "yellow": (250, 245, 45)}
WIDTH, HEIGHT, SLOTS = 8, 16, 6  # of a slot, and slots a line
SPLITS = ("train", "held", "bigrams")
UNSEEN = ("CH", "OW", "AI")  # pairs of letters that no training word has


def _glyphs() -> Tensor:
    """Which pixels of its slot each letter inks, bool [39, 16, 8], from `font.txt` beside it; 0 is the empty slot."""
    font = Path(__file__).with_name("font.txt").read_text(encoding="utf-8")
    blocks = [[line.split() for line in block.split("\n")] for block in font.strip().split("\n\n")]
    columns = [column for block in blocks for column in zip(*block)]
    ink = torch.tensor([[[c == "#" for c in line] for line in column] for column in columns])
    return torch.nn.functional.pad(ink, (1, 2, 4, 5, 1, 0))


GLYPHS = _glyphs()
_COLOURS = torch.cartesian_prod(*(torch.arange(len(names)) for names in (INKS, PAPERS)))  # group -> ink, paper
_INK, _PAPER = (torch.tensor(list(table.values()), dtype=torch.uint8) for table in (INKS, PAPERS))
# Every letter in every ink on every paper, uint8 [6, 39, 3, 16, 8].
TABLE = torch.where(
    GLYPHS[:, None], _INK[_COLOURS[:, 0]][:, None, :, None, None], _PAPER[_COLOURS[:, 1]][:, None, :, None, None]
)
BOOK, _IDS = cut(TABLE.flatten(0, 1), PATCH, PATCH).flatten(0, 1).unique(dim=0, return_inverse=True)  # [V, 3, 4, 4]
_IDS = _IDS.view(len(_COLOURS), len(GLYPHS), 1, HEIGHT // PATCH, WIDTH // PATCH)


@lru_cache
def words(split: str = "train") -> tuple[str, ...]:
    """The words of a split: 1,000 to "train" on, 250 "held" out, and those with "bigrams" that no training word has.

    English, 1 to 6 letters, from `data/signs/words.txt`; which word is held out is decided by its checksum.
    Built in notebook 15.
    """
    if split not in SPLITS:
        raise ValueError(f"split={split!r} is not a part of the words. Choose one of {', '.join(SPLITS)}.")
    every = files.shipped("signs/words.txt").decode().split()
    rare = [word for word in every if any(pair in word for pair in UNSEEN)]
    rest = sorted(set(every) - set(rare), key=lambda word: crc32(word.encode()))
    return tuple(sorted({"train": rest[250:], "held": rest[:250], "bigrams": rare}[split]))


def spell(texts: list[str], slots: int = SLOTS) -> Tensor:
    """Texts as letters, int64 [N, lines, slots]: 0 for an empty slot, else 1 + the place in `LETTERS`.

    Lines are parted by "\\n", as many in each text; ValueError names a letter without a picture, or a line too long.
    """
    rows = [text.split("\n") for text in texts]
    for text, lines in zip(texts, rows):
        bad = [c for c in text if c not in LETTERS + " \n"]
        if bad:
            raise ValueError(f"{bad[0]!r} in {text!r} is no letter of the font. It has {LETTERS} and the space.")
        if max(map(len, lines)) > slots or len(lines) != len(rows[0]):
            raise ValueError(f"{text!r} must have {len(rows[0])} lines of at most {slots} letters. Shorten it.")
    numbers = [[[LETTERS.find(c) + 1 for c in line.ljust(slots)] for line in lines] for lines in rows]
    return torch.tensor(numbers).view(len(texts), -1, slots)


def render_sign(texts: list[str], ink: Tensor, paper: Tensor, slots: int = SLOTS) -> Tensor:
    """Pictures of texts, uint8 [N, 3, 16·lines, 8·slots], in `INKS` and on `PAPERS` [N]. Built in notebook 15."""
    letters = spell(texts, slots)
    tiles = TABLE[(ink * len(PAPERS) + paper)[:, None], letters.flatten(1)]
    return join(tiles, letters.shape[1], slots)


def tokens(texts: list[str], ink: Tensor, paper: Tensor, slots: int = SLOTS) -> Tensor:
    """The same pictures as whole patches of 4×4 in raster order, int64 [N, T] below `len(BOOK)`."""
    letters = spell(texts, slots)
    return join(_IDS[(ink * len(PAPERS) + paper)[:, None], letters.flatten(1)], letters.shape[1], slots).flatten(1)


def from_tokens(numbers: Tensor, slots: int = SLOTS) -> Tensor:
    """The pictures uint8 [N, 3, H, 8·slots] of any patches [N, T]."""
    columns = slots * WIDTH // PATCH
    return join(BOOK.to(numbers.device)[numbers], numbers.shape[1] // columns, columns)


def read_sign(pixels: Tensor, chunk: int = 1000) -> tuple[list[str], Tensor, Tensor, Tensor]:
    """What signs say, with ink and paper [N], and whether that is sure, bool [N]. Built in notebook 15.

    `pixels` uint8, or floats in [-1, 1], [N, 3, H, W], of letters in slots. A line that is empty or has a gap is not
    sure either. Where it is not sure the nearest text is given: abstain.
    """
    if pixels.ndim != 4 or pixels.shape[1] != 3 or pixels.shape[2] % HEIGHT or pixels.shape[3] % WIDTH:
        raise ValueError(f"pixels must be [N, 3, 16·lines, 8·slots], not {list(pixels.shape)}.")
    parts = [match(cut(part, HEIGHT, WIDTH), TABLE) for part in pixels.split(chunk)]
    group, letters, sure = (torch.cat(column).cpu() for column in zip(*parts))
    letters = letters.unflatten(1, (pixels.shape[2] // HEIGHT, -1))
    full = letters > 0
    sure = sure & (full[:, :, 0] & (full[:, :, :-1] | ~full[:, :, 1:]).all(-1)).all(1)
    texts = ["\n".join("".join((" " + LETTERS)[c] for c in line).rstrip() for line in row) for row in letters.tolist()]
    return texts, *_COLOURS[group].unbind(1), sure


def sample(
    n: int, generator: torch.Generator, split: str = "train", poster: bool = False
) -> tuple[list[str], Tensor, Tensor]:
    """`n` texts with inks and papers [n], all equally likely. A poster has two words and a price, a line each.

    Built in notebook 15.
    """
    dice = random.Random(int(torch.randint(2**62, (1,), generator=generator)))
    texts = dice.choices(words(split), k=n)
    if poster:
        second = dice.choices(words(split), k=n)
        prices = [f"€{dice.randint(1, 9)}.{dice.randint(0, 9)}{dice.choice('05')}" for _ in range(n)]
        texts = ["\n".join(lines) for lines in zip(texts, second, prices)]
    ink, paper = (torch.randint(len(names), (n,), generator=generator) for names in (INKS, PAPERS))
    return texts, ink, paper


def load(split: str = "train", full: bool = False) -> files.Pictures:
    """Every word of a split in all six colours: `captions` the words, `labels` the colours, `extra` inks and papers.

    There are no more, so `full` changes nothing. Built in notebook 15.
    """
    group = torch.arange(len(_COLOURS)).repeat_interleave(len(words(split)))
    texts, (ink, paper) = list(words(split)) * len(_COLOURS), _COLOURS[group].unbind(1)
    names = [f"{ink} on {paper}" for ink in INKS for paper in PAPERS]
    return files.Pictures(render_sign(texts, ink, paper), group, texts, names, {"ink": ink, "paper": paper})
