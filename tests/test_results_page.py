"""The book's page of results: every cell of its tables is what the results files say."""

from statistics import mean

import pytest
from prose import ROOT, Pool, numbers

from course_lib.data import results
from course_lib.training import RECIPES

PAGE = (ROOT / "book" / "pages" / "results.md").read_text(encoding="utf-8")


def tables(text: str) -> list[list[list[str]]]:
    """The rows of each table, their cells, without heading and rule."""
    blocks = [[line for line in block.splitlines() if line.startswith("|")] for block in text.split("\n\n")]
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in block[2:]] for block in blocks if block]


MODELS, BUDGETS, FEW, LARGE, SPELLING, SCENES, TALKS = tables(PAGE)
MEASURED = {name: results.read(name) for name in RECIPES if results.path_of(name).exists()}


def says(cell: str, *values: float) -> bool:
    """Whether the numbers of a cell are these, in this order, at the precision in which they are given."""
    said = [*numbers(f"{cell} ")]
    return len(said) == len(values) and all(Pool(value).has(each) for each, value in zip(said, values))


def of_model(row: list[str], result: dict) -> bool:
    _, _, parameters, flops, likelihood, distance, agreement, recall = row
    m, whole = result["metrics"], result["train_flops"] + sum(result.get("uses", {}).values())
    apart = [m.get(f"frechet_relative{end}", 0) for end in ("", "_low", "_high")]
    key = "bits_per_dim" if "bits/dim" in likelihood else "nats" if "nats" in likelihood else ""
    return (
        says(parameters, result["parameters"])
        and round(whole / 1e12) == int(flops)
        and says(likelihood, *([m.get(key, 0)] if key else []))
        and says(distance, *apart, m["frechet_n"])
        and says(agreement, m["agreement"])
        and says(recall, m["recall"])
    )


@pytest.mark.parametrize("row", [row for row in MODELS if row[0]], ids=lambda row: row[1])
def test_a_row_of_a_shipped_model_is_its_result(row):
    fit = [name for name, result in MEASURED.items() if "frechet_n" in result["metrics"] and of_model(row, result)]
    assert len(fit) == 1


def test_budgets_are_means_and_seeds_of_the_experiment():
    runs = results.read("budget")["metrics"]["runs"]
    for budget, *cells, factor in BUDGETS:
        means = []
        for family, cell in zip(("autoregressive", "noise"), cells, strict=True):
            own = [run for run in runs if run["family"] == family and says(budget, run["budget_flops"])]
            seeds = sorted(run["frechet_relative"] for run in own)
            means.append(mean(seeds))
            assert says(cell, means[-1], *seeds), (budget, family, seeds)
        assert f"{means[0] / means[1]:.1f}" == factor


def test_few_pictures_are_means_and_seeds_of_the_experiment():
    runs = results.read("data-sizes")["metrics"]["runs"]
    for pictures, *cells, factor in FEW:
        means = []
        for family, cell in zip(("autoregressive", "noise"), cells, strict=True):
            own = [run for run in runs if (run["family"], f"{run['pictures']:,}") == (family, pictures)]
            seeds = sorted(run["frechet_relative"] for run in own)
            means.append(mean(seeds))
            assert len(seeds) == 3 and says(cell, means[-1], *seeds), (pictures, family, seeds)
        assert f"{means[0] / means[1]:.1f}" == factor


def test_large_pictures_cost_what_was_measured():
    found = {(row["kind"], row["tokens"]): row for row in results.read("large")["metrics"]["rows"]}
    for kind, *cells in LARGE:
        wanted = [(576, 1), (576, 64), (784, 1), (784, 64)]
        for (tokens, batch), cell in zip(wanted, cells, strict=True):
            assert cell == f"{1000 * found[kind, tokens][f'seconds_batch_{batch}']:.0f}", (kind, tokens, batch)


def test_spelling_is_the_mean_over_seeds():
    ways = {
        "letter by letter": "characters",
        "hashed pairs of letters": "hashed pieces",
        "a number a word": "whole words",
    }
    found = results.read("words")["metrics"]["cells"]
    for told, *cells in SPELLING:
        for family, cell in zip(("autoregressive", "masked", "noise"), cells, strict=True):
            own = [row for row in found if row["model"] == f"{ways[told]}, exact patches" and row["family"] == family]
            assert len(own) == 3 and says(cell, mean(row["exact_held"] for row in own)), (told, family)


def test_scenes_are_what_the_shipped_models_drew():
    forms = dict(zip([row[0] for row in SCENES], ("full", "no-positions", "open", "relation", "count", "null")))
    for told, *cells in SCENES:
        for name, cell in zip(("token-ar-scenes", "masked-scenes", "dit-scenes"), cells, strict=True):
            assert says(cell, results.read(name)["metrics"][forms[told]]["fits"]), (told, name)


def test_conversations_are_means_over_seeds_and_what_the_shipped_models_do():
    tasks = ("draw", "tell", "ask", "edit", "draw, unseen pairs", "tell, unseen pairs")
    names = ("all-token-scenes", "transfusion-scenes")
    runs = [run for run in results.read("joint")["metrics"]["runs"] if run["task"] == "all"]
    for task, (said, *cells) in zip(tasks, TALKS, strict=True):
        for name, short, long in zip(names, cells[:2], cells[2:], strict=True):
            own = [run["asked"][task]["right"] for run in runs if run["name"] == name and task in run["asked"]]
            assert says(short, *([mean(own)] if own else [])), (said, name)
            assert says(long, results.read(name)["metrics"][task]["right"]), (said, name)
