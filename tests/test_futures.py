"""The completion widget of notebook 02, and the figures of who sees what."""

import pytest
import torch

from course_lib.data import Pictures
from course_lib.networks import PixelCNN, PixelCNNConfig
from course_lib.show import maps, play


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return PixelCNN(PixelCNNConfig(channels=4, layers=1, classes=2, size=(6, 5))).eval()


@pytest.fixture(scope="module")
def pictures():
    pixels = torch.randint(0, 256, (3, 1, 6, 5), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    return Pictures(pixels, torch.tensor([0, 1, 0]), names=["shirt", "shoe"])


def test_a_completion_keeps_what_was_given_and_draws_the_rest(model, pictures):
    done = play.complete(model, pictures.pixels, 4, pictures.labels)
    assert torch.equal(done[:, :, :4], pictures.pixels[:, :, :4])
    assert not torch.equal(done[:, :, 4:], pictures.pixels[:, :, 4:])
    assert torch.equal(done, play.complete(model, pictures.pixels, 4, pictures.labels))


def test_a_cover_hides_everything_from_its_row_on(pictures):
    hidden = play.covered(pictures.pixels, 2)
    assert hidden.shape == (3, 3, 6, 5) and (hidden[:, :, 2:] == hidden[:1, :, 2:3, :1]).all()
    assert torch.equal(hidden[:, :, :2], pictures.pixels[:, :, :2].expand(-1, 3, -1, -1))


def test_every_control_draws_new_futures(model, pictures):
    widget = play.Futures(model, pictures, count=2, row=3)
    assert len(widget.shown) == 6 * (2 + 2) * 5 * 3
    for name, value in {"garment": 1, "row": 0, "seed": 7}.items():
        before = widget.shown
        setattr(widget, name, value)
        assert widget.shown != before
    for label in (0, 2, -1):  # a wrong class, no class, its own
        widget.label = label
    assert "shoe" in widget.status
    with pytest.raises(ValueError, match="row=6"):
        widget.row = 6


def test_the_widget_carries_a_picture_for_readers_without_a_kernel(model, pictures):
    data, metadata = play.Futures(model, pictures, count=2, row=3)._repr_mimebundle_()
    assert "image/png" in data and "garments" in metadata["image/png"]["alt"]


def test_maps_tell_seen_blind_and_leaking_pixels_apart():
    reached = torch.tensor([[1.0, 0.0], [0.0, 1.0]]) != 0
    kinds = [maps.kind(reached, (1, 0), y, x) for y in (0, 1) for x in (0, 1)]
    assert kinds == ["earlier, seen", "earlier, never seen", "later", "later, seen: a leak"]
    assert maps.seen({"two": reached.float()}, (1, 0), title="t").png()[:4] == b"\x89PNG"
    assert maps.kept(size=4, at=(2, 2), alt="rows kept").alt == "rows kept"
