"""data/folder.py: a reader's own pictures, of any size, colour and state."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import data


def put(path, size=(40, 30), mode="RGB", colour=(200, 0, 0)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def test_subfolders_are_classes_and_sizes_and_colours_become_one(tmp_path):
    put(tmp_path / "cats" / "a.png")
    put(tmp_path / "cats" / "more" / "b.jpg", (9, 50))
    put(tmp_path / "dogs" / "grey.png", (12, 12), "L", 7)
    put(tmp_path / "dogs" / "clear.png", (12, 12), "RGBA", (0, 0, 0, 0))
    pictures = data.folder(tmp_path, size=(12, 20))
    assert pictures.pixels.shape == (4, 3, 12, 20) and pictures.names == ["cats", "dogs"]
    assert pictures.labels.tolist() == [0, 0, 1, 1]
    assert (pictures.pixels[2] == 255).all() and (pictures.pixels[3] == 7).all()  # transparent: paper shows
    assert torch.equal(pictures.pixels[0, :, 0, 0], torch.tensor([200, 0, 0], dtype=torch.uint8))
    assert data.folder(tmp_path, 8, grey=True).pixels.shape == (4, 1, 8, 8)


def test_a_picture_is_cut_around_its_middle_and_stands_upright(tmp_path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert (data.folder(tmp_path, 10).pixels == 255).all()
    turned = Image.new("RGB", (20, 10))
    exif = turned.getexif()
    exif[274] = 6  # the camera was held upright
    turned.save(tmp_path / "wide.png", exif=exif)
    assert data.folder(tmp_path, (20, 10)).pixels.shape == (1, 3, 20, 10)


def test_without_subfolders_there_is_one_class(tmp_path):
    put(tmp_path / "a.png")
    assert data.folder(tmp_path).names == [tmp_path.name]


def test_broken_files_are_named_and_the_rest_is_read(tmp_path):
    put(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:60])
    (tmp_path / "notes.txt").write_text("no picture", encoding="utf-8")
    with pytest.warns(UserWarning, match="no whole pictures: cut.png, notes.txt"):
        assert len(data.folder(tmp_path)) == 1


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ValueError, match="is no folder"):
        data.folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no file that is a whole picture"):
        data.folder(tmp_path)
    with pytest.raises(ValueError, match="size=0 must be"):
        data.folder(tmp_path, 0)
