"""Conversations are graded by what was asked, whoever paints; each experiment gives tidy rows."""

import json
from dataclasses import dataclass, field

import pytest
import torch

from course_lib.data import captions, edits, scenes
from course_lib.experiments import EXPERIMENTS, conversing, joint, joint_shipped, models, provenance, talking
from course_lib.training import RECIPES, checkpoints
from course_lib.training.recipes import dialogues as recipes


class Heard:
    """A conversation that only remembers."""

    def __init__(self):
        self.said = []

    def hear(self, picture, x):
        self.said.append((picture, x))


@dataclass(frozen=True)
class Exact(talking.Painter):
    """A painter that knows the right scenes, turn by turn; a `late` one draws them as they were before."""

    talks: object = None
    late: bool = False
    begun: list = field(default_factory=list)
    turns: list = field(default_factory=list)

    @property
    def pixels(self) -> bool:
        return self.name == talking.FAMILIES[1]

    def begin(self, batch):
        self.begun.append(Heard())
        return self.begun[-1]

    def draw(self, talk, batch, generator):
        self.turns.append(talk)
        at = len(self.turns) - self.late
        return self.encode(self.talks.cells[:, at], self.talks.ground[:, at])


def painter(name: str, talks, late: bool = False) -> Exact:
    return Exact(None, name, talks=talks, late=late)


@pytest.mark.parametrize("name", talking.FAMILIES)
def test_who_does_what_is_asked_gets_full_marks_and_who_does_nothing_those_of_keep(name):
    talks = talking.conversations(20, 5)
    grades = talking.graded(painter(name, talks), talks, talking.chain(painter(name, talks), talks))
    assert grades["right"].all() and (grades["kept"] == 1).all() and float(grades["drift"].max()) < 1
    idle = talking.idle(4, 3)
    assert talking.graded(painter(name, idle, True), idle, talking.chain(painter(name, idle, True), idle))[
        "right"
    ].all()
    late = talking.graded(painter(name, talks, True), talks, talking.chain(painter(name, talks, True), talks))["right"]
    found = talking.by_operation(talks, late)
    assert all(found[op]["right"] == 0 for op in ("make", "move", "remove", "add", "ground") if op in found)
    assert {"undo", "after undo"} <= set(found) and found["keep"]["right"] == 1


@pytest.mark.parametrize(("window", "heard"), [(0, [1, 1, 1, 1]), (1, [1, 1, 1, 1]), (2, [1, 2, 2, 2])])
def test_a_window_shows_the_last_turns_alone(window, heard):
    talks = talking.conversations(3, 4)
    one = painter(talking.FAMILIES[0], talks)
    talking.chain(one, talks, window=window)
    seen = [sum(picture for picture, _ in talk.said[:-2]) for talk in one.begun]  # before the turn's own two
    assert seen == (heard if window else [5 - 1])


def test_true_pictures_are_shown_and_what_was_drawn_is_graded():
    talks = talking.conversations(3, 3)
    one = painter(talking.FAMILIES[0], talks, late=True)
    made = talking.chain(one, talks, remedy="true")
    shown = [x for picture, x in one.begun[0].said if picture]
    assert torch.equal(shown[2], one.encode(talks.cells[:, 2], talks.ground[:, 2]))
    assert torch.equal(made[2], shown[1])


def test_remedies_mend_grain_and_leave_changes():
    one = talking.Painter(None, talking.FAMILIES[1])
    cells, ground = scenes.sample(6, torch.Generator().manual_seed(0))
    old, new = recipes.patches(cells, ground), recipes.patches(cells.roll(1, 0), ground)
    grainy = new + 0.03 * torch.randn(new.shape, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(talking.snapped(one, grainy, old), new, atol=1e-6)
    same = (new == old).all(-1)
    mended = talking.composited(one, grainy, old)
    assert torch.equal(mended[same], old[same]) and torch.equal(mended[~same], grainy[~same])


def test_other_words_are_known_ones_and_no_instruction_of_training():
    for row in talking.conversations(20, 4).texts:
        for text in row:
            said = talking.telegram(text)
            captions.words(said)
            if said == text:
                assert text in ("undo", "keep")
            elif said.startswith("remove"):  # it can be read, but is never written so
                assert edits.write(edits.read(said)) == text
            else:
                with pytest.raises(ValueError):
                    edits.read(said)


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))

    def untrained(name, flops, seed, watch=None, looks=0, **form):
        torch.manual_seed(seed)
        model = RECIPES[name].build().eval()
        if watch:
            watch(1, model)
            watch(2, model)
        return model

    for module, names in {joint: ("MADE", "WATCHED"), joint_shipped: ("MANY", "TALKS")}.items():
        for name in names:
            monkeypatch.setattr(module, name, 2)
    for name, few in {"SEEDS": (0,), "FAMILIES": talking.FAMILIES[1:]}.items():
        monkeypatch.setattr(joint, name, few)
    monkeypatch.setattr(joint, "WEIGHED", {talking.FAMILIES[1]: ((5.0,), (0,), 1.0)})
    monkeypatch.setattr(talking, "LONGEST", 2)
    monkeypatch.setattr(joint, "trained", untrained)
    monkeypatch.setattr(joint_shipped.checkpoints, "load", lambda name: untrained(name, 0, 0))
    monkeypatch.setattr(joint_shipped.checkpoints, "header", lambda name: {"train_flops": 1.0, "weights": ""})


def tidy(found) -> None:
    columns = set(provenance.COLUMNS) - {"experiment"}
    assert found.rows and all(columns <= set(row) for row in found.rows)
    json.dumps(found.metrics)


def test_budgets_have_curves_of_all_tasks_and_of_each_alone(tiny):
    found = joint.budgets()
    tidy(found)
    tasks = {(row["task"], row["model"], row["budget_flops"]) for row in found.rows}
    for name in joint.FAMILIES:
        for task in ("draw", "tell", "edit"):
            assert (f"joint: {task}", f"{name}, all tasks", joint.BUDGET) in tasks
            assert (f"joint: {task}", f"{name}, all tasks", joint.BUDGET / 2) in tasks
            assert (f"joint: {task}", f"{name}, {task} alone", joint.TWINS[task]) in tasks


def test_weights_and_windows_give_their_rows(tiny):
    tidy(joint.weights())
    found = joint.windows()
    tidy(found)
    assert {row["model"] for row in found.rows} == {f"{joint.FAMILIES[0]}, {window}" for window in joint.WINDOW}
    assert all(row["task"].startswith("window: ") for row in found.rows)


@pytest.mark.parametrize("way", ["snap", "three clauses", "last two turns", "keep, 16 steps"])
def test_the_ways_to_converse_are_held(tiny, way):
    name = talking.FAMILIES[1]
    row = joint_shipped._talked(name, way)
    assert len(row["turns"]) == (1 if way == "three clauses" else talking.LONGEST)
    assert joint_shipped._fits(name, way)
    assert not joint_shipped._fits(talking.FAMILIES[0], "keep, snap")
    assert joint_shipped._fits(talking.FAMILIES[0], "last two turns")


@pytest.mark.parametrize("name", talking.FAMILIES)
def test_tasks_and_costs_of_a_shipped_model_are_measured(tiny, name):
    row = joint_shipped._tasks(name)
    assert {"draw", "tell", "ask", "edit", "draw, sums", "there and back"} <= set(row["asked"])
    cost = joint_shipped._cost(name)
    assert 0 < cost["seconds_turn_8"] and cost["seconds_turn_8_anew"] > 0


def test_a_budget_of_operations_buys_as_many_steps_as_it_says():
    recipe = RECIPES[talking.FAMILIES[0]]
    torch.manual_seed(0)
    model, batches = recipe.build(), recipe.batches(size=4)
    one = conversing.steps_for(batches, recipe.loss, model, 1e12)
    assert abs(conversing.steps_for(batches, recipe.loss, model, 3e12) - 3 * one) <= 2
    assert conversing.steps_for(recipe.batches(size=4, task="draw", edits=(0,)), recipe.loss, model, 1e12) > 2 * one


def test_the_experiments_are_registered_and_the_recipes_ask_for_their_measure():
    assert {"joint", "joint-weights", "joint-windows", "joint-shipped"} <= set(EXPERIMENTS)
    assert all(
        recipe.measures == ("conversed",) and "conversed" in models.MEASURES for recipe in recipes.RECIPES.values()
    )
    assert checkpoints.load is not None
