"""Drawings: every one has words, no two texts lie over each other, and what they claim of a network is so."""

from itertools import combinations

import pytest
import torch

from course_lib.networks import PixelCNN, PixelCNNConfig
from course_lib.networks.layers import Mask
from course_lib.show import drawings, plot

ALL = ("two_stacks", "masks", "cache", "prefix", "straight_through", "adaln", "straight_path", "ruler")


@pytest.mark.parametrize("name", ALL)
def test_a_drawing_has_words_and_no_text_lies_over_another(name):
    fig = getattr(drawings, name)()
    assert len(fig.alt) > 40 and fig.png()
    fig.draw_without_rendering()
    shown = [text for ax in fig.axes for text in (*ax.texts, ax.title, ax._left_title) if text.get_text()]
    boxes = [text.get_window_extent() for text in shown]
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]


@pytest.mark.parametrize("layers", [1, 2])
def test_the_stacks_reach_what_the_drawing_says(layers):
    network = PixelCNN(PixelCNNConfig(levels=4, channels=4, layers=layers, classes=1, size=(6, 15)))
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.5)
    tokens = torch.randint(4, (1, 6, 15))
    label, at = torch.zeros(1, dtype=torch.long), (5, 7)
    with torch.no_grad():
        before = network(tokens, label)[0, at[0], at[1]]
        seen = torch.zeros(6, 15, dtype=torch.bool)
        for y in range(6):
            for x in range(15):
                other = tokens.clone()
                other[0, y, x] = (tokens[0, y, x] + 1) % 4
                seen[y, x] = not torch.equal(network(other, label)[0, at[0], at[1]], before)
    vertical, horizontal = drawings._reached(layers, 6, 15, *at)
    assert torch.equal(seen[5], horizontal[5])  # its own row
    assert torch.equal(seen[:5, 7:], vertical[:5, 7:])  # to the left the row has brought more
    assert seen[vertical].all()


def test_the_third_mask_is_the_one_of_the_library():
    fig = drawings.masks((1, 2, 3))
    faint = plot.FAMILIES["other"]
    painted = torch.tensor([patch.get_facecolor()[:3] for patch in fig.axes[2].patches]).view(6, 6, 3)
    wanted = torch.tensor([int(faint[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    assert torch.equal((painted - wanted).abs().amax(-1) < 1e-3, Mask((1, 2, 3)).visible())
