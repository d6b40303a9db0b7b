"""Scenes: shapes in a grid of cells, drawn by a law that is known exactly, and read back. Built in notebook 13.

A set of scenes is `cells` int64 [N, C] (0 for an empty cell, else its kind 1..64) and `ground` int64 [N].
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

SHAPES = ("circle", "square", "triangle", "cross")
SIZES = ("small", "big")
# Any two of these twelve, inks and grounds, differ by 20 or more in Lab, also to eyes without red or green cones.
INKS = {
    "red": (195, 40, 15),
    "orange": (225, 152, 25),
    "yellow": (250, 245, 45),
    "green": (25, 175, 85),
    "cyan": (80, 200, 250),
    "blue": (42, 48, 212),
    "purple": (175, 40, 185),
    "pink": (245, 150, 185),
}
PAPERS = {"black": (0, 0, 0), "grey": (115, 115, 115), "white": (255, 255, 255), "navy": (29, 19, 86)}
COLOURS, GROUNDS = tuple(INKS), tuple(PAPERS)
KINDS = len(SHAPES) * len(COLOURS) * len(SIZES)
CELL, PATCH = 8, 4
HELD_OUT = (("circle", "cyan"), ("square", "yellow"), ("triangle", "red"), ("cross", "purple"))
PARTS = ("train", "scenes", "pairs")
SHARE = 8  # one in so many scenes of three objects or more is kept from training
MARGIN, FAR, TORN = 0.3, 0.04, 0.2  # how clearly the best must win: see `match`
BRIGHT = 0.17  # of the pictures in [-1, 1] only pink on white, from 0.176 on, and white are brighter throughout

DRAWN = """
.###. ..###.. ##### ####### ..#.. ...#... #...# ##...##
##### .#####. ##### ####### .###. ..###.. .#.#. ###.###
##### ####### ##### ####### .###. ..###.. ..#.. .#####.
##### ####### ##### ####### ##### .#####. .#.#. ..###..
.###. ####### ##### ####### ##### .#####. #...# .#####.
..... .#####. ..... ####### ..... ####### ..... ###.###
..... ..###.. ..... ####### ..... ####### ..... ##...##
"""


@dataclass(frozen=True)
class Layout:
    """`rows`×`columns` cells of 8 pixels, at most 4×4, with 1 to `most` objects, at most 6 (else ValueError): every
    number, set of cells and kind equally likely. Built in notebook 13."""

    rows: int
    columns: int
    most: int

    def __post_init__(self):
        if not (1 <= self.rows <= 4 and 1 <= self.columns <= 4 and 1 <= self.most <= min(6, self.cells)):
            raise ValueError(f"{self!r} must have 1 to 4 rows and columns, and most from 1 to 6 and to its cells.")

    def __str__(self) -> str:
        return f"the layout of {self.rows}×{self.columns} cells"

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return self.rows * self.columns

    def bits(self, kinds: int = KINDS) -> float:
        """Exact entropy of the law: 20.50 bits for `EASY`, 34.9 for `HARD`, less with fewer kinds."""
        each = [math.comb(self.cells, k) * kinds**k * len(GROUNDS) for k in range(1, self.most + 1)]
        return math.log2(self.most * math.prod(each) ** (1 / self.most))


EASY, HARD = Layout(3, 3, 3), Layout(4, 4, 6)


def _forms() -> Tensor:
    """Which pixels of a cell each kind inks, bool [65, 8, 8], none for the empty cell; both sizes share a centre."""
    columns = zip(*(line.split() for line in DRAWN.split("\n") if line))
    forms = torch.zeros(len(SHAPES), 1, len(SIZES), CELL, CELL, dtype=torch.bool)
    for i, column in enumerate(columns):
        form = torch.tensor([[c == "#" for c in line] for line in column])
        start = (7 - form.shape[1]) // 2
        forms[i // 2, 0, i % 2, start : start + 7, start : start + form.shape[1]] = form[: CELL - start]
    forms = forms.expand(-1, len(COLOURS), -1, -1, -1).reshape(KINDS, CELL, CELL)
    return torch.cat([torch.zeros(1, CELL, CELL, dtype=torch.bool), forms])


def _tokens(forms: Tensor) -> tuple[Tensor, Tensor]:
    """All masks of a patch [M, 4, 4], and the factors [4, 65, 4, 3] of the four patches of every kind on every ground.

    Where a patch has no ink its ink is 0, where it has no ground its ground is 4: what cannot be seen is not said.
    """
    quarters = forms.view(-1, 2, PATCH, 2, PATCH).transpose(2, 3).reshape(-1, 4, PATCH * PATCH)
    codes, masks = (quarters.long() << torch.arange(16)).sum(-1).unique(return_inverse=True)
    pictures = (codes[:, None] >> torch.arange(16) & 1).bool().view(-1, PATCH, PATCH)
    ink = torch.where(masks > 0, ATTRIBUTES[:, 1:2] + 1, 0)
    grounds = torch.arange(len(GROUNDS)).view(-1, 1, 1).expand(-1, *masks.shape)
    grounds = torch.where(masks == len(codes) - 1, len(GROUNDS), grounds)
    return pictures, torch.stack([masks.expand_as(grounds), ink.expand_as(grounds), grounds], -1)


# Shape, colour and size of each kind, -1 for the empty cell: [65, 3].
ATTRIBUTES = torch.cartesian_prod(*(torch.arange(len(names)) for names in (SHAPES, COLOURS, SIZES)))
ATTRIBUTES = torch.cat([torch.full((1, 3), -1), ATTRIBUTES])
PAIRED = torch.tensor([(SHAPES.index(shape), COLOURS.index(colour)) for shape, colour in HELD_OUT])
HELD = (ATTRIBUTES[:, None, :2] == PAIRED).all(-1).any(1)  # [65], the kinds kept from training
FORMS = _forms()
MASKS, TOKENS = _tokens(FORMS)
# The rest of the tables: factors of every patch that there is [V, 3]; colours, with one that nothing has for "none".
BOOK = TOKENS.reshape(-1, 3).unique(dim=0)
NONE = (255, 0, 255)
INK, GROUND = (torch.tensor(rows, dtype=torch.uint8) for rows in ([NONE, *INKS.values()], [*PAPERS.values(), NONE]))
TABLE = torch.where(FORMS[:, None], INK[ATTRIBUTES[:, 1] + 1][:, :, None, None], GROUND[:-1, None, :, None, None])
NUMBER = torch.full((len(MASKS), len(INK), len(GROUND)), -1).index_put(tuple(BOOK.T), torch.arange(len(BOOK)))


def kind(shape: str, colour: str, size: str) -> int:
    """The number 1..64 of a kind: `kind("circle", "red", "small")` is 1."""
    return 1 + (SHAPES.index(shape) * len(COLOURS) + COLOURS.index(colour)) * len(SIZES) + SIZES.index(size)


def split(cells: Tensor) -> Tensor:
    """Which of `PARTS` each scene is in, int64 [N]: 2 with a held-out (shape, colour), 1 for one in eight of three
    objects or more, by a checksum of its cells, and 0, "train", for the rest. Built in notebook 13."""
    code = torch.zeros_like(cells[:, 0])
    for column in (*cells.unbind(1), 0, 0):  # twice more, so that the last cells count as much as the first
        code = ((code ^ code >> 15) * 1103515245 + column + 12345) & 0x7FFFFFFF
    part = (((code >> 16) % SHARE == 0) & ((cells > 0).sum(1) >= 3)).long()
    return part.masked_fill(HELD.to(cells.device)[cells].any(1), 2)


def sample(n: int, generator: torch.Generator, layout: Layout = EASY, part: str | None = None) -> tuple[Tensor, Tensor]:
    """`n` scenes of the law: `cells` [n, C] and `ground` [n]. Built in notebook 13.

    With a `part` of `PARTS` only its scenes, drawn again until they are: the number of objects stays uniform, in
    "scenes" from 3 on. "train" is the law with 56 kinds, less one in eight of the scenes of three objects or more.
    """
    if part is not None and part not in PARTS:
        raise ValueError(f"part={part!r} is not a part of the scenes. Choose one of {', '.join(PARTS)}, or None.")
    least = 3 if part == "scenes" else 1
    if layout.most < least:
        raise ValueError(f"part='scenes' are scenes of 3 objects or more, but {layout} has at most {layout.most}.")
    kinds = (~HELD if part in ("train", "scenes") else torch.ones_like(HELD))[1:].nonzero().flatten() + 1
    counts = torch.randint(least, layout.most + 1, (n,), generator=generator)
    cells, todo = torch.zeros(n, layout.cells, dtype=torch.int64), torch.arange(n)
    while len(todo):
        drawn = kinds[torch.randint(len(kinds), (len(todo), layout.cells), generator=generator)]
        rank = torch.rand(len(todo), layout.cells, generator=generator).argsort(1)
        cells[todo] = torch.where(rank < counts[todo, None], drawn, 0)
        todo = todo[:0] if part is None else todo[split(cells[todo]) != PARTS.index(part)]
    return cells, torch.randint(len(GROUNDS), (n,), generator=generator)


def _check(cells: Tensor, ground: Tensor, layout: Layout) -> None:
    if cells.ndim != 2 or cells.shape[1] != layout.cells or cells.is_floating_point():
        found = f"{cells.dtype} {list(cells.shape)}"
        raise ValueError(f"cells must be whole numbers [N, {layout.cells}] for {layout}, not {found}.")
    for name, numbers, end in (("cells", cells, KINDS), ("ground", ground, len(GROUNDS) - 1)):
        if ((numbers < 0) | (numbers > end)).any():
            raise ValueError(f"{name} must lie in 0..{end}, not run from {numbers.min()} to {numbers.max()}.")


def join(tiles: Tensor, rows: int, columns: int) -> Tensor:
    """Pictures [N, C, rows·h, columns·w] from their tiles [N, rows·columns, C, h, w], in raster order."""
    N, _, C, h, w = tiles.shape
    return tiles.view(N, rows, columns, C, h, w).permute(0, 3, 1, 4, 2, 5).reshape(N, C, rows * h, columns * w)


def cut(pixels: Tensor, h: int, w: int) -> Tensor:
    """The tiles [N, T, C, h, w] of pictures [N, C, H, W], the inverse of `join`."""
    N, C, H, W = pixels.shape
    tiles = pixels.reshape(N, C, H // h, h, W // w, w).permute(0, 2, 4, 1, 3, 5)
    return tiles.reshape(N, -1, C, h, w)


def render(cells: Tensor, ground: Tensor, layout: Layout = EASY) -> Tensor:
    """The pictures of scenes, uint8 [N, 3, 8·rows, 8·columns]. Built in notebook 13."""
    _check(cells, ground, layout)
    return join(TABLE.to(cells.device)[ground[:, None], cells], layout.rows, layout.columns)


def match(tiles: Tensor, templates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which template each tile shows: the group [N], the template [N, T], and whether both are sure, bool [N].

    `tiles` uint8, or floats in [-1, 1], [N, T, C, h, w]; `templates` uint8 [G, K, C, h, w]. All tiles of a picture are
    of one group. It is sure where each tile is clearly nearer to its template than to any other (`MARGIN`), each patch
    near it (`FAR`) and not nearer to that of another by more than `TORN`. ValueError of other numbers, as [0, 1] are.
    """
    low = float(tiles.min()) if len(tiles) else -1.0
    if tiles.dtype != torch.uint8 and (not tiles.is_floating_point() or 0 <= low < BRIGHT):
        raise ValueError(f"pixels must be uint8 or in [-1, 1] (of [0, 1]: x * 2 - 1), not {tiles.dtype} from {low:g}.")
    x = tiles.float() / 255 if tiles.dtype == torch.uint8 else tiles.float().add(1).div(2)
    y = templates.to(x.device).float() / 255
    parts = [cut(z.flatten(0, 1), PATCH, PATCH).flatten(2).transpose(0, 1) for z in (x, y)]  # P N·T D and P G·K D
    each = torch.cdist(*parts).square().unflatten(1, x.shape[:2])  # P N T G·K
    groups = each.sum(0).unflatten(-1, y.shape[:2])
    group = groups.amin(-1).sum(1).argmin(-1)
    found = groups[torch.arange(len(x)), :, group].argmin(-1)  # N T
    best = found + group[:, None] * y.shape[1]
    own = each.gather(-1, best.expand(len(each), -1, -1)[..., None])  # P N T 1
    apart = torch.cdist(parts[1], parts[1]).square().sum(0)[best]  # N T G·K, 0 where two groups have the same picture
    clear = ((each - own).sum(0) >= MARGIN * apart - 1e-3).all(-1)
    whole = (own <= FAR * parts[0].shape[-1]) & (own <= each.amin(-1, keepdim=True) + TORN)
    return group, found, (clear & whole[..., 0].all(0)).all(1)


def parse(pixels: Tensor, layout: Layout = EASY, chunk: int = 1000) -> tuple[Tensor, Tensor, Tensor]:
    """What pictures show: `cells` [N, C], `ground` [N], and whether that is sure, bool [N]. Built in notebook 13.

    `pixels` are uint8, or floats in [-1, 1], [N, 3, H, W]. Where it is not sure the nearest scene is given: abstain.
    """
    shape = (3, CELL * layout.rows, CELL * layout.columns)
    if pixels.ndim != 4 or pixels.shape[1:] != shape:
        raise ValueError(f"pixels must be [N, {', '.join(map(str, shape))}] for {layout}, not {list(pixels.shape)}.")
    parts = [match(cut(part, CELL, CELL), TABLE) for part in pixels.split(chunk)]
    ground, cells, sure = (torch.cat(column) for column in zip(*parts))
    return cells, ground, sure


def tokens(cells: Tensor, ground: Tensor, layout: Layout = EASY) -> Tensor:
    """Scenes as factors of their 4×4 patches in raster order, int64 [N, T, 3]: mask, ink and ground.

    There are `len(MASKS)` masks, 9 inks (0 where there is none) and 5 grounds (4 where none is). Built in notebook 13.
    """
    _check(cells, ground, layout)
    quarters = TOKENS.to(cells.device)[ground[:, None], cells].unflatten(2, (2, 2))  # N C 2 2 3
    return join(quarters.movedim(-1, 2), layout.rows, layout.columns).flatten(2).transpose(1, 2)


def from_tokens(factors: Tensor, layout: Layout = EASY) -> Tensor:
    """The pictures of factors [N, T, 3], whether or not such patches exist; what is "none" but shows is magenta."""
    mask, ink, ground = factors.unbind(-1)
    masks, inks, grounds = (table.to(factors.device) for table in (MASKS, INK, GROUND))
    tiles = torch.where(masks[mask][:, :, None], inks[ink][..., None, None], grounds[ground][..., None, None])
    return join(tiles, 2 * layout.rows, 2 * layout.columns)


def ids(factors: Tensor) -> Tensor:
    """Factors [..., 3] as one number each, below `len(BOOK)`: a codebook of whole patches. ValueError if none is so."""
    numbers = NUMBER.to(factors.device)[tuple(factors.unbind(-1))]
    if bool((numbers < 0).any()):
        bad = factors[numbers < 0][0].tolist()
        raise ValueError(f"factors (mask, ink, ground) = {bad} are no patch of a scene: `BOOK` lists those that are.")
    return numbers


def from_ids(numbers: Tensor) -> Tensor:
    """The factors [..., 3] of whole patches, the inverse of `ids`."""
    return BOOK.to(numbers.device)[numbers]
