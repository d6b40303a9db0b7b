"""The exercises of notebook 06: right answers pass, usual mistakes are named; its widget; the price of an order."""

import itertools
import math

import pytest
import torch
from solutions import STUBS, named, written
from tiny import autoencoder, shaken

from course_lib import check, data
from course_lib.experiments import any_order
from course_lib.methods import masked
from course_lib.networks import Transformer, TransformerConfig
from course_lib.show import play

maskgit = written(STUBS["maskgit"], "maskgit")


def summed(pick):
    """A product of sums of p over the axes that `pick(place, n)` names."""
    return lambda p: math.prod(p.sum(pick(place, p.ndim), keepdim=True) for place in range(p.ndim))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda p: p, "p itself"),
        (lambda p: torch.full_like(p, 1 / p.numel()), "as likely"),
        (lambda p: check.at_once.reference(p).permute(*range(p.ndim)[::-1]), "swapped"),
        (summed(lambda place, n: [place]), "own axis"),
        (lambda p: check.at_once.reference(p) * 2, "add up to 2.000"),
        (lambda p: p.sum(0), "shape"),
        (lambda p: sum(p.sum([d for d in range(p.ndim) if d != i], keepdim=True) for i in range(p.ndim)), "multiplied"),
    ],
)
def test_wrong_laws_are_named(attempt, message):
    named(check.at_once, attempt, message)


def hidden_by(rule, seen=lambda tokens, hidden, mask: tokens.masked_fill(hidden, mask)):
    """Hiding by `rule(u, counts)`."""

    def hide(tokens, counts, mask, u):
        hidden = rule(u, counts[:, None])
        return seen(tokens, hidden, mask), hidden

    return hide


def ranked(u, counts):
    return u.argsort(1).argsort(1) < counts


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (hidden_by(lambda u, counts: u.argsort(1) < counts), "lists places by rank"),
        (hidden_by(lambda u, counts: u < counts / u.shape[1]), "A coin for each place"),
        (hidden_by(lambda u, counts: ~ranked(u, counts)), "wrong ones are hidden"),
        (hidden_by(lambda u, counts: ranked(u, counts[:1].expand_as(counts))), "asked for were"),
        (hidden_by(lambda u, counts: ranked(1 - u, counts)), "smallest u"),
        (hidden_by(lambda u, counts: u.argsort(1).argsort(1) <= counts), "One too many"),
        (hidden_by(ranked, lambda tokens, hidden, mask: tokens.masked_fill_(hidden, mask)), "you changed `tokens`"),
        (hidden_by(ranked, lambda tokens, hidden, mask: tokens.masked_fill(~hidden, mask)), "should be visible"),
        (hidden_by(ranked, lambda tokens, hidden, mask: tokens), "hold the mask"),
        (lambda tokens, counts, mask, u: tokens, "2 things: what is seen"),
    ],
)
def test_wrong_hiding_is_named(attempt, message):
    named(check.hide, attempt, message)


def revealed(sign=1, free=True, keep=True, count=lambda count: count):
    """One step of revealing, with what is usually got wrong."""

    def reveal(tokens, guess, rank, counts, mask):
        hidden = tokens == mask
        rank = (sign * rank).masked_fill(~hidden, -math.inf) if free else rank
        chosen = rank.argsort(1, descending=True).argsort(1) < count(counts)[:, None]
        return torch.where(chosen & hidden if keep else chosen, guess, tokens)

    return reveal


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (revealed(sign=-1), "puts last"),
        (revealed(free=False), "take part in the ranking"),
        (revealed(free=False, keep=False), "Known tokens have changed"),
        (revealed(count=lambda count: count + 1), "One more is revealed"),
        (revealed(count=lambda count: count[:1].expand_as(count)), "as many as the first"),
        (lambda tokens, guess, rank, count, mask: torch.where(tokens == mask, guess, tokens), "all hidden|All hidden"),
        (lambda tokens, guess, rank, count, mask: tokens, "are revealed, asked for"),
        (lambda tokens, guess, rank, count, mask: guess, "Known tokens have changed"),
    ],
)
def test_wrong_revealing_is_named(attempt, message):
    torch.manual_seed(0)
    named(check.reveal, attempt, message)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda *a: maskgit(*a) + 0, "still the mask"),
        (lambda answer, shape, mask, steps: maskgit(answer, shape, mask, steps).clamp(max=mask - 1), "painted over"),
        (
            lambda answer, shape, mask, steps: torch.where(
                (tokens := maskgit(answer, shape, mask, steps)) == mask, answer(tokens, steps)[0], tokens
            ),
            "no other pass is needed",
        ),
        (
            lambda answer, shape, mask, steps: [answer(torch.full(shape, mask), i)[0] for i in range(steps)][-1],
            "leave the schedule",
        ),
    ],
)
def test_wrong_repairs_are_named(attempt, message):
    torch.manual_seed(0)
    named(check.maskgit, attempt, message)


# The price of an order


def test_the_price_of_an_order_is_that_of_its_questions_one_by_one():
    config = TransformerConfig((2, 2), tokens=4, classes=2, width=16, depth=1, heads=2, groups=(4,))
    model, labels = shaken(Transformer(config)), torch.tensor([0, 1])
    x = torch.randint(3, (2, 4), generator=torch.Generator().manual_seed(0))
    for order in itertools.permutations(range(4)):
        for n in (4, 2):  # whole, and a hole whose rest is given
            places = torch.tensor(order[:n]).expand(2, n)
            seen, wanted = x.scatter(1, places, 3), torch.zeros(2, dtype=torch.float64)
            for i in order[:n]:
                wanted -= model(seen, labels)[:, i, :3].log_softmax(-1)[range(2), x[:, i]]
                seen[:, i] = x[:, i]
            torch.testing.assert_close(masked.nats_in_order(model, x, labels, places), wanted)


def test_the_loss_of_the_bound_is_the_bound():
    config = TransformerConfig((2, 2), tokens=4, classes=2, width=16, depth=1, heads=2, groups=(4,))
    model, n = shaken(Transformer(config)), 2000
    x = torch.randint(3, (n, 4), generator=torch.Generator().manual_seed(0))
    labels = torch.zeros(n, dtype=torch.long)
    loss = any_order.bound_loss(model, (x, labels), drop=0.0, generator=torch.Generator().manual_seed(1))
    same = masked.bound(model, x, labels, generator=torch.Generator().manual_seed(1)).mean() / 4
    torch.testing.assert_close(loss.detach(), same)


def test_both_families_have_as_many_weights():
    (a, _), (b, _) = any_order.network("masked", 0, 10), any_order.network("autoregressive", 0, 10)
    assert abs(a["parameters"] / b["parameters"] - 1) < 0.001 and a["train_flops"] > 0


# The widget


@pytest.fixture(scope="module")
def holes():
    config = TransformerConfig((2, 2), tokens=13, classes=2, width=16, depth=1, heads=2, groups=(4,))
    pixels = torch.randint(0, 256, (3, 1, 8, 8), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    pictures = data.Pictures(pixels, torch.tensor([0, 1, 0]), names=["shirt", "shoe"])
    model = shaken(Transformer(config), dtype=torch.float32)
    return play.Holes(model, autoencoder(), pictures, count=2, hole="left")


def test_what_is_kept_never_changes(holes):
    hole = torch.tensor([[True, False], [False, True]])
    filled = holes.fill(1, hole)
    assert torch.equal(filled[:, [1, 2]], holes.tokens[1, [1, 2]].expand(2, 2)) and filled.max() < 12
    assert torch.equal(filled, holes.fill(1, hole))


def test_every_control_asks_the_model_anew(holes, monkeypatch):
    start = {"garment": 0, "holes": [1, 1, 1, 0], "label": -1, "order": 0, "steps": 4, "seed": 0}
    for name, value in start.items():
        setattr(holes, name, value)
    asked, sample = [], masked.sample
    monkeypatch.setattr(
        masked, "sample", lambda model, labels, **dials: asked.append((labels, dials)) or sample(model, labels, **dials)
    )
    holes.garment = 1
    assert asked[-1][0].tolist() == [1, 1]  # its own class
    holes.label = 2
    assert asked[-1][0].tolist() == [2, 2]  # no class
    holes.holes = [1, 0, 0, 1]
    assert asked[-1][1]["known"][1].tolist() == [[False, True, True, False]] * 2
    holes.order, holes.steps = 1, 2
    assert asked[-1][1]["order"] is masked.random and asked[-1][1]["steps"] == 2
    holes.seed = 5
    assert asked[-1][1]["generator"].initial_seed() == 5 and len(asked) == 6
    before = holes.answered
    holes.holes = [0, 0, 0, 0]  # nothing to fill, but an answer
    assert holes.answered == before + 1
    assert len(holes.shown) == 4 * 8 * 8 * 3 and len(holes.truth) == 8 * 8


def test_the_status_counts_holes_and_passes(holes):
    holes.garment, holes.holes, holes.steps = 1, [1, 1, 0, 0], 4
    assert holes.status == "shoe: 2 of 4 tokens hidden, 2 passes, one a token"
    holes.holes = [0, 0, 0, 0]
    assert holes.status == "shoe: 0 of 4 tokens hidden, 0 passes"


@pytest.mark.parametrize("wrong", [[1, 0], [2, 0, 0, 0]])
def test_holes_that_do_not_fit_the_grid_raise(holes, wrong):
    before = holes.holes
    with pytest.raises(ValueError, match="holes must be 4 numbers"):
        holes.holes = wrong
    holes.holes = before


def test_ready_made_holes_have_names():
    assert play.hole_shape("top").sum() == 21 and play.hole_shape("middle").sum() == 9
    assert play.hole_shape("all").all() and not play.hole_shape("none").any()
    with pytest.raises(ValueError, match="hole 'round' is not known"):
        play.hole_shape("round")


def test_a_hole_covers_the_squares_of_its_tokens():
    pixels = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    shown = play.punched(pixels, torch.tensor([[True, False], [False, False]]))
    assert shown.shape == (1, 3, 8, 8) and (shown[:, :, :4, :4] > 0).all()
    assert shown.sum() == shown[:, :, :4, :4].sum()


def test_the_static_frame_shows_three_holes_in_words_too(holes):
    fig = holes.frame()
    assert "filled several times" in fig.alt and len(fig.png()) > 1000
