"""Filling holes and varying pictures with models of noise: what is kept, what is asked of the model, and how biased."""

import math

import pytest
import tiny
import torch

from course_lib import runtime
from course_lib.methods import editing, flow

COV = torch.tensor([[1.0, 0.9], [0.9, 1.0]], dtype=torch.float64)


def gaussian(x, t, labels=None):
    """The exact velocity of a correlated Gaussian in the plane: expected noise less expected data."""
    t = float(t if not isinstance(t, torch.Tensor) else t.flatten()[0])
    gain = torch.linalg.inv((1 - t) ** 2 * COV + t * t * torch.eye(2).double())
    return x @ gain.T * t - x @ (gain.T @ COV.T) * (1 - t)


def known(B=3, hide=slice(0, 4)):
    """Random pictures 8×8 and what is kept of them: all but some rows."""
    x, keep = torch.randn(B, 1, 8, 8), torch.ones(B, 1, 8, 8, dtype=torch.bool)
    keep[:, :, hide] = False
    return x, keep


@pytest.mark.parametrize(("hide", "message"), [(slice(0, 0), "is empty"), (slice(0, 8), "is all of it")])
def test_an_empty_and_a_whole_hole_are_refused_by_name(hide, message):
    x, keep = known()
    keep[1] = known(hide=hide)[1][1]
    with pytest.raises(ValueError, match=f"the hole in picture 1 {message}"):
        editing.hole((x, keep), x.shape, x.device)
    with pytest.raises(ValueError, match=message):
        labels = torch.zeros(3).long()
        editing.inpaint(tiny.denoiser(), labels, shape=(1, 8, 8), known=(x, keep), patch=2, steps=1)


def test_a_hole_of_another_size_is_refused():
    x, keep = known()
    with pytest.raises(ValueError, match="both of shape"):
        editing.hole((x[:, :, :4], keep[:, :, :4]), x.shape, x.device)


def test_masks_keep_something_and_hide_something_of_every_form():
    hidden = editing.masks(4000, (6, 6), generator=runtime.generator(0)).view(-1, 6, 6)
    share = hidden.mean((1, 2))
    assert set(hidden.unique().tolist()) == {0.0, 1.0} and 0.1 < (share == 1).double().mean() < 0.2
    assert 0.3 < share.mean() < 0.6
    solid = [m for m in hidden if 0 < m.sum() < 36 and torch.equal(m.any(1)[:, None] & m.any(0), m > 0)]
    assert len(solid) > 1500  # rectangles
    again = [editing.masks(5, (2, 3), generator=runtime.generator(1)) for _ in range(2)]
    assert torch.equal(*again)


def test_the_loss_tells_every_place_its_time_and_counts_hidden_places_only():
    seen = {}

    def model(x, t, labels):
        seen.update(x=x, t=t)
        return torch.zeros_like(x)

    x = torch.rand(64, 1, 8, 8) * 2 - 1
    value = editing.loss(model, (x, torch.zeros(64).long()), patch=4, generator=runtime.generator(0))
    t = editing.spread(seen["t"], x, 4).expand_as(x)
    assert seen["t"].shape == (64, 4) and torch.equal(seen["x"][t == 0], x[t == 0]) and (seen["x"] != x)[t > 0].all()
    noisy = [row[row > 0] for row in seen["t"]]
    assert all((row == row[0]).all() for row in noisy if len(row))  # one time a picture
    noise = (seen["x"] - (1 - t) * x)[t > 0] / t[t > 0]
    assert abs(value.item() - (noise - x[t > 0]).square().mean().item()) < 1e-3


def test_inpaint_leaves_whole_patches_as_they_are_and_tells_the_model_that_they_are_clean():
    (x, keep), asked = known(), []
    network = tiny.denoiser(torch.float32)

    def model(x, t, labels):
        asked.append((x.clone(), t))
        return network(x, t, labels)

    made = editing.inpaint(
        model, torch.arange(3), shape=(1, 8, 8), known=(x, keep), patch=2, steps=4, generator=runtime.generator(0)
    )
    assert torch.equal(made[keep], x[keep]) and (made != x)[~keep].all()
    for given, t in asked:
        assert torch.equal(given[keep], x[keep]) and (t[:, 8:] == 0).all() and (t[:, :8] > 0).all()


def test_a_patch_that_is_kept_in_part_is_noisy_and_kept_in_the_end():
    x, keep = known(hide=slice(0, 3))  # the second row of patches is kept in part
    asked = []

    def model(x, t, labels):
        asked.append((x.clone(), t))
        return torch.zeros_like(x)

    made = editing.inpaint(model, torch.arange(3), shape=(1, 8, 8), known=(x, keep), patch=2, steps=3)
    assert torch.equal(made[keep], x[keep])
    assert all((t[:, 4:8] > 0).all() and not torch.equal(given[:, :, 3], x[:, :, 3]) for given, t in asked)


def test_inpaint_without_anything_known_is_plain_sampling():
    model, labels = tiny.denoiser(), torch.arange(3)
    dials = {"shape": (1, 8, 8), "steps": 3, "guidance": 2.0, "shift": 2.0}
    ours = editing.inpaint(model, labels, patch=2, generator=runtime.generator(0), **dials)
    assert torch.allclose(ours, flow.sample(model, labels, generator=runtime.generator(0), **dials))


def test_renoising_has_the_law_of_the_path():
    x, noise, more = torch.randn(3, 100_000, 1, dtype=torch.float64, generator=runtime.generator(0))
    s, t = 0.3, 0.7
    point = flow.path(torch.full_like(x, 2.0), noise, torch.full((100_000,), s).double())[0]
    later = editing.renoise(point, more, s, t)
    assert abs(later.mean() - 0.3 * 2) < 0.01 and abs(later.std() - t) < 0.01
    assert torch.allclose(editing.renoise(x, more, 0.0, t), 0.3 * x + 0.7 * more)
    assert torch.equal(editing.renoise(x, more, s, s), x)


def filled(jumps, steps, n=1_000):
    """The second coordinate of a correlated Gaussian, the first known to be 1."""
    x, keep = torch.ones(n, 2).double(), torch.tensor([True, False]).expand(n, 2)
    start = runtime.noise(n, (2,), runtime.generator(3)).double()
    solver = editing.repaint((x, keep), jumps, runtime.generator(4))
    made = flow.solve(gaussian, start, steps=steps, solver=solver)
    assert torch.equal(made[:, 0], x[:, 0])
    return made[:, 1]


def test_replacement_is_biased_and_re_noising_less():
    """Of the exact law the mean is 0.9 and the deviation √0.19."""
    plain, again = filled(1, 15), filled(8, 15)
    assert abs(again.mean() - 0.9) < abs(plain.mean() - 0.9) - 0.05
    assert abs(again.std() - math.sqrt(0.19)) < abs(plain.std() - math.sqrt(0.19))


def test_the_same_seed_fills_a_picture_alike_in_any_batch():
    x, keep = known()
    model, labels = tiny.denoiser(), torch.arange(3)

    def made(rows):
        solver = editing.repaint((x[rows], keep[rows]), 2, runtime.generator(7))
        return flow.sample(model, labels[rows], shape=(1, 8, 8), steps=3, solver=solver, generator=runtime.generator(5))

    assert torch.allclose(made(slice(0, 3))[:1], made(slice(0, 1)))


def test_a_solver_can_be_used_for_two_batches():
    (x, keep), labels, model = known(), torch.arange(3), tiny.denoiser(torch.float32)
    solver = editing.repaint((x, keep), 2, runtime.generator(7))
    dials = {"shape": (1, 8, 8), "steps": 2, "solver": solver}
    assert len(flow.sample(model, labels, **dials)) == len(flow.sample(model, labels, **dials)) == 3


@pytest.mark.parametrize("jumps", [0, 1.5])
def test_a_wrong_number_of_tries_is_refused(jumps):
    with pytest.raises(ValueError, match="jumps="):
        editing.repaint(known(), jumps)


def test_sdedit_changes_little_with_little_noise_and_forgets_all_with_all():
    x = torch.randn(5, 1, 8, 8, dtype=torch.float64)
    model, labels = tiny.denoiser(), torch.arange(5) % 3

    def varied(strength, x=x):
        dials = {"strength": strength, "steps": 3, "shift": 2.0, "generator": runtime.generator(0)}
        return editing.sdedit(model, x, labels, **dials)

    assert (varied(0.01) - x).abs().max() < 0.2 < (varied(0.9) - x).abs().max()
    assert torch.allclose(varied(1.0), varied(1.0, torch.zeros_like(x)))


@pytest.mark.parametrize("strength", [0, -0.1, 1.1, float("nan")])
def test_a_wrong_strength_is_refused(strength):
    with pytest.raises(ValueError, match="strength="):
        editing.sdedit(tiny.denoiser(), torch.zeros(1, 1, 8, 8), torch.zeros(1).long(), strength=strength, steps=1)
