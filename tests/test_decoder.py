"""networks/decoder.py: what its speed must not change, and what half precision does."""

import pytest
import torch
from tiny import tokens, transformer
from torch.fx.experimental.proxy_tensor import make_fx

from course_lib.networks.decoder import Decoder


def decoded(step: Decoder, x: torch.Tensor) -> torch.Tensor:
    return torch.stack([step(x, i) for i in range(x.shape[1])], dim=1)


@pytest.mark.parametrize("static", [False, True])
@pytest.mark.parametrize("grid", [(1, 1), (1, 2), (1, 5), (3, 5), (4, 4)])  # room for the cache grows in four steps
@pytest.mark.parametrize("context", [1, 3, 6])
def test_the_caches_room_never_shows(grid, context, static):
    model, labels = transformer(grid=grid, context=context), torch.tensor([0, 3])
    x = tokens(2, (grid[0] * grid[1],))
    logits = decoded(Decoder(model, model.labels(labels, 2), static=static), x)
    torch.testing.assert_close(logits, model(x, labels), atol=1e-12, rtol=1e-12)  # fp64


def test_a_static_step_is_the_same_program_at_every_position():
    model, x = transformer(), tokens(2, (12,))
    step = Decoder(model, model.labels(torch.tensor([0, 2]), 2), static=True)
    wanted = model(x, torch.tensor([0, 2]))
    step(x, 0)
    keys, embed = step.cache.keys.data_ptr(), model.read.weight.detach()
    with torch.inference_mode():
        # Recorded once: nothing but the embedded token and its place tells one position from another.
        record = make_fx(lambda h, at: step.read(h, at))(embed[x[:, :1]], torch.tensor([1]))
        for i in range(1, 12):
            logits = record(embed[x[:, i - 1 : i]], torch.tensor([i]))
            torch.testing.assert_close(logits, wanted[:, i], atol=1e-12, rtol=1e-12)
    assert step.cache.keys.data_ptr() == keys


def test_under_autocast_only_the_matrices_are_halved():
    model, x = transformer(dtype=torch.float32, width=32), tokens(3, (12,))
    labels = torch.tensor([0, 1, 2])
    full = model(x, labels)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        step = model.decoder(labels)
        half = decoded(step, x)
    assert step.cache.keys.dtype == half.dtype == torch.float32
    assert 0 < (half - full).norm() < 0.05 * full.norm()  # some layers of 8 bits each
    # A decoder made outside stays in fp32, wherever it is called.
    step = model.decoder(labels)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(decoded(step, x), full, atol=1e-5, rtol=1e-5)


def test_a_model_of_half_precision_can_be_decoded():
    model, x = transformer(dtype=torch.bfloat16), tokens(2, (12,))
    full = transformer(dtype=torch.float32)(x, None)
    logits = decoded(model.decoder(torch.tensor([3, 3])), x)
    assert logits.dtype == torch.float32 and (logits - full).norm() < 0.05 * full.norm()
