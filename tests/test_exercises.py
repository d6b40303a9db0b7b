"""What holds for every exercise: solution, untouched stub, planted bug, grading, the course's own version."""

import ast
import inspect
from pathlib import Path

import pytest
import torch
from solutions import ANSWERS, NAMES, SEEDS, STUBS, named, written

from course_lib import check
from course_lib.check import core
from course_lib.check.core import CHECKERS
from course_lib.check.forms import alike

PLANTED = [name for name in NAMES if CHECKERS[name].planted]


def stub(*_):
    raise NotImplementedError


def test_every_exercise_has_a_checker_and_no_two_the_same():
    assert len(set(NAMES)) == len(NAMES) and set(NAMES) == set(CHECKERS)
    assert all(getattr(check, name) is CHECKERS[name] for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_folded_solution_is_right_with_every_seed_and_no_mistake_is_taken_for_another(name, capsys):
    assert getattr(check, name)(ANSWERS[name]) is ANSWERS[name]
    assert capsys.readouterr().out == f"✓ {name}: right.\n"
    assert CHECKERS[name].trial(CHECKERS[name].reference).calls
    for seed in range(SEEDS):
        tried = CHECKERS[name].trial(ANSWERS[name], seed)
        assert not tried.converted and not tried.entered
        cases = tried.cases
        for message in {message for case in cases for message in case.mistakes}:
            would = [case.mistakes.get(message, case.right) for case in cases]
            first = next(case for case, value in zip(cases, would) if not alike(value, case.right))
            explain = (
                other
                for other in first.mistakes
                if all(alike(v, c.mistakes[other]) for v, c in zip(would, cases) if other in c.mistakes)
            )
            assert next(explain) == message


def messages(node: ast.AST, names: dict[str, ast.AST], seen: set[str]) -> int:
    """How many messages of their own stand in a checker, and in what it calls in its file."""
    count = 0
    for each in ast.walk(node):
        if isinstance(each, ast.Dict):
            count += sum(
                isinstance(key, ast.Constant | ast.JoinedStr) and len(ast.unparse(key)) > 27 for key in each.keys
            )
        elif isinstance(each, ast.Call) and getattr(each.func, "id", "") in ("need", "Wrong"):
            count += 1
        elif isinstance(each, ast.Name) and each.id in names and each.id not in seen:
            count += messages(names[each.id], names, seen.add(each.id) or seen)
    return count


@pytest.mark.parametrize("name", NAMES)
def test_at_least_four_mistakes_have_a_message_of_their_own(name):
    tree = ast.parse(Path(inspect.getsourcefile(inspect.unwrap(CHECKERS[name]))).read_text(encoding="utf-8"))
    names = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    values = ((node.targets[0], node.value) for node in tree.body if isinstance(node, ast.Assign))
    names |= {target.id: value for target, value in values if isinstance(target, ast.Name)}
    assert messages(names[name], names, {name}) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_exercise_lends_the_course_version(name, capsys, monkeypatch):
    checker = getattr(check, name)
    answers = stub, written(STUBS[name], name), checker.reference  # of the notebook, perhaps a planted bug; run twice
    for untouched in answers:
        assert checker(untouched) is checker.reference
        assert "not attempted" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_GRADING", "1")
    for untouched in answers:
        with pytest.raises(check.Wrong, match="not attempted"):
            checker(untouched)


@pytest.mark.parametrize("name", PLANTED)
def test_the_planted_bug_in_other_words_is_wrong(name):
    planted = CHECKERS[name].planted
    named(getattr(check, name), lambda *given: planted(*given), ".")


def test_an_agreement_names_what_is_lent(capsys, monkeypatch):
    monkeypatch.setattr(core, "LENT", set())
    check.same(torch.ones(2), torch.ones(2), "ones")
    assert "what you built is what course_lib ships" in capsys.readouterr().out
    check.path(check.path.reference)
    capsys.readouterr()
    check.same(torch.ones(2), torch.ones(2), "ones")
    said = capsys.readouterr().out
    assert "what you built" not in said and "nothing about what is lent: path." in said
    check.path(ANSWERS["path"])
    check.same(torch.ones(2), torch.ones(2), "ones")
    assert "lent" not in capsys.readouterr().out
