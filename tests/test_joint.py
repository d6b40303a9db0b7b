"""One transformer for texts and pictures: who sees whom, the cache, and losses that are those of the two families."""

import math

import pytest
import torch
from tiny import shaken

from course_lib import training
from course_lib.data.captions import WORDS
from course_lib.experiments import repeat
from course_lib.methods import autoregressive, flow, joint
from course_lib.networks import Joint, JointConfig
from course_lib.networks.joint import Segments
from course_lib.training import RECIPES
from course_lib.training.recipes import dialogues as recipes

TEXT, PICTURE = False, True
ORDER = [TEXT, PICTURE, TEXT, PICTURE, TEXT]
SHAPE = {"grid": (2, 3), "classes": 7, "context": 4, "width": 16, "depth": 2, "heads": 2}
KINDS = {"tokens": {"tokens": (3, 2)}, "vectors": {"vector": 5, "groups": (6,)}}


def model(kind: str, dtype=torch.float64) -> Joint:
    return shaken(Joint(JointConfig(**SHAPE | KINDS[kind])), dtype=dtype)


def given(kind: str, rows: int = 2, seed: int = 3):
    """Words `[B, 3, 4]` that end in 0 and pictures `[B, 2, 6(, 5)]`."""
    generator = torch.Generator().manual_seed(seed)
    words = torch.randint(1, 7, (rows, 3, 4), generator=generator)
    words[..., -1] = 0
    if kind == "tokens":
        return words, torch.randint(6, (rows, 2, 6), generator=generator)
    return words, torch.randn(rows, 2, 6, 5, generator=generator, dtype=torch.float64)


def moved(first, second) -> torch.Tensor:
    """Where two answers `[B, n, L, K]` differ, bool `[n, L]`."""
    return ((first - second).abs().amax((0, -1)) > 1e-9).cpu()


# Who sees whom


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("at", [(0, 0), (0, 2), (1, 0), (1, 1)])
def test_a_word_changes_later_words_and_all_later_segments_and_nothing_earlier(kind, at):
    words, pictures = given(kind)
    network, other = model(kind), words.clone()
    other[:, at[0], at[1]] = other[:, at[0], at[1]] % 6 + 1
    more = (pictures, torch.full((2, 2), 0.5, dtype=torch.float64)) if kind == "vectors" else ()
    said, drawn = (
        moved(a, b) for a, b in zip(network(ORDER, words, pictures, *more), network(ORDER, other, pictures, *more))
    )
    for k in range(3):
        for i in range(4):
            assert said[k, i] == ((k, i) > at), (k, i)
    for k in range(2):
        assert drawn[k].all() if k >= at[0] else not drawn[k].any()


@pytest.mark.parametrize("patch", [0, 3, 5])
def test_a_token_of_a_picture_changes_later_tokens_only_and_a_vector_all_later_segments(patch):
    words, ids = given("tokens")
    network, other = model("tokens"), ids.clone()
    other[:, 0, patch] = (other[:, 0, patch] + 1) % 6
    said, drawn = (moved(a, b) for a, b in zip(network(ORDER, words, ids), network(ORDER, words, other)))
    assert drawn[0].tolist() == [i > patch for i in range(6)] and drawn[1].all()
    assert not said[0].any() and said[1:].all()
    words, x = given("vectors")
    network, other = model("vectors"), x.clone()
    other[:, 0, patch] += 1
    t = torch.full((2, 2), 0.5, dtype=torch.float64)
    said, drawn = (moved(a, b) for a, b in zip(network(ORDER, words, x, x, t), network(ORDER, words, other, x, t)))
    assert not drawn[0].any() and drawn[1].all()  # the copy of a picture does not see it clean
    assert not said[0].any() and said[1:].all()


def test_a_noisy_copy_is_seen_by_itself_alone_and_sees_all_of_itself():
    words, x = given("vectors")
    network, noisy = model("vectors"), torch.randn(2, 2, 6, 5, dtype=torch.float64)
    t, other = torch.full((2, 2), 0.5, dtype=torch.float64), noisy.clone()
    other[:, 0, 4] += 1
    said, drawn = (moved(a, b) for a, b in zip(network(ORDER, words, x, noisy, t), network(ORDER, words, x, other, t)))
    assert drawn[0].all() and not drawn[1].any() and not said.any()


def test_the_mask_of_a_layout_is_the_one_written_by_hand():
    # a word, a picture of two, a word, and the picture's noisy copy
    mask = Segments((0, 100, 100, 200, 100, 100), noisy=2)
    assert mask.visible().int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [1, 0, 0, 0, 1, 1],
        [1, 0, 0, 0, 1, 1],
    ]


def test_only_distances_between_segments_count():
    words, pictures = given("tokens")
    network = model("tokens").float()
    talk, later = network.talk(), network.talk()
    later.number = 5
    for each in (talk, later):
        each.hear(PICTURE, pictures[:, 0])
        each.hear(TEXT, words[:, 0])
    near, far = (each.next(PICTURE, pictures[:, 1], 0) for each in (talk, later))
    assert torch.allclose(near, far, atol=1e-4)


# The cache


@pytest.mark.parametrize("kind", KINDS)
def test_a_conversation_with_a_cache_says_what_the_whole_sequence_says(kind):
    words, pictures = given(kind)
    network = model(kind)
    noisy, t = torch.randn(2, 2, 6, 5, dtype=torch.float64), torch.tensor([[0.2, 0.9], [0.5, 0.4]]).double()
    said, drawn = network(ORDER, words, pictures, *((noisy, t) if kind == "vectors" else ()))
    talk, k, m = network.talk(), 0, 0
    for picture in ORDER:
        if picture and kind == "vectors":
            assert torch.allclose(talk.velocity(noisy[:, m], t[:, m]), drawn[:, m], atol=1e-9)
        else:
            x, whole = (pictures[:, m], drawn[:, m]) if picture else (words[:, k], said[:, k])
            for i in range(x.shape[1]):
                found = talk.next(picture, x, i)
                assert torch.allclose(found, whole[:, i].to(found), atol=1e-5)
        talk.hear(picture, pictures[:, m] if picture else words[:, k])
        k, m = k + (not picture), m + picture


def test_what_is_heard_counts_and_not_what_was_asked_before():
    words, ids = given("tokens")
    network = model("tokens").float()
    clean, asked = network.talk(), network.talk()
    for i in range(6):
        asked.next(PICTURE, (ids[:, 1] + 1) % 6, i)
    for talk in (clean, asked):
        talk.hear(PICTURE, ids[:, 0])
    assert torch.equal(clean.next(TEXT, words[:, 0], 0), asked.next(TEXT, words[:, 0], 0))


# Losses


def batch_of(kind: str):
    words, pictures = given(kind)
    order = torch.tensor(ORDER).long().expand(2, -1)
    return order, torch.tensor([[0, 1, 0, 1, 1], [0, 0, 0, 1, 1]]).bool(), words, pictures


def test_pictures_alone_cost_what_flow_costs_on_the_same_weights():
    network, (words, x) = model("vectors"), given("vectors")
    batch = torch.ones(2, 1).long(), torch.ones(2, 1).bool(), words[:, :0], x[:, :1]

    def plain(x_t, t, labels):
        return network([PICTURE], words[:, :0], x[:, :1], x_t[:, None], t[:, None])[1][:, 0]

    _, ours = joint.parts(
        lambda *a: (torch.zeros(2, 0, 4, 7), network(*a)[1]), batch, generator=torch.Generator().manual_seed(0)
    )
    theirs = flow.loss(plain, (x[:, 0], None), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(ours, theirs)


def test_tokens_alone_cost_what_the_chain_rule_costs_on_the_same_weights():
    network, (words, ids) = model("tokens"), given("tokens")
    batch = torch.ones(2, 1).long(), torch.ones(2, 1).bool(), words[:, :0], ids[:, :1]
    _, ours = joint.parts(lambda *a: (torch.zeros(2, 0, 4, 7), network(*a)[1]), batch)

    def plain(tokens, labels):
        return network([PICTURE], words[:, :0], tokens[:, None])[1][:, 0]

    assert torch.allclose(ours, autoregressive.loss(plain, (ids[:, 0], torch.zeros(2).long())))


def test_a_text_is_graded_up_to_its_end_and_only_where_it_is_asked_for():
    words = torch.tensor([[[3, 0, 0, 0]], [[2, 5, 0, 0]]])
    said = torch.zeros(2, 1, 4, 7)
    said[0, 0, 1, 0] = said[0, 0, 3, 1] = 100.0  # the end is right; what follows it counts nothing
    order, ids = torch.tensor([[1, 0]] * 2), torch.zeros(2, 1, 6).long()
    for rows, right in ((torch.tensor([1, 1]), 4 / 5), (torch.tensor([1, 0]), 1 / 2), (torch.tensor([0, 0]), 0)):
        graded = torch.column_stack([torch.zeros(2), rows]).bool()
        text, picture = joint.parts(lambda *_: (said, torch.zeros(2, 1, 6, 6)), (order, graded, words, ids))
        assert math.isclose(float(text), right * math.log(7), abs_tol=1e-5) and float(picture) == 0


def test_pictures_before_the_first_that_is_graded_are_never_noisy():
    order, _, words, x = batch_of("vectors")
    asked = []

    def watching(order, words, pictures, noisy=None, t=None):
        asked.append(0 if noisy is None else noisy.shape[1])
        return torch.zeros(*words.shape, 7), torch.zeros(0) if noisy is None else torch.zeros_like(noisy)

    for graded in ([[0, 1, 0, 1, 0]], [[0, 0, 0, 1, 0]], [[0, 0, 0, 0, 1]]):
        joint.parts(watching, (order, torch.tensor(graded * 2).bool(), words, x), generator=torch.Generator())
    assert asked == [2, 1, 0]


def test_the_weight_is_that_of_the_pictures():
    network, batch = model("tokens"), batch_of("tokens")
    text, picture = joint.parts(network, batch)
    assert torch.allclose(joint.loss(network, batch, weight=5.0), text + 5 * picture)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_at_the_start_nothing_is_known(name):
    recipe = RECIPES[name]
    torch.manual_seed(0)
    text, picture = joint.parts(recipe.build(), recipe.batches(size=4)(0), generator=torch.Generator().manual_seed(0))
    assert math.isclose(float(text), math.log(len(WORDS)), rel_tol=1e-5)
    if name == "all-token-scenes":
        assert math.isclose(float(picture), math.log(32 * 9 * 5), rel_tol=0.02)
    else:
        assert 1 < float(picture) < 3  # noise's variance, and the pictures' own square


# The next segment


class Fixed:
    """A conversation that always expects the same words and the same picture."""

    def __init__(self, words=(3, 2, 0, 5), target=0.7):
        self.words, self.target, self.heard = words, target, []

    def hear(self, picture, x):
        self.heard.append((picture, x))

    def next(self, picture, x, i):
        out = torch.full((len(x), 7), -50.0)
        out[:, self.words[i]] = 50.0
        return out

    def velocity(self, x, t):
        return (x - self.target) / t.view(-1, 1, 1)


def test_a_text_ends_where_it_says_so_and_flow_arrives_at_what_is_expected():
    assert joint.reply(Fixed(), TEXT, (4,), batch=2).tolist() == [[3, 2, 0, 0]] * 2
    x = joint.reply(Fixed(), PICTURE, (6, 5), batch=2, steps=3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(x, torch.full((2, 6, 5), 0.7), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_the_same_in_any_batch(kind):
    network, shape = model(kind, torch.float32), (6,) if kind == "tokens" else (6, 5)
    labels = torch.tensor([[1, 2, 0, 0], [3, 0, 0, 0], [4, 5, 6, 0]])
    one, all_ = (
        joint.sample(network, labels[:n], shape=shape, generator=torch.Generator().manual_seed(1)) for n in (1, 3)
    )
    assert torch.allclose(one, all_[:1].to(one), atol=1e-4)


# Recipes


@pytest.mark.parametrize("task", recipes.KEPT)
@pytest.mark.parametrize("name", recipes.RECIPES)
def test_batches_are_conversations_of_one_form_and_depend_on_the_step_alone(name, task):
    for step in (0, 1):
        order, graded, words, pictures = RECIPES[name].batches(size=3, task=task)(step)
        assert order.shape == graded.shape and (order == order[0]).all()
        assert words.shape[1:] == (int((order[0] == 0).sum()), recipes.WORDS) and (words[..., -1] == 0).all()
        assert pictures.shape[1] == int(order[0].sum()) == recipes.EDITS[step] + 1
        first = graded[:, int(order[0].argmax())]  # of what nothing tells, nothing is asked
        assert bool(first.any()) == (task in ("all", "draw"))
        again = RECIPES[name].batches(size=3, task=task)(step)
        assert all(torch.equal(a, b) for a, b in zip(again, (order, graded, words, pictures)))


def test_what_is_asked_back_from_before_the_window_is_not_graded():
    firsts = []
    for step in range(20):
        _, graded, words, _ = recipes.drawn(size=16, edits=(1,))(step)
        undo = words[:, 1, 0] == WORDS.index("undo")
        assert not graded[undo, 3].any() and graded[~undo, 3].all()
        firsts.append(undo)
    assert 0.02 < torch.cat(firsts).float().mean() < 0.3
    assert not any(
        (recipes.drawn(size=16, edits=(1,), fresh=True)(k)[2][:, 1, 0] == WORDS.index("undo")).any() for k in range(9)
    )


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_recipe_draws_captions_by_one_line_and_its_operations_are_counted(name):
    torch.manual_seed(0)
    model = RECIPES[name].build().eval()
    labels, generator = recipes.told(["red circle on grey", ""]), torch.Generator().manual_seed(0)
    made = training.draw(name, labels, model, generator=generator)
    assert made.shape == (2, 3, 24, 24) and made.dtype == torch.uint8
    with pytest.raises(ValueError, match="guidance=2"):
        training.draw(name, labels, model, guidance=2.0)
    matrices = sum(p.numel() for block in model.blocks for p in block.parameters() if p.ndim == 2)
    texts, pictures = 5 * 18, 3 * (37 if name == "all-token-scenes" else 36 + 36)
    positions = 6 * matrices * (texts + pictures)
    assert positions < repeat.flops_per_picture(name) < 1.6 * positions  # and attention, heads, meanings of tokens
    sizes = [sum(p.numel() for p in RECIPES[each].build().parameters()) for each in recipes.RECIPES]
    assert max(sizes) <= 1.02 * min(sizes)


def test_a_trained_conversation_is_read_back_from_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    network = shaken(Joint(JointConfig(**SHAPE | KINDS["vectors"])), dtype=torch.float32)
    (tmp_path / "checkpoints").mkdir()
    training.save(tmp_path / "checkpoints" / "small.safetensors", network, {}, dtype="bf16")
    again = training.load("small")
    assert again.config == network.config
    assert torch.allclose(again.say.weight.cpu(), network.say.weight, atol=1e-2)
