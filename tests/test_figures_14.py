"""The figures of notebook 14, from made-up rows: titles follow the numbers, and nothing stops."""

import pytest
import torch

from course_lib.show import figures_14 as figures

STEMS = {"raster": 0.9, "any order": 0.7, "replaced": 0.4, "re-noised": 0.5, "exact": 1.0}
FAMILIES = dict(zip(figures.KNOBS, ("dit", "masked", "token-ar")))


def between(key, value):
    return {key: value, f"{key}_low": max(value - 0.05, 0), f"{key}_high": min(value + 0.05, 1)}


def rows(hole, less=0.0):
    """One row for every way, and three seeds of the one that is trained with masks."""
    ways = [(way, 0, share) for way, share in STEMS.items()]
    ways += [("trained with masks", seed, 0.8 + seed / 50) for seed in range(3)]
    out = []
    for way, seed, share in ways:
        fell = share - less * (way == "raster")
        row = {"hole": hole, "form": "null", "way": way, "seed": seed, **between("in_support", fell)}
        row |= {"frechet_relative": 1 - share, "agreement": share, "kept_error": 3 * (1 - share), "seam": 2 - share}
        row |= {"seconds_alone": share / 10, "seconds_batch": share / 100}
        out.append(row | between("rest", 1.0) | between("exact", fell))
    return out


HALVES = rows("bottom half") + rows("top half", less=0.7)


def test_seeds_are_averaged_and_their_ends_kept():
    cell = figures.cells(HALVES, "in_support", hole="top half")["trained with masks"]
    assert cell == {"value": pytest.approx(0.82), "low": 0.8, "high": pytest.approx(0.84), "seeds": 3}
    one = figures.cells(HALVES, "in_support", hole="top half")["any order"]
    assert (one["value"], one["low"], one["seeds"]) == (0.7, pytest.approx(0.65), 1)
    assert figures.cells(HALVES, "count_variation", hole="top half") == {}


def test_the_title_says_what_is_left_of_each_way():
    halves = [figures.cells(HALVES, "in_support", hole=hole) for hole in ("bottom half", "top half")]
    assert (
        figures.fallen(*halves, ("raster", "any order"))
        == "in reading order keeps 22%; any order, one by one keeps 100%"
    )


def test_what_is_not_known_of_a_way_is_not_written():
    panels = {"one": figures.cells(HALVES, "in_support", hole="top half"), "other": {}}
    fig = figures.ways(panels, "share", "title", "alt")
    assert len(fig.axes[0].texts) > 2 * len(STEMS) and not any(text.get_text() for text in fig.axes[1].texts)


def drawn():
    generator = torch.Generator().manual_seed(0)
    pixels, keep = torch.zeros(3, 3, 24, 24, dtype=torch.uint8), torch.ones(3, 36, dtype=torch.bool)
    keep[:, :18] = False
    yield figures.fills(pixels, keep, {"raster": pixels, "a name": pixels}, "title", "alt")
    draws = {name: torch.randn(500, generator=generator) for name in ("one", "other")}
    yield figures.laws(draws, 0.0, 1.0, "title")
    tries = {1: (0.5, 0.5), 4: (0.8, 0.45), 16: (0.9, 0.44)}
    yield figures.by_tries(tries, tries, 0.9, 0.436, "title")
    yield figures.masks(torch.randint(0, 2, (8, 36), generator=generator).float(), (6, 6))
    panels = {hole: figures.cells(HALVES, "in_support", hole=hole) for hole in ("bottom half", "top half")}
    yield figures.ways(panels, "share", "title", "alt")
    knobs = [
        {"family": family, "strength": s / 5, **between("same", 1 - s / 6), **between("in_support", 1 - s / 20)}
        for family in FAMILIES
        for s in range(1, 6)
    ]
    yield figures.knobs(knobs)
    yield figures.traded(knobs)
    yield figures.garments([row for row in HALVES if row["way"] != "exact"], "title")
    yield figures.costs([row for row in HALVES[:4]])
    forms = [row | {"form": form} for form in ("full", "no-positions") for row in HALVES if row["hole"] == "top half"]
    anew = [forms[0] | {"form": form, "way": "drawn anew"} for form in ("full", "no-positions")]
    yield figures.precise([row for row in forms + anew if row["way"] != "exact"], "title")


def test_every_figure_is_drawn_and_put_in_words(tmp_path):
    for i, fig in enumerate(drawn()):
        assert fig.alt and len(fig.png()) > 1000
        (tmp_path / f"{i}.png").write_bytes(fig.png())
