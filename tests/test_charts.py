"""show/charts.py: what charts say beside their bars and curves."""

import pytest

from course_lib.measure.frechet import floor
from course_lib.show import charts, plot


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_names_for_readers_are_short_and_lower_case():
    assert charts.short(["T-shirt/top", "Ankle boot", "dit-fashion"]) == ["t-shirt", "ankle boot", "noise, transformer"]


def test_a_panel_says_which_way_is_better_and_where_real_pictures_are():
    key = "frechet_relative"
    a = {"frechet": 20.0, key: 2.0, f"{key}_low": 1.5, f"{key}_high": 2.5, "frechet_floor": 5.0, "recall": 0.4}
    rows = {"a": a, "b": {"frechet": 10.0, key: 1.0, "recall": 0.2}}
    fig = charts.rulers(rows, [key, "recall"], "noise", "A wins", "two")
    left, right = fig.axes
    assert [ax.get_title(loc="left").splitlines()[1] for ax in fig.axes] == ["(lower is better)", "(higher is better)"]
    assert texts(left) == ["2", "1"] and texts(right) == ["0.4", "0.2"]
    assert len(left.collections) == 1 and len(right.collections) == 0  # one interval was known
    assert [line.get_ydata()[0] for line in left.lines] == [0.5] and not right.lines
    assert fig.alt == "two" and fig.get_suptitle() == "A wins"


@pytest.mark.parametrize("panels", [1, 2, 3])
def test_bars_across_have_the_first_name_on_top_in_every_panel(panels):
    rows = {name: {"agreement": value, "recall": value, "psnr": value} for name, value in (("a", 0.9), ("b", 0.1))}
    fig = charts.rulers(rows, ["agreement", "recall", "psnr"][:panels], "other", "t", "t", across=True)
    for ax in fig.axes:
        low, high = ax.get_ylim()
        assert low > high


def test_own_ticks_are_plain_numbers():
    _, ax = plot.figure()
    charts.own_ticks(ax, (1, 4, 49))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "4", "49"]
    assert not len(ax.get_xticks(minor=True))


def test_a_level_and_a_curve_carry_their_names():
    _, ax = plot.figure()
    charts.level(ax, 0.5, "real pictures")
    charts.labelled(ax, [1, 2], [3.0, 4.0], "masked", "masked", [2, 3], [4, 5])
    assert texts(ax) == ["real pictures", "masked"] and len(ax.collections) == 1


def test_dark_cells_are_written_on_in_white():
    _, ax = plot.figure()
    charts.written(ax, [[0.0, 9.0]], [["a", "b"]], dark_below=5)
    assert [(text.get_text(), text.get_color()) for text in ax.texts] == [("a", "white"), ("b", "black")]


def test_a_raw_distance_is_given_in_the_unit_of_its_number_of_pictures():
    unit = floor(100)["frechet_unit"]
    assert charts.relative(3 * unit, 100) == pytest.approx(3)
    assert charts.reached({"agreement_real": 0.9}, "agreement") == 0.9
    assert charts.reached({"frechet": 2.0, "frechet_relative": 0.2}, "frechet_relative") is None
