"""networks/quantizers.py: numbers to codes and back, what learns from what, and another library as a witness."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from vector_quantize_pytorch import FSQ as PeerFSQ
from vector_quantize_pytorch import ResidualVQ as PeerResidual
from vector_quantize_pytorch import VectorQuantize as PeerVQ

from course_lib.methods import next_scale
from course_lib.networks import MultiScale, MultiScaleConfig
from course_lib.networks.quantizers import FSQ, VQ, nearest, straight_through, usage

LEVELS = (8, 5, 5, 5)  # the course's own: 1,000 codes
FP32 = 1e-6  # z + (q - z) is q up to a rounding of numbers about 1


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=seeded(seed))


level_sets = st.lists(st.integers(2, 9), min_size=1, max_size=4).filter(lambda levels: math.prod(levels) <= 2000)


# What all share


def test_straight_through_has_the_value_of_one_and_the_gradient_of_the_other():
    z, q = normal(5, 3).requires_grad_(), normal(5, 3, seed=1).requires_grad_()
    out, weights = straight_through(z, q), normal(5, 3, seed=2)
    torch.testing.assert_close(out, q, atol=FP32, rtol=0)
    (out * weights).sum().backward()
    assert torch.equal(z.grad, weights) and q.grad is None


@given(count=st.integers(1, 40), dim=st.integers(1, 6), seed=st.integers(0, 99))
def test_nearest_is_the_least_distance(count, dim, seed):
    z, codebook = normal(30, dim, seed=seed), normal(count, dim, seed=seed + 100)
    far = torch.cdist(z.double(), codebook.double())
    chosen = far.gather(1, nearest(z, codebook)[:, None])[:, 0]
    torch.testing.assert_close(chosen, far.amin(1), atol=1e-3, rtol=0)  # |z - c|² in fp32, and a root of what is left


@given(st.integers(1, 50))
def test_usage_counts_what_codes_are_worth(count):
    every = usage(torch.arange(count).repeat(3), count)
    assert every["used"] == 1 and every["perplexity"] == pytest.approx(count)
    one = usage(torch.full((7, 2), count - 1), count)
    assert one["used"] == pytest.approx(1 / count) and one["perplexity"] == pytest.approx(1)


# Finite scalar quantisation


@given(level_sets)
def test_every_index_is_a_code_and_every_code_an_index(levels):
    fsq = FSQ(tuple(levels))
    every = torch.arange(fsq.count)
    codes = fsq.codes(every)
    assert fsq.count == math.prod(levels) == len({tuple(code) for code in codes.tolist()})
    assert torch.equal(fsq.indices(codes), every)
    assert codes.min() >= -1 and codes.max() <= 1
    assert [len(column.unique()) for column in codes.T] == levels  # each number has its own levels
    assert torch.equal(fsq.codes(every.view(1, -1, 1)), codes.view(1, -1, 1, len(levels)))


@given(level_sets)
def test_every_level_can_be_reached_and_in_order(levels):
    fsq = FSQ(tuple(levels))
    z = torch.linspace(-9, 9, 3001)[:, None].expand(-1, len(levels))
    bounded = fsq.bound(z)
    assert bounded.abs().max() < 1.0011  # a thousandth more than the outermost level
    codes = fsq(z)
    assert (codes.diff(dim=0) >= -FP32).all()
    for column, wanted in zip((codes * fsq.width).round().T, levels):
        assert column.unique().tolist() == list(range(-(wanted // 2), wanted - wanted // 2))


@given(level_sets, st.integers(0, 99))
def test_the_slope_is_that_of_the_tanh_and_alive_at_zero(levels, seed):
    fsq = FSQ(tuple(levels)).double()
    for z in (torch.zeros(1, len(levels)).double(), normal(20, len(levels), seed=seed).double() * 3):
        z.requires_grad_()
        fsq(z).sum().backward()
        slope = (1 - (z + fsq.shift).tanh() ** 2) * fsq.reach / fsq.width
        torch.testing.assert_close(z.grad, slope.detach(), atol=1e-12, rtol=1e-9)  # fp64
        assert z.grad.isfinite().all() and (z.grad > 0).all()
    assert (fsq(torch.zeros(1, len(levels)).double()) == 0).all()
    z = torch.zeros(1, len(levels), dtype=torch.double, requires_grad=True)
    fsq(z).sum().backward()
    assert z.grad.min() > 0.45  # with two levels the formula for even ones would leave 0.001 here


def test_two_levels_are_split_at_zero():
    fsq, z = FSQ((2, 2)), normal(1000, 2)
    torch.testing.assert_close(fsq(z), torch.where(z > 0, 0.0, -1.0), atol=FP32, rtol=0)
    assert usage(fsq.indices(fsq(z)), 4)["perplexity"] > 3.95


def test_codes_are_not_to_be_quantised_again():
    fsq = FSQ(LEVELS)
    every = torch.arange(fsq.count)
    codes = fsq.codes(every)
    twice = fsq.indices(fsq(codes))
    # The tanh pulls the outer levels in. Of eight levels four move, of five none: half of all codes change.
    assert (twice == every).float().mean() == 0.5 and len(twice.unique()) == 750
    moved = [
        int((FSQ((n,))(FSQ((n,)).codes(torch.arange(n))) - FSQ((n,)).codes(torch.arange(n))).abs().gt(0.1).sum())
        for n in LEVELS
    ]
    assert moved == [4, 0, 0, 0]
    # Decoding from the index is exact, and so is the way back through the tanh.
    before = ((codes * fsq.width + fsq.offset) / fsq.reach).atanh() - fsq.shift
    assert torch.equal(fsq.indices(fsq(before)), every)


@given(level_sets, st.integers(0, 99))
def test_latents_and_their_codes_have_one_index(levels, seed):
    fsq, z = FSQ(tuple(levels)), normal(3, 7, len(levels), seed=seed) * 2
    indices = fsq.indices(fsq.bound(z))
    assert indices.shape == (3, 7) and torch.equal(indices, fsq.indices(fsq(z)))
    torch.testing.assert_close(fsq.codes(indices), fsq(z), atol=FP32, rtol=0)
    assert (fsq.bound(z) - fsq.codes(indices)).mul(fsq.width).abs().max() <= 0.5 + 1e-5  # the nearest level


def test_a_codebook_that_cannot_be_is_refused():
    for levels in ((), (1,), (8, 0)):
        with pytest.raises(ValueError, match="levels=.* must be whole numbers of at least 2"):
            FSQ(levels)
    for indices in ([-1, 2], [0, 6]):
        with pytest.raises(ValueError, match=r"indices must lie in 0\.\.5, not"):
            FSQ((2, 3)).codes(torch.tensor(indices))
    assert FSQ((2, 3)).codes(torch.zeros(0, 4, dtype=torch.long)).shape == (0, 4, 2)


# Vector quantisation


def test_a_vector_becomes_its_nearest_code():
    vq, z = VQ(12, 3), normal(4, 5, 3)
    codes, indices, _ = vq(z)
    far = torch.cdist(z.flatten(0, 1), vq.codebook.detach())
    assert torch.equal(indices.flatten(), far.argmin(1)) and indices.shape == (4, 5)
    torch.testing.assert_close(codes, vq.codebook[indices], atol=FP32, rtol=0)
    again, same, _ = vq(vq.codebook[indices].detach())
    assert torch.equal(same, indices)  # codes are their own codes
    assert torch.equal(again, vq.codebook[indices])


def gradients(vq: VQ, z: torch.Tensor, value) -> tuple[torch.Tensor | None, torch.Tensor | None]:
    vq.zero_grad()
    z = z.clone().requires_grad_()
    codes, _, loss = vq(z)
    value(codes, loss).backward()
    return z.grad, vq.codebook.grad


def test_who_learns_from_what():
    vq, z, weights = VQ(12, 3, commitment=0.4), normal(20, 3), normal(20, 3, seed=1)
    q = vq.codebook[nearest(z, vq.codebook)].detach()
    encoder, codebook = gradients(vq, z, lambda codes, _: (codes * weights).sum())
    assert torch.equal(encoder, weights) and codebook is None  # straight through, and past the codes
    encoder, codebook = gradients(vq, z, lambda _, loss: loss)
    torch.testing.assert_close(encoder, 0.4 * 2 * (z - q) / z.numel())  # commitment: for the encoder alone
    pulled = torch.zeros(12, 3).index_add_(0, nearest(z, vq.codebook), 2 * (q - z) / z.numel())
    torch.testing.assert_close(codebook, pulled)  # the other half: for the chosen codes alone
    *_, loss = vq(z)
    assert loss.item() == pytest.approx(1.4 * F.mse_loss(z, q).item())


def test_a_codebook_of_means_takes_no_gradient():
    vq, z = VQ(12, 3, ema=0.9).eval(), normal(20, 3)
    q = vq.codebook[nearest(z, vq.codebook)]
    encoder, codebook = gradients(vq, z, lambda _, loss: loss)
    torch.testing.assert_close(encoder, 0.25 * 2 * (z - q) / z.numel())
    assert codebook is None and not list(p for p in vq.parameters() if p.requires_grad)


def clusters(k: int = 6, each: int = 30, spread: float = 0.02, seed: int = 0) -> torch.Tensor:
    """`k` heaps of `each` points, far apart: `[k · each, 2]`."""
    angles = torch.arange(k) / k * 2 * math.pi
    centres = torch.stack([angles.cos(), angles.sin()], 1) * 3
    return centres.repeat_interleave(each, 0) + spread * normal(k * each, 2, seed=seed)


def test_a_code_becomes_the_mean_of_what_chose_it():
    z, vq = clusters(), VQ(6, 2, ema=0.9).train()
    vq.codebook.data.copy_(z[::30] + 0.3)
    for _ in range(300):
        vq(z)
    # 0.9^300 of the start is left, and the smoothing moves a count of 30 by 1e-5.
    torch.testing.assert_close(vq.codebook.data, z.view(6, 30, 2).mean(1), atol=1e-4, rtol=0)
    torch.testing.assert_close(vq.counts, torch.full((6,), 30.0))
    before = vq.codebook.clone()
    vq.eval()(normal(50, 2))
    assert torch.equal(vq.codebook, before)  # only training moves it


@given(seed=st.integers(0, 99), decay=st.floats(0.1, 0.999))
def test_smoothing_keeps_the_sum_of_the_counts(seed, decay):
    vq, z = VQ(9, 2, ema=decay).train(), normal(40, 2, seed=seed)
    before = vq.counts.clone()
    _, indices, _ = vq(z)
    wanted = before * decay + torch.bincount(indices, minlength=9) * (1 - decay)
    torch.testing.assert_close(vq.counts, wanted)
    smooth = (vq.sums / vq.codebook.data).mean(1)  # what the sums were divided by
    torch.testing.assert_close(smooth.sum(), vq.counts.sum(), rtol=1e-4, atol=0)
    assert (smooth > 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_dead_codes_come_back_where_vectors_are(seed):
    z, vq = normal(400, 2, seed=seed), VQ(20, 2, ema=0.9)
    vq.codebook.data[5:] += 50  # nobody is near these fifteen
    counts = torch.bincount(nearest(z, vq.codebook), minlength=20)
    before, old = usage(nearest(z, vq.codebook), 20), vq.codebook.clone()
    dead = counts < 0.5
    assert dead.sum() >= 15
    vq.counts.fill_(7.0)
    assert vq.revive(z, counts, generator=seeded(seed)) == int(dead.sum())
    after = usage(nearest(z, vq.codebook), 20)
    assert after["perplexity"] >= before["perplexity"] and after["used"] == 1
    assert torch.equal(vq.codebook[~dead], old[~dead])  # who lives stays
    points = {tuple(row) for row in z.tolist()}
    assert all(tuple(row) in points for row in vq.codebook[dead].tolist())
    assert len(vq.codebook[dead].unique(dim=0)) == dead.sum()  # each on a vector of its own
    # What their places remembered is forgotten, and only there.
    assert (vq.counts[dead] == 1).all() and (vq.counts[~dead] == 7).all()
    assert torch.equal(vq.sums[dead], vq.codebook[dead])
    assert vq.revive(z, torch.ones(20)) == 0


def test_a_start_by_k_means_beats_a_random_one():
    z = clusters(k=24, each=20, spread=0.1)
    start, random = VQ(24, 2), VQ(24, 2)
    random.load_state_dict(start.state_dict())
    start.start(z, generator=seeded())

    def error(vq):
        return F.mse_loss(vq.codebook[nearest(z, vq.codebook)], z).item()

    assert error(start) < 0.2 * error(random)
    ours, theirs = (usage(nearest(z, vq.codebook), 24) for vq in (start, random))
    assert ours["used"] == 1 > theirs["used"] and ours["perplexity"] > 2 * theirs["perplexity"]
    assert torch.equal(start.sums, start.codebook.data) and (start.counts == 1).all()
    again = VQ(24, 2)
    again.start(z, generator=seeded())
    assert torch.equal(again.codebook, start.codebook)  # the seed says it all


def test_more_codes_than_vectors_is_no_trouble():
    vq, z = VQ(10, 2), normal(4, 2)
    vq.start(z, generator=seeded())
    torch.testing.assert_close(vq.codebook[nearest(z, vq.codebook)], z)


def test_vectors_of_another_size_are_named():
    with pytest.raises(ValueError, match=r"z must be \[\.\.\., 4\], one vector a place, not \[2, 3\]"):
        VQ(5, 4)(torch.zeros(2, 3))


# Residual codes in several scales


def pyramid(scales: tuple[int, ...] = (1, 2, 4), count: int = 11, dim: int = 3, seed: int = 0) -> MultiScale:
    torch.manual_seed(seed)
    return MultiScale(MultiScaleConfig(scales, count, dim))


scale_sets = st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True).map(lambda s: tuple(sorted(s)))


@given(scale_sets, st.integers(0, 99))
def test_each_scale_codes_what_the_coarser_ones_left(scales, seed):
    model, S = pyramid(scales, seed=seed), scales[-1]
    f = normal(2, 3, S, S, seed=seed)
    tokens = model.encode(f)
    assert tokens.shape == (2, sum(s * s for s in scales)) and model.groups == tuple(s * s for s in scales)
    approximation, residual = torch.zeros_like(f), f
    for s, part, total in zip(scales, tokens.split(model.groups, 1), model.partial(tokens), strict=True):
        vectors = F.adaptive_avg_pool2d(residual, s).movedim(1, -1)
        chosen = model.vq.codebook[part].view(2, s, s, 3)
        far, least = (vectors - chosen).norm(dim=-1), torch.cdist(vectors.flatten(0, 2), model.vq.codebook).amin(1)
        torch.testing.assert_close(far.flatten(), least, atol=1e-3, rtol=0)  # the nearest, up to ties in fp32
        wide = F.interpolate(chosen.movedim(-1, 1), size=(S, S), mode="bicubic")
        approximation, residual = approximation + wide, residual - wide
        torch.testing.assert_close(total, approximation)
        torch.testing.assert_close(f - total - residual, torch.zeros_like(f), atol=1e-5, rtol=0)  # fp32 sums
    assert torch.equal(model.decode(tokens), model.partial(tokens)[-1])


@given(scale_sets, st.integers(0, 99))
def test_inputs_of_a_scale_hold_coarser_codes_only(scales, seed):
    model, generator = pyramid(scales, seed=seed), seeded(seed)
    tokens = torch.randint(11, (2, sum(model.groups)), generator=generator)
    inputs, ends = model.inputs(tokens), list(itertools.accumulate(model.groups))
    assert inputs.shape == (2, ends[-1], 3) and not inputs[:, : ends[0]].any()
    for k, (size, end) in enumerate(zip(model.groups, ends)):
        other = tokens.clone()
        other[:, end - size :] = (tokens[:, end - size :] + 1) % 11  # this scale and all finer ones
        changed = model.inputs(other)
        assert torch.equal(changed[:, :end], inputs[:, :end])
        assert k == len(ends) - 1 or not torch.allclose(changed[:, end:], inputs[:, end:])
        # A beginning of whole scales is enough to go on, and knows nothing else.
        assert torch.equal(model.inputs(tokens[:, :end]), inputs[:, : ends[min(k + 1, len(ends) - 1)]])
        torch.testing.assert_close(model.partial(tokens[:, :end])[-1], model.partial(tokens)[k])
    assert torch.equal(model.inputs(tokens[:, :0]), inputs[:, : ends[0]])


def test_inputs_are_the_sum_of_coarser_scales_at_their_size():
    model = pyramid((1, 2, 4))
    tokens = torch.randint(11, (2, 21), generator=seeded())
    first, second, _ = model.partial(tokens)
    pooled = [F.adaptive_avg_pool2d(part, s).flatten(2).mT for part, s in ((first, 2), (second, 4))]
    torch.testing.assert_close(model.inputs(tokens)[:, 1:], torch.cat(pooled, 1))


def test_one_scale_is_plain_vector_quantisation():
    model, f = pyramid((5,)), normal(2, 3, 5, 5)
    tokens = model.encode(f)
    vectors = f.movedim(1, -1)
    assert torch.equal(tokens, nearest(vectors, model.vq.codebook).flatten(1))
    torch.testing.assert_close(model.decode(tokens).movedim(1, -1), model.vq.codebook[tokens].view(2, 5, 5, 3))
    assert torch.equal(model.encode(model.decode(tokens)), tokens)


def test_a_pyramid_starts_where_the_residuals_are():
    f = F.interpolate(normal(200, 3, 2, 2), size=(4, 4), mode="bicubic") + 0.2 * normal(200, 3, 4, 4, seed=1)
    start, random = pyramid(count=40), pyramid(count=40)
    start.start(f, generator=seeded())

    def error(model):
        return F.mse_loss(model.decode(model.encode(f)), f).item()

    assert error(start) < 0.7 * error(random)
    again = pyramid(count=40, seed=5)
    again.start(f, generator=seeded())
    assert error(again) == pytest.approx(error(start), rel=0.2)  # the first codes matter little


def test_the_codebook_learns_from_every_scale():
    model, f = pyramid((1, 3)), normal(8, 3, 3, 3)
    loss = next_scale.pyramid_loss(model, (f, None))
    totals = model.partial(model.encode(f))
    assert loss.item() == pytest.approx(sum(F.mse_loss(total, f).item() for total in totals))
    loss.backward()
    used = torch.bincount(model.encode(f).flatten(), minlength=11) > 0
    assert torch.equal(model.vq.codebook.grad.abs().amax(1) > 0, used)


def test_pyramids_that_cannot_be_are_named():
    for scales in ((), (2, 1), (1, 1), (0, 2)):
        with pytest.raises(ValueError, match="scales=.* must grow"):
            pyramid(scales)
    model = pyramid((1, 2, 4))
    for n in (2, 6, 22):
        with pytest.raises(ValueError, match=rf"whole scales of \(1, 4, 16\), not n = {n}"):
            model.inputs(torch.zeros(1, n, dtype=torch.long))
    with pytest.raises(ValueError, match="not n = 0"):
        model.decode(torch.zeros(1, 0, dtype=torch.long))
    for shape in ((2, 3, 5, 5), (2, 3, 1, 1), (2, 4, 4, 4), (3, 4, 4)):
        with pytest.raises(ValueError, match=r"latents must be \[B, 3, 4, 4\], not"):
            model.encode(torch.zeros(shape))


# Another library


@pytest.mark.parametrize("levels", [LEVELS, (8, 6, 5), (7, 5, 5, 5, 5), (3,), (4, 9)])
def test_fsq_agrees_with_the_peer(levels):
    ours, theirs, z = FSQ(levels), PeerFSQ(list(levels)), normal(4, 50, len(levels)) * 2
    codes, indices = theirs(z)
    torch.testing.assert_close(ours(z), codes, atol=FP32, rtol=0)
    assert torch.equal(ours.indices(ours(z)), indices.long())
    torch.testing.assert_close(ours.codes(torch.arange(ours.count)), theirs.implicit_codebook)
    ours_, theirs_ = z.clone().requires_grad_(), z.clone().requires_grad_()
    ours(ours_).square().sum().backward()
    theirs(theirs_)[0].square().sum().backward()
    torch.testing.assert_close(ours_.grad, theirs_.grad)


def test_the_peers_other_convention_is_ours_for_odd_levels():
    # Its symmetric rounding spreads L levels evenly over [-1, 1]; for even L that is another grid than FSQ's.
    odd, z = PeerFSQ([5, 3], preserve_symmetry=True), normal(1, 1000, 2)
    agree = (FSQ((5, 3))(z) - odd(z)[0]).abs().amax(-1) < FP32
    assert agree.float().mean() > 0.99  # all but those that the thousandth in our reach moves over a border
    two = PeerFSQ([2, 2], preserve_symmetry=True)
    assert torch.equal(FSQ((2, 2)).indices(FSQ((2, 2))(z)), two(z)[1].long())
    even = PeerFSQ([8], preserve_symmetry=True).implicit_codebook
    assert even.min() == -1 and even.max() == 1 and FSQ((8,)).codes(torch.arange(8)).max() == 0.75


def peer(vq: VQ, **changes) -> PeerVQ:
    """The peer with the same codebook."""
    options = {"decay": vq.ema, "commitment_weight": vq.commitment, "rotation_trick": False} | changes
    theirs = PeerVQ(vq.dim, vq.count, **options)
    theirs._codebook.embed.data.copy_(vq.codebook[None])
    theirs._codebook.embed_avg.data.copy_(vq.codebook[None])
    return theirs


@settings(max_examples=20)
@given(decay=st.floats(0.3, 0.99), seed=st.integers(0, 99))
def test_a_codebook_of_means_moves_as_the_peers_does(decay, seed):
    torch.manual_seed(seed)
    ours = VQ(16, 3, ema=decay).train()
    theirs = peer(ours).train()
    for step in range(6):
        z = normal(4, 25, 3, seed=100 * seed + step)
        ours_, theirs_ = z.clone().requires_grad_(), z.clone().requires_grad_()
        (codes, indices, loss), (their_codes, their_indices, their_loss) = ours(ours_), theirs(theirs_)
        assert torch.equal(indices, their_indices)
        torch.testing.assert_close(codes, their_codes, atol=1e-5, rtol=0)
        torch.testing.assert_close(loss, their_loss.squeeze())
        (codes.square().sum() + loss).backward()
        (their_codes.square().sum() + their_loss.squeeze()).backward()
        torch.testing.assert_close(ours_.grad, theirs_.grad, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ours.codebook.data, theirs.codebook, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ours.counts, theirs._codebook.cluster_size[0])


def test_a_codebook_that_learns_by_gradient_has_the_gradient_of_the_peers():
    ours, z = VQ(16, 3, commitment=1.0), normal(4, 25, 3)
    theirs = peer(ours, ema_update=False, learnable_codebook=True).train()
    *_, loss = ours(z)
    loss.backward()
    *_, theirs_loss = theirs(z)
    theirs_loss.sum().backward()
    # Its loss does not detach: |z - q|² once, whose gradient at the codes is that of our half for them.
    torch.testing.assert_close(ours.codebook.grad, theirs._codebook.embed.grad[0])


def test_on_even_latents_scales_are_residual_quantisers_of_one_codebook():
    ours = pyramid((1, 2, 3), count=16, dim=4)
    theirs = PeerResidual(dim=4, num_quantizers=3, codebook_size=16, shared_codebook=True).eval()
    for layer in theirs.layers:
        layer._codebook.embed.data.copy_(ours.vq.codebook[None])
    z = normal(30, 4)
    codes, indices, _ = theirs(z[:, None])
    tokens = ours.encode(z[:, :, None, None].expand(-1, -1, 3, 3))
    for part, wanted in zip(tokens.split(ours.groups, 1), indices[:, 0].T, strict=True):
        assert torch.equal(part, wanted[:, None].expand_as(part))
    torch.testing.assert_close(ours.decode(tokens)[..., 0, 0], codes[:, 0], atol=1e-5, rtol=0)
