"""networks: who sees whom, decoding with a cache, positions, and what each network is at the start."""

import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from tiny import denoiser, pixelcnn, shaken, tokens, transformer
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import GPT2Config, GPT2Model

from course_lib.networks import Classifier, ClassifierConfig, PixelCNN, PixelCNNConfig, Transformer, TransformerConfig
from course_lib.networks.decoder import Decoder
from course_lib.networks.layers import (
    FLOPS,
    QUERY_CHUNK,
    Block,
    Mask,
    SelfAttention,
    attention,
    attention_flops,
    rotary_angles,
    rotate,
    turns,
)
from course_lib.networks.patches import patchify, places, unpatchify

FP32 = 1e-5  # cached and full passes add the same numbers in another order: a few units in the last place

causal = pytest.mark.parametrize(
    "make",
    [transformer, partial(transformer, context=3), pixelcnn],
    ids=["transformer", "transformer with three label tokens", "pixelcnn"],
)


# Who sees whom, by gradient


def sight(outputs: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """Boolean [T, T]: does output i (row, `outputs [1, T, K]`) move with input j (`inputs [1, T, D]`) at all?"""
    weights = torch.randn(outputs.shape[-1], dtype=outputs.dtype, generator=torch.Generator().manual_seed(0))
    rows = []
    for i in range(outputs.shape[1]):
        (gradient,) = torch.autograd.grad(outputs[0, i] @ weights, inputs, retain_graph=True, allow_unused=True)
        gradient = torch.zeros_like(inputs) if gradient is None else gradient
        rows.append(gradient[0].abs().amax(-1) > 0)
    return torch.stack(rows)


def caught(module: nn.Module) -> list[torch.Tensor]:
    """Make `module`'s output a leaf that gradients reach, and note it."""
    leaves = []

    def hook(_, __, output):
        leaves.append(output.detach().requires_grad_())
        return leaves[-1]

    module.register_forward_hook(hook)
    return leaves


def transformer_sight(model: Transformer) -> torch.Tensor:
    read = caught(model.read)
    outputs = model(tokens(1, (model.config.length,)), *clock(model, 1), torch.tensor([1]))
    return sight(outputs, read[0])


def clock(model: Transformer, batch: int) -> list[torch.Tensor]:
    """Times for a model that wants them."""
    return [torch.full((batch,), 0.3, dtype=torch.float64)] * model.config.clock


def pixel_sight(model: nn.Module, size: tuple[int, int]) -> torch.Tensor:
    """Sight of a network from pixels `[1, 1, H, W]` to something a pixel `[1, C, H, W]`, in raster order."""
    x = torch.randn(1, 1, *size, dtype=torch.float64, requires_grad=True)
    inputs = x.flatten(2).transpose(1, 2)  # [1, H·W, 1]
    outputs = model(inputs.transpose(1, 2).view(1, 1, *size))
    return sight(outputs.flatten(2).transpose(1, 2), inputs)


def pixelcnn_sight(model: PixelCNN) -> torch.Tensor:
    def run(x):
        model.read = lambda _: torch.cat([x, torch.ones_like(x)], dim=1)
        return model(torch.zeros(1, *model.config.size, dtype=torch.long)).permute(0, 3, 1, 2)

    return pixel_sight(run, model.config.size)


def past(T: int) -> torch.Tensor:
    return torch.ones(T, T, dtype=torch.bool).tril(-1)


@pytest.mark.parametrize("context", [1, 3])
def test_a_causal_transformer_sees_all_of_the_past_and_nothing_else(context):
    assert torch.equal(transformer_sight(transformer(context=context)), past(12))


def test_every_position_sees_every_label_token():
    model = transformer(context=3)
    labels = caught(model.label)
    outputs = model(tokens(1, (12,)), torch.tensor([[0, 1, 2]]))
    assert sight(outputs, labels[0])[:, :3].all()


def words_seen(model: Transformer) -> torch.Tensor:
    """Which of three words each position sees, the words themselves among the first three, `[3 + 12, 3]`."""
    labels, said = caught(model.label), []
    model.blocks[-1].register_forward_hook(lambda _, __, output: said.append(output))
    model(tokens(1, (12,)), *clock(model, 1), torch.tensor([[0, 1, 2]]))
    return sight(said[0], labels[0])[:, :3]


@pytest.mark.parametrize("times", [0, 1])
def test_words_in_turn_see_no_later_word_and_every_position_sees_all(times):
    changes = {"groups": (12,), "context": 3, "clock": times}
    together, in_turn = words_seen(transformer(**changes)), words_seen(transformer(**changes, in_turn=True))
    assert together.all() and in_turn[3:].all()
    assert torch.equal(in_turn[:3], torch.ones(3, 3, dtype=torch.bool).tril())


def test_a_pixelcnn_sees_all_of_the_past_and_nothing_else():
    assert torch.equal(pixelcnn_sight(pixelcnn(layers=4, size=(4, 5))), past(20))


class Masked(nn.Conv2d):
    """The naive cure for seeing the future: a 3×3 kernel with zeros from the middle on (or after it)."""

    def __init__(self, inputs: int, outputs: int, own: bool):
        super().__init__(inputs, outputs, 3, padding=1)
        self.register_buffer("mask", torch.ones(3, 3))
        self.mask[1, 1 + own :] = 0
        self.mask[2] = 0

    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=1)


def test_two_stacks_see_58_of_58_past_pixels_where_one_sees_52():
    size, at = (9, 9), 6 * 9 + 4  # the middle of the seventh row: 58 pixels came before it
    layers = [Masked(1, 4, own=False), *(Masked(4, 4, own=True) for _ in range(5))]
    naive = shaken(nn.Sequential(*(part for layer in layers for part in (layer, nn.Tanh()))))
    seen = pixel_sight(naive, size)
    assert not (seen & ~past(81)).any()
    assert int(seen[at].sum()) == 52
    seen = pixelcnn_sight(pixelcnn(layers=5, size=size))  # six layers too, with the one that reads
    assert not (seen & ~past(81)).any()
    assert int(seen[at].sum()) == 58


@pytest.mark.parametrize("context", [0, 1, 3])
@pytest.mark.parametrize("blocks", [(12,), (1, 4, 7), (3, 3, 3, 3)])
def test_positions_see_their_own_group_and_earlier_ones(blocks, context):
    group = torch.repeat_interleave(torch.arange(len(blocks)), torch.tensor(blocks))
    seen = transformer_sight(transformer(groups=blocks, context=context, clock=int(context == 0)))
    assert torch.equal(seen, group[None, :] <= group[:, None])


def pyramid(dtype: torch.dtype = torch.float64, **changes) -> Transformer:
    """A transformer on scales of 1, 2×2 and 4×4 that reads three numbers a position."""
    return transformer(dtype, grid=(4, 4), **{"groups": (1, 4, 16), "vector": 3} | changes)


@pytest.mark.parametrize("context", [0, 1, 3])
def test_a_scale_sees_itself_and_coarser_ones(context):
    group = torch.repeat_interleave(torch.arange(3), torch.tensor([1, 4, 16]))
    told = {"context": context, "clock": int(context == 0)}
    model, x = pyramid(**told), torch.randn(1, 21, 3, dtype=torch.float64, requires_grad=True)
    wanted = group[None, :] <= group[:, None]
    assert torch.equal(sight(model(x, *clock(model, 1), torch.tensor([1])), x), wanted)
    assert torch.equal(transformer_sight(pyramid(**told, vector=0)), wanted)  # token ids as well


@pytest.mark.parametrize("context", [0, 1, 3])
def test_a_beginning_of_whole_groups_can_be_read_alone(context):
    x, labels = torch.randn(2, 21, 3, dtype=torch.float64), torch.tensor([0, 3])
    model = pyramid(context=context, clock=int(context == 0))
    for n in (1, 5, 21):
        assert model(x[:, :n], *clock(model, 2), labels).shape == (2, n, 5)
        torch.testing.assert_close(
            model(x[:, :n], *clock(model, 2), labels), model(x, *clock(model, 2), labels)[:, :n], atol=1e-12, rtol=1e-12
        )  # fp64


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.data())
def test_the_first_groups_of_a_mask_are_its_corner(sizes, data):
    mask, length = Mask(tuple(sizes)), data.draw(st.integers(1, sum(sizes)))
    if length in (sum(sizes[: k + 1]) for k in range(len(sizes))):
        assert torch.equal(mask.first(length).visible(), mask.visible()[:length, :length])
        assert mask.first(length).length == length
    else:
        with pytest.raises(ValueError, match=f"length={length} must be whole groups of"):
            mask.first(length)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_a_mask_lets_groups_see_backwards_only(sizes):
    mask, group = Mask(tuple(sizes)), [g for g, size in enumerate(sizes) for _ in range(size)]
    assert mask.visible().tolist() == [[there <= here for there in group] for here in group]
    assert mask.length == len(group)
    assert mask.full == bool(mask.visible().all())
    assert mask.causal == torch.equal(mask.visible(), torch.ones(len(group), len(group)).tril().bool())


@causal
def test_the_logits_that_score_a_token_do_not_change_with_it(make):
    model, levels = make(), 5
    x = tokens(1, (3, 4))
    for i in range(12):
        every = x.flatten(1).repeat(levels, 1)
        every[:, i] = torch.arange(levels)  # the same picture with each level at i
        logits = model(every.view(levels, 3, 4), torch.full((levels,), 2)).flatten(1, 2)
        change = (logits[1:] - logits[:1]).abs().amax((0, 2))  # fp64: rows of a batch may round differently
        assert change[: i + 1].max() < 1e-12
        assert i == 11 or change[i + 1] > 1e-6


# Attention


@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.data())
def test_noisy_copies_see_their_own_block_and_clean_earlier_ones(sizes, data):
    noisy = data.draw(st.integers(0, sum(sizes)))
    mask, group = Mask(tuple(sizes), noisy=noisy), [g for g, size in enumerate(sizes) for _ in range(size)]
    seen, clean = mask.visible(), len(group)
    rows = [(g, False) for g in group] + [(g, True) for g in group[clean - noisy :]]
    assert mask.length == len(rows) == len(seen)
    for i, (mine, copy) in enumerate(rows):
        for j, (other, too) in enumerate(rows):
            wanted = (other < mine if not too else other == mine) if copy else (not too and other <= mine)
            assert bool(seen[i, j]) == wanted
    assert (mask.causal or mask.full) <= (noisy == 0)


MASKS = {"causal": lambda T: (1,) * T, "full": lambda T: (T,), "blocks": lambda T: (1, T // 4, T - 1 - T // 4)}


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("T", [7, QUERY_CHUNK, QUERY_CHUNK + 18, 2 * QUERY_CHUNK + 1])
def test_attention_in_chunks_is_attention(kind, T):
    generator = torch.Generator().manual_seed(T)
    q, k, v, weights = (torch.randn(2, 2, T, 8, generator=generator).bfloat16() for _ in range(4))
    mask = Mask(MASKS[kind](T))
    ours = [x.clone().requires_grad_() for x in (q, k, v)]
    exact = [x.float().requires_grad_() for x in (q, k, v)]
    out = attention(*ours, mask)
    wanted = F.scaled_dot_product_attention(*exact, attn_mask=mask.visible())
    # bf16 keeps 8 bits: scores, weights and sums are each off by up to 2^-9 of themselves, at random.
    assert ((out.float() - wanted).norm(dim=-1) < 0.02 * wanted.norm(dim=-1)).float().mean() > 0.99
    assert (out.float() - wanted).norm() < 0.01 * wanted.norm()
    (out * weights).sum().backward()
    (wanted * weights.float()).sum().backward()
    for ours_, exact_ in zip(ours, exact):
        assert (ours_.grad.float() - exact_.grad).norm() < 0.02 * exact_.grad.norm()


@pytest.mark.parametrize("kind", MASKS)
def test_fused_attention_keeps_the_mask(kind):
    q, k, v = (torch.randn(2, 2, 9, 8, dtype=torch.float64) for _ in range(3))
    mask = Mask(MASKS[kind](9))
    scores = (q @ k.transpose(-1, -2) / math.sqrt(8)).masked_fill(~mask.visible(), -math.inf)
    torch.testing.assert_close(attention(q, k, v, mask), scores.softmax(-1) @ v)


def test_one_position_attends_to_itself():
    q, k, v = torch.randn(3, 1, 1, 1, 4)
    assert torch.equal(attention(q, k, v, Mask((1,))), v)


def test_attention_in_bf16_never_sees_the_future():
    q, k, v = (torch.randn(1, 1, 2 * QUERY_CHUNK, 4).bfloat16().requires_grad_() for _ in range(3))
    at = QUERY_CHUNK + 5
    attention(q, k, v, Mask((1,) * 2 * QUERY_CHUNK))[0, 0, at].sum().backward()
    assert v.grad[0, 0, : at + 1].any(-1).all() and not v.grad[0, 0, at + 1 :].any()
    assert not k.grad[0, 0, at + 1 :].any()


def test_operations_of_attention_are_counted():
    q = torch.randn(2, 3, 10, 8)
    for mask, pairs in ((Mask((10,)), 100), (Mask((1,) * 10), 55)):
        with FlopCounterMode(display=False, custom_mapping=FLOPS) as counter, torch.no_grad():
            attention(q, q, q, mask)
        assert counter.get_total_flops() == 2 * 2 * 2 * 3 * 8 * pairs  # two products, multiply and add
    assert attention_flops((2, 3, 10, 8), (2, 3, 7, 8), (2, 3, 7, 8)) == 4 * 2 * 3 * 8 * 70


# Positions

offsets = st.integers(-20, 20)


@given(offsets, offsets, offsets, offsets, offsets, offsets)
def test_rotary_scores_depend_on_the_distance_alone(y1, x1, y2, x2, down, right):
    q, k = torch.randn(2, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def turned(vector, y, x):
        angles = rotary_angles(torch.tensor([y]).double(), torch.tensor([x]).double(), 8)
        return rotate(vector[None], *turns(angles))[0]

    here = turned(q, y1, x1) @ turned(k, y2, x2)
    there = turned(q, y1 + down, x1 + right) @ turned(k, y2 + down, x2 + right)
    torch.testing.assert_close(here, there, atol=1e-12, rtol=0)  # fp64, angles up to 40
    torch.testing.assert_close(turned(q, y1, x1).norm(), q.norm(), atol=1e-12, rtol=0)


def test_rotary_positions_tell_rows_from_columns():
    one = torch.ones(1)
    right, down = rotary_angles(0 * one, one, 8), rotary_angles(one, 0 * one, 8)
    assert right.shape == (1, 4) and not right[:, :2].any() and not down[:, 2:].any()
    assert torch.equal(right[:, 2:], down[:, :2]) and right[:, 2:].all()


def test_a_head_that_cannot_turn_is_refused():
    with pytest.raises(ValueError, match="head_dim=6 must be divisible by 4"):
        rotary_angles(torch.ones(1), torch.ones(1), 6)


def test_scales_lie_over_one_another():
    coordinates = torch.stack(torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij"))
    found = places((8, 8), (1, 4, 16, 64)).split([1, 4, 16, 64])
    for side, part in zip((1, 2, 4, 8), found):  # each square lies in the middle of what it stands for
        torch.testing.assert_close(part.float(), F.adaptive_avg_pool2d(coordinates, side).flatten(1).T)
    for blocks in ((), (12,), (3, 9)):  # no pyramid: row by row
        assert places((3, 4), blocks).tolist() == [[i, j] for i in range(3) for j in range(4)]


@given(patch=st.integers(1, 4), rows=st.integers(1, 4), columns=st.integers(1, 4), channels=st.integers(1, 3))
def test_patches_put_together_again_are_the_picture(patch, rows, columns, channels):
    x = torch.randn(2, channels, rows * patch, columns * patch)
    patches = patchify(x, patch)
    assert patches.shape == (2, rows * columns, channels * patch**2)
    assert torch.equal(unpatchify(patches, (rows, columns), channels), x)
    r, c = rows - 1, columns // 2  # row by row, as the rotary positions are
    square = x[:, :, r * patch : (r + 1) * patch, c * patch : (c + 1) * patch]
    assert torch.equal(patches[:, r * columns + c], square.flatten(1))


# At the start


@pytest.mark.parametrize("adaln", [False, True])
def test_a_block_is_the_identity_at_the_start(adaln):
    torch.manual_seed(0)
    block, x = Block(8, 2, adaln), torch.randn(2, 5, 8)
    modulation = torch.zeros(2, 1, 6, 8) if adaln else None
    assert torch.equal(block(x, turns(torch.zeros(5, 2)), partial(attention, mask=Mask((5,))), modulation), x)


def test_adaln_zero_learns_its_gates_first():
    torch.manual_seed(0)
    block, x, attend = Block(8, 2, True), torch.randn(2, 5, 8), partial(attention, mask=Mask((5,)))
    (block(x, turns(torch.zeros(5, 2)), attend, torch.zeros(2, 1, 6, 8)) * torch.randn(2, 5, 8)).sum().backward()
    assert block.offset.grad[[2, 5]].abs().min() > 0  # the two gates
    assert not block.offset.grad[[0, 1, 3, 4]].any()
    assert not any(p.grad.any() for p in [*block.attention.parameters(), *block.mlp.parameters()])


@pytest.mark.parametrize("name", ["transformer", "pixelcnn"])
def test_at_the_start_every_level_is_as_likely(name):
    torch.manual_seed(0)
    model = {
        "transformer": lambda: Transformer(TransformerConfig(grid=(3, 4), tokens=7, classes=3, width=16, heads=2)),
        "pixelcnn": lambda: PixelCNN(PixelCNNConfig(levels=7, channels=8, layers=2, classes=3, size=(3, 4))),
    }[name]()
    x = tokens(4, (3, 4), levels=7)
    value = F.cross_entropy(model(x, torch.tensor([0, 1, 2, 3])).flatten(0, -2), x.flatten())
    assert abs(value.item() - math.log(7)) < 1e-6  # fp32


def test_at_the_start_a_reader_of_numbers_knows_nothing_either():
    torch.manual_seed(0)
    settings = {"grid": (2, 2), "tokens": 7, "groups": (1, 4), "vector": 3, "width": 16, "heads": 2}
    for clock in ({}, {"clock": 1}, {"clock": 1, "context": 0}):
        times = [torch.rand(2)] if clock else []
        logits = Transformer(TransformerConfig(**settings, **clock))(torch.randn(2, 5, 3), *times, None)
        assert logits.shape == (2, 5, 7) and not logits.any()


def test_a_denoiser_says_nothing_at_the_start():
    config = TransformerConfig(grid=(4, 4), vector=4, clock=1, context=0, groups=(16,), width=16, heads=2)
    assert not Transformer(config)(torch.randn(2, 1, 8, 8), torch.rand(2), None).any()


# Conditions


def test_no_label_is_the_null_label():
    for model in (transformer(), transformer(context=3), pixelcnn()):
        x = tokens(2, (3, 4))
        nothing = torch.full((2,), model.null)
        assert model.null == 3
        assert torch.equal(model(x), model(x, nothing)) and torch.equal(model(x), model(x, None))
        assert not torch.equal(model(x), model(x, torch.tensor([0, 3]))[[0, 1]])


def test_each_picture_listens_to_its_own_time_and_label():
    model, x = denoiser(), torch.randn(1, 1, 8, 8, dtype=torch.float64).repeat(3, 1, 1, 1)
    t, labels = torch.tensor([0.2, 0.2, 0.7]).double(), torch.tensor([1, 2, 2])
    together = model(x, t, labels)
    assert not torch.allclose(together[0], together[1]) and not torch.allclose(together[1], together[2])
    for i in range(3):
        torch.testing.assert_close(model(x[i : i + 1], t[i : i + 1], labels[i : i + 1])[0], together[i])
    torch.testing.assert_close(model(x, t, None), model(x, t, torch.tensor([3, 3, 3])))


def test_a_grid_of_tokens_and_a_row_of_them_are_the_same_picture():
    x, labels = tokens(2, (3, 4)), torch.tensor([0, 1])
    assert torch.equal(transformer()(x, labels).flatten(1, 2), transformer()(x.flatten(1), labels))


@causal
def test_half_precision_stays_inside_the_network(make):
    model, x = make(dtype=torch.float32), tokens(2, (3, 4))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = model(x, None)
    assert half.dtype == torch.float32
    assert (half - model(x, None)).norm() < 0.05 * half.norm()  # some layers of 8 bits each


def test_half_precision_stays_inside_a_pyramid():
    model, x = pyramid(torch.float32), torch.randn(2, 21, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half, part = model(x, None), model(x[:, :5], None)
    assert half.dtype == torch.float32
    assert (half - model(x, None)).norm() < 0.05 * half.norm()  # some layers of 8 bits each
    assert (part - half[:, :5]).norm() < 0.05 * part.norm()


def test_a_pyramid_listens_to_its_labels():
    model, x = pyramid(), torch.randn(1, 21, 3, dtype=torch.float64).repeat(3, 1, 1)
    out = model(x, torch.tensor([0, 1, 3]))
    assert (out[0] - out[1]).abs().amax(-1).min() > 0 and (out[0] - out[2]).abs().amax(-1).min() > 0
    torch.testing.assert_close(out[2], model(x[2:], None)[0])


def painter(**changes) -> Transformer:
    """A denoiser that is told words before the picture, and the time by its clock."""
    return denoiser(context=4, **changes)


def test_time_and_words_are_heard_in_the_same_network():
    model, x = painter(), torch.randn(1, 1, 8, 8, dtype=torch.float64)
    t, words = torch.tensor([0.1], dtype=torch.float64), torch.tensor([[0, 1, 2, 3]])
    first = model(x, t, words)
    assert (model(x, t + 0.8, words) - first).abs().max() > 1e-3  # it was exactly 0 before the clock stood apart
    assert (model(x, t, words.flip(1)) - first).abs().max() > 1e-3  # words have places


@pytest.mark.parametrize("make", [denoiser, painter])
def test_a_time_for_each_position_is_the_time_of_the_picture_where_all_are_alike(make):
    model, x = make(), torch.randn(2, 1, 8, 8, dtype=torch.float64)
    t = torch.tensor([0.2, 0.7], dtype=torch.float64)
    whole, each = model(x, t, None), model(x, t[:, None].expand(2, 16), None)
    torch.testing.assert_close(whole, each, atol=1e-12, rtol=0)  # fp64
    t = t[:, None].repeat(1, 16)
    t[:, 5] += 0.1
    moved = (model(x, t, None) - whole).abs()
    assert patchify(moved, 2)[:, 5].max() > 1e-3  # and the others only hear of it by looking


def test_words_are_clean_whatever_the_time_is():
    model, t = painter(), torch.tensor([0.2, 0.9], dtype=torch.float64)
    said = model.told([t], model.label(torch.zeros(2, 4, dtype=torch.long)), 16)  # [B, words + T, 6, D]
    clean = model.told([0 * t], model.label(torch.zeros(2, 4, dtype=torch.long)), 16)
    assert said.shape == (2, 4 + 16, 6, 16)
    assert torch.equal(said[:, :4], clean[:, :4]) and not torch.allclose(said[:, 4:], clean[:, 4:])


def test_a_clock_and_its_times_are_as_many():
    x, picture = tokens(2, (12,)), torch.zeros(2, 1, 8, 8, dtype=torch.float64)
    t = torch.rand(2, dtype=torch.float64)
    for model, arguments in (
        (denoiser(), (picture,)),
        (denoiser(), (picture, None)),
        (denoiser(), (picture, None, None)),
        (denoiser(), (picture, t, t, None)),
        (denoiser(clock=2), (picture, t, None)),
        (transformer(), (x, t, None)),
    ):
        with pytest.raises(ValueError, match=r"this model takes \(x, .*labels\)"):
            model(*arguments)
    with pytest.raises(ValueError, match=r"t must have shape \[2\] or \[2, 16\], not \[2, 15\]"):
        denoiser()(picture, torch.rand(2, 15, dtype=torch.float64), None)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_labels_and_tokens_are_whole_numbers_of_any_kind(dtype):
    x, labels, t = tokens(2, (3, 4)), torch.tensor([0, 2]), torch.rand(2, dtype=torch.float64)
    for model in (transformer(), pixelcnn()):
        assert torch.equal(model(x.to(dtype), labels.to(dtype)), model(x, labels))
    picture = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    assert torch.equal(denoiser()(picture, t, labels.to(dtype)), denoiser()(picture, t, labels))


# Tokens of several factors


def factorised(**changes) -> Transformer:
    return transformer(tokens=(3, 4, 2), **changes)


def test_a_token_of_factors_is_read_as_the_sum_of_its_parts():
    model = factorised()
    assert model.config.outputs == 24 and len(model.read.weight) == 9 and len(model.head.weight) == 9
    ids = torch.tensor([[17]])  # 17 = (2 · 4 + 0) · 2 + 1
    wanted = model.read.weight[[2, 3 + 0, 7 + 1]].sum(0)
    torch.testing.assert_close(model.embed(ids)[0, 0], wanted)


def test_factors_can_be_said_together_as_no_product_of_their_chances_could():
    """One of two tokens that share no factor, each half of the time: independent factors would mix them."""
    model = factorised().float()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    first, second = 0, 23  # (0, 0, 0) and (2, 3, 1)
    x = torch.tensor([[first] * 12, [second] * 12])
    for _ in range(150):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x, None).flatten(0, 1), x.flatten()).backward()
        optimizer.step()
    chances = model(x, None)[0, 0].softmax(-1)
    assert chances[first] > 0.4 and chances[second] > 0.4  # a product of halves is 1/8


def test_factors_are_decoded_as_they_are_read():
    model, x, labels = factorised(), tokens(2, (12,), levels=24), torch.tensor([0, 3])
    torch.testing.assert_close(decoded(model, x, labels), model(x, labels), atol=1e-12, rtol=1e-12)  # fp64


def test_a_masked_model_of_factors_knows_the_mask_and_never_says_it():
    model = factorised(groups=(12,))
    assert model.mask_token == 24
    seen = torch.full((1, 12), 24)
    logits = model(seen, None)
    assert logits.shape == (1, 12, 25) and (logits[..., 24] == -math.inf).all()
    seen[0, 0] = 3
    assert not torch.allclose(model(seen, None)[..., :24], logits[..., :24])
    with pytest.raises(ValueError, match=r"tokens must lie in 0\.\.24"):
        model(seen + 1, None)


def test_a_hidden_token_of_factors_starts_as_nothing_but_its_place():
    """With a mask counted once a factor the places drown in it: 14 bits of a full caption were lost, not 2."""
    model = Transformer(factorised(groups=(12,)).config)
    assert (model.embed(torch.tensor([[24]])) == 0).all()
    assert (model.embed(torch.tensor([[23]])) != 0).any()


def test_an_empty_batch_goes_through():
    nobody = torch.zeros(0, dtype=torch.long)
    assert transformer()(torch.zeros(0, 12, dtype=torch.long), nobody).shape == (0, 12, 5)
    assert pixelcnn()(torch.zeros(0, 3, 4, dtype=torch.long), nobody).shape == (0, 3, 4, 5)


# Decoding with a cache


def decoded(model, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    step = model.decoder(labels)
    return torch.stack([step(x, i) for i in range(x.shape[1])], dim=1)


@causal
@pytest.mark.parametrize("batch", [1, 3, 8])
def test_cached_logits_are_the_full_ones(make, batch):
    model, x, labels = make(dtype=torch.float32), tokens(batch, (12,)), torch.arange(batch) % 4
    full = model(x.view(batch, 3, 4), labels).flatten(1, 2)
    first = decoded(model, x, labels)
    scale = full.abs().max()
    assert (first - full).abs().max() < FP32 * max(scale, 1)
    # A new decoder remembers nothing of the pictures before it.
    other = decoded(model, tokens(batch, (12,), seed=5), labels)
    assert not torch.allclose(other, first)
    torch.testing.assert_close(decoded(model, x, labels), first)


@causal
def test_cached_logits_are_exact_where_rounding_is(make):
    model, x, labels = make(), tokens(3, (12,)), torch.tensor([0, 2, 3])
    full = model(x.view(3, 3, 4), labels).flatten(1, 2)
    torch.testing.assert_close(decoded(model, x, labels), full, atol=1e-12, rtol=1e-12)  # fp64


@pytest.mark.parametrize("context", [1, 3])
def test_the_step_of_a_gpu_gives_the_same_logits(context):
    model, x, labels = transformer(context=context), tokens(3, (12,)), torch.tensor([0, 2, 3])
    step = Decoder(model, model.labels(labels, 3), static=True)  # the same shapes at every position
    logits = torch.stack([step(x, i) for i in range(12)], dim=1)
    torch.testing.assert_close(logits, model(x, labels), atol=1e-12, rtol=1e-12)  # fp64


def test_decoding_in_half_precision_gives_about_the_same_logits():
    model, x, labels = transformer(torch.float32), tokens(3, (12,)), torch.tensor([0, 2, 3])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = decoded(model, x, labels)
    full = model(x, labels)
    assert half.dtype == torch.float32 and not torch.equal(half, full)
    assert (half - full).norm() < 0.05 * full.norm()  # some layers of 8 bits each


@causal
def test_the_halves_of_a_doubled_batch_own_their_cache(make):
    model, x, labels = make(), tokens(2, (12,)), torch.tensor([0, 2])
    nothing = torch.full_like(labels, model.null)
    both = decoded(model, torch.cat([x, x]), torch.cat([labels, nothing]))
    for half, wanted in zip(both.chunk(2), (labels, nothing)):
        torch.testing.assert_close(half, model(x.view(2, 3, 4), wanted).flatten(1, 2), atol=1e-12, rtol=1e-12)
    # What the second half is given never reaches the first.
    changed = decoded(model, torch.cat([x, 4 - x]), torch.cat([labels, nothing]))
    torch.testing.assert_close(changed[:2], both[:2], atol=1e-12, rtol=1e-12)
    assert not torch.allclose(changed[2:], both[2:])


@causal
@pytest.mark.parametrize("jumps", [(0, 5, 6, 11), (11,), (3, 4, 5, 6, 7, 8, 9, 10, 11)])
def test_a_prefix_a_block_and_one_position_are_read_alike(make, jumps):
    model, x, labels = make(), tokens(3, (12,)), torch.tensor([0, 2, 3])
    full, step = model(x.view(3, 3, 4), labels).flatten(1, 2), model.decoder(labels)
    for i in jumps:
        torch.testing.assert_close(step(x, i), full[:, i], atol=1e-12, rtol=1e-12)  # fp64


def test_a_decoder_is_laid_out_anew_when_the_weights_change():
    model, x, labels = transformer().requires_grad_(False), tokens(2, (12,)), torch.tensor([0, 2])
    before = decoded(model, x, labels)
    with torch.no_grad():
        model.blocks[0].mlp.up.weight.mul_(1.5)
    after = decoded(model, x, labels)
    assert not torch.allclose(before, after)
    torch.testing.assert_close(after, model(x, labels), atol=1e-12, rtol=1e-12)


def test_weights_that_a_fused_optimiser_moved_are_decoded_as_they_are_now():
    model, x, labels = transformer(torch.float32), tokens(2, (12,)), torch.tensor([0, 2])
    before, step = decoded(model, x, labels), torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    model(x, labels).square().mean().backward()
    step.step()
    after = decoded(model, x, labels)
    assert not torch.allclose(before, after)
    torch.testing.assert_close(after, model(x, labels), atol=1e-4, rtol=1e-4)


@causal
def test_a_decoder_never_goes_back(make):
    x, labels = tokens(2, (12,)), torch.tensor([0, 2])
    step = make().decoder(labels)
    for i in (-1, 12):
        with pytest.raises(ValueError, match=f"at position 0 of 12, not {i}: make a new decoder"):
            step(x, i)
    step(x, 0)
    step(x, 3)
    for i in (0, 2, 3):
        with pytest.raises(ValueError, match=f"at position 4 of 12, not {i}"):
            step(x, i)
    for wrong in (x[:1], x[:, :11]):
        with pytest.raises(ValueError, match=r"tokens must have shape \[2, 12\]"):
            step(wrong, 4)
    for i in range(4, 12):
        step(x, i)
    with pytest.raises(ValueError, match="at position 12 of 12"):
        step(x, 12)


def test_only_a_causal_transformer_can_be_decoded():
    for model in (transformer(groups=(12,)), denoiser()):
        with pytest.raises(ValueError, match="only a causal transformer on tokens, without a clock"):
            model.decoder(torch.tensor([0]))


# A peer


def test_with_rotation_off_it_is_gpt2():
    ours = transformer(dtype=torch.float32)
    c = ours.config
    ours.cos.fill_(1)
    ours.sin.fill_(0)
    config = GPT2Config(
        n_embd=c.width, n_layer=c.depth, n_head=c.heads, n_positions=c.length, activation_function="gelu"
    )
    theirs = GPT2Model(config).eval()
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():  # no biases; norms without gain and offset
            parameter.fill_(1.0 if "ln_" in name and name.endswith("weight") else 0.0)
        theirs.wpe.weight.copy_(ours.position)
        for block, peer in zip(ours.blocks, theirs.h):
            peer.attn.c_attn.weight.copy_(block.attention.qkv.weight.T)
            peer.attn.c_proj.weight.copy_(block.attention.out.weight.T)
            peer.mlp.c_fc.weight.copy_(block.mlp.up.weight.T)
            peer.mlp.c_proj.weight.copy_(block.mlp.down.weight.T)
        x, labels = tokens(3, (12,)), torch.tensor([0, 1, 3])
        shifted = torch.cat([ours.label(labels)[:, None], ours.read(x)[:, :-1]], dim=1)
        wanted = ours.head(theirs(inputs_embeds=shifted).last_hidden_state)
        torch.testing.assert_close(ours(x, labels), wanted, atol=1e-5, rtol=1e-5)


# What a user may get wrong


@causal
@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([0], r"labels must be whole numbers of shape \[2\].* not .* \[1\]"),
        ([0.0, 1.0], "labels must be whole numbers.*float32"),
        ([0, 4], r"labels must lie in 0\.\.3 \(3 = no label\), not 0\.\.4"),
        ([-1, 0], r"labels must lie in 0\.\.3 .*not -1\.\.0"),
    ],
)
def test_wrong_labels_are_named(make, labels, says):
    with pytest.raises(ValueError, match=says):
        make()(tokens(2, (3, 4)), torch.tensor(labels))
    with pytest.raises(ValueError, match="labels must"):
        model = make()
        model.decoder(torch.tensor(labels) if len(labels) == 2 else torch.zeros(2, 2, 2, dtype=torch.long))


@causal
def test_wrong_tokens_are_named(make):
    model = make()
    for wrong in (torch.rand(2, 3, 4), tokens(2, (4, 3)), tokens(2, (5,))):
        with pytest.raises(ValueError, match="tokens must be whole numbers of shape"):
            model(wrong)
    for low, high in ((-1, 4), (0, 5)):
        x = tokens(2, (3, 4))
        x[0, 0, 0], x[0, 0, 1] = low, high
        with pytest.raises(ValueError, match=rf"tokens must lie in 0\.\.4, not {low}\.\.{high}"):
            model(x)


def test_pictures_of_another_size_are_named():
    for shape in ((2, 1, 8, 6), (2, 3, 8, 8), (1, 8, 8)):
        with pytest.raises(ValueError, match="pictures must be cut into 4×4 patches of 4 numbers|features must be"):
            denoiser()(torch.zeros(shape), torch.zeros(shape[0]), None)


def test_features_of_another_size_are_named():
    for shape in ((2, 21, 4), (2, 4, 3), (2, 22, 3), (2, 0, 3), (21, 3)):
        with pytest.raises(ValueError, match=r"features must be \[B, n, 3\] with n in \[1, 5, 21\], not"):
            pyramid(torch.float32)(torch.zeros(shape), None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"context": 0}, "needs context >= 1"),
        ({"vector": 3}, "vector needs groups"),
        ({"tokens": 0}, "give tokens .* vector"),
        ({"context": 0, "groups": (12,)}, "give clock >= 1 too"),
        ({"clock": 3}, "clock=3 must be 0, 1"),
        ({"groups": (5, 5)}, r"groups=\(5, 5\) must add up to the 12 positions"),
        ({"groups": (1, 4, 9)}, "or be squares that end with them"),
        ({"grid": (4, 4), "groups": (1, 4, 9)}, "must add up to the 16 positions"),
        ({"grid": (4, 4), "groups": (1, 3, 16)}, "or be squares that end with them"),
        ({"heads": 3}, "width=16 must be divisible by heads=3"),
        ({"heads": 8}, "head_dim=2 must be divisible by 4"),
    ],
)
def test_a_config_that_cannot_be_is_refused(changes, says):
    with pytest.raises(ValueError, match=says):
        transformer(**changes)


def test_attention_has_no_biases():
    assert not any("bias" in name for name, _ in SelfAttention(8, 2).named_parameters())


# The classifier


def test_features_have_the_scale_of_their_own_statistics():
    torch.manual_seed(0)
    model, x = Classifier(ClassifierConfig(width=4, features=6)), torch.randn(64, 1, 28, 28)
    features = model.train().features(x)
    assert features.shape == (64, 6)
    assert features.mean(0).abs().max() < 1e-5 and (features.var(0, correction=0) - 1).abs().max() < 1e-2  # eps 1e-5
    model.eval()
    assert model(x).shape == (64, 10) and torch.equal(model(x), model(x))
    torch.testing.assert_close(model.features(x[:5]), model.features(x)[:5])  # each picture by itself
