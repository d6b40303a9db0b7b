"""What large pictures cost: the passes are those of each family, and the power law is the one that is there."""

import pytest

from course_lib.experiments import large


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(large, "GRIDS", (4, 6, 8))
    monkeypatch.setattr(large, "BATCHES", {1: 1, 2: 1})


def test_every_family_draws_every_size_in_as_many_passes_as_it_has():
    found = large.large()
    rows = {(row["kind"], row["tokens"]): row for row in found.metrics["rows"]}
    assert len(rows) == 3 * len(large.KINDS)
    for tokens in (16, 36, 64):
        wanted = {"token by token": tokens, "masked, 12 passes": 12, "noise, 16 steps": 16, "noise, 4 steps": 4}
        wanted |= {"noise, 1 step": 1, "noise, U-Net, 16 steps": 16}
        assert {kind: rows[kind, tokens]["passes"] for kind in wanted} == wanted
        assert all(rows[kind, tokens]["seconds_batch_2"] > 0 for kind in wanted)
    assert set(found.metrics["grows"]) == set(large.KINDS)
    tidy = [
        row
        for row in found.rows
        if row["metric"] == "passes" and row["key"] == {"kind": "token by token", "tokens": 64}
    ]
    assert [row["value"] for row in tidy] == [64] and tidy[0]["family"] == "autoregressive"


def test_the_exponent_is_that_of_the_power_law_through_the_largest_sizes():
    rows = [{"kind": "a", "tokens": n, "s": 3 * n**1.7} for n in (16, 64, 256, 576)] + [
        {"kind": "b", "tokens": 16, "s": 1}
    ]
    rows[0]["s"] = 1e6  # a small size, which start-up costs dominate
    assert large.exponent(rows, "a", "s") == pytest.approx(1.7)
