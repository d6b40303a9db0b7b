"""What all widgets share: they answer every question of the browser, also with an error."""

import pytest
import traitlets

from course_lib.show import play, plot


class Halves(play.Play):
    """The half of a number."""

    number = traitlets.Int(8).tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)

    def __init__(self):
        super().__init__()
        self.answers(self.draw, "number")

    def draw(self):
        if self.number < 0:
            raise ValueError("number must be 0 or more.")
        self.status = f"half: {self.number // 2}"

    def frame(self):
        return plot.figure(alt="A half.")[0]


def test_every_question_is_answered_even_where_nothing_changes():
    widget = Halves()
    assert (widget.status, widget.answered) == ("half: 4", 0)
    widget.number = 9
    assert (widget.status, widget.answered) == ("half: 4", 1)


def test_an_error_is_told_to_the_reader_and_raised_and_then_forgotten():
    widget = Halves()
    with pytest.raises(ValueError, match="0 or more"):
        widget.number = -1
    assert (widget.wrong, widget.answered) == ("ValueError: number must be 0 or more.", 1)
    widget.number = 2
    assert (widget.wrong, widget.status, widget.answered) == ("", "half: 1", 2)


def test_it_carries_its_static_frame():
    data, metadata = Halves()._repr_mimebundle_()
    assert data["text/plain"] == "Widget: A half." and metadata["image/png"]["alt"] == "A half."
    assert "application/vnd.jupyter.widget-view+json" in data
