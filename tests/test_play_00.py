"""The widgets of notebook 00: what they show without a browser, what they do when asked, what they refuse."""

import base64
import json
from functools import partial

import pytest
import torch
from tiny import shaken, transformer

from course_lib import data
from course_lib.methods import autoregressive
from course_lib.networks import Autoencoder, AutoencoderConfig, Transformer, TransformerConfig
from course_lib.show import course_map, films, hero
from course_lib.show.play import Clocks, Game, Predictions
from course_lib.show.play import predictions as book

TINY = {"width": 16, "depth": 1, "heads": 2, "classes": 10}


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(0)
    pixels = Transformer(TransformerConfig(grid=(28, 28), tokens=256, **TINY)).eval()
    noise = TransformerConfig(grid=(7, 7), vector=16, clock=1, context=0, groups=(49,), **TINY)
    return pixels, Transformer(noise).eval()


@pytest.fixture(scope="module")
def test_pictures():
    return data.load("fashion", "test")[:40]


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return tmp_path / "predictions.json"


@pytest.fixture(scope="module")
def clocks(models):
    pixels, noise = models
    return Clocks([partial(films.pixel_by_pixel, pixels), partial(films.out_of_noise, noise)], list("abcdefghij"))


def shows_a_picture(widget) -> None:
    found, metadata = widget._repr_mimebundle_()
    assert base64.b64decode(found["image/png"])[:4] == b"\x89PNG"
    assert "application/vnd.jupyter.widget-view+json" in found
    assert len(metadata["image/png"]["alt"]) > 20 and found["text/plain"].startswith("Widget: ")


# Films and clocks


def test_films_count_forwards_and_milliseconds(clocks):
    writer, washer = clocks.films
    assert writer.forwards == list(range(785)) and washer.forwards == list(range(films.NOISE["steps"] + 1))
    for film in clocks.films:
        assert film.ms[0] == 0 and film.ms == sorted(film.ms) and len(film.ms) == len(film.known) == len(film.forwards)
    assert writer.frames.shape == (1, 28, 28) and washer.frames.shape == (films.NOISE["steps"] + 1, 28, 28)


def test_a_film_of_tokens_ends_with_what_the_tokens_say():
    small = AutoencoderConfig(width=8, levels=(3, 2))
    tokenizer, words = (
        shaken(Autoencoder(small), dtype=torch.float32),
        transformer(torch.float32, grid=(7, 7), tokens=6),
    )
    film = films.token_by_token(words, tokenizer, 2, seed=1)
    tokens = autoregressive.sample(
        words, torch.tensor([2]), shape=(7, 7), generator=torch.Generator().manual_seed(1), **films.TOKENS
    )
    assert torch.equal(film.frames[-1], films.to_bytes(tokenizer.detokenize(tokens))[0, 0])
    assert film.known == [*range(50), 49] and film.forwards == list(range(51)) and film.cell == 4
    assert film.ms == sorted(film.ms) and len(film.ms) == len(film.frames) == 51
    late = film.tinted(9)  # the first row and two tokens of the second are written
    assert (late[:, 4:8, 8:] == late[:, 27:, 27:]).all() and (late[:, 8:] == late[:, 27:, 27:]).all()
    assert (late[0, :8, :8] == late[2, :8, :8]).all() and (late[0, 27, 27] != late[2, 27, 27])  # grey, and a colour


def test_a_film_knows_what_is_there_at_a_time():
    film = films.Film("x", "noise", torch.zeros(3, 2, 2, dtype=torch.uint8), [4] * 3, [0, 1, 2], [0.0, 10.0, 20.0])
    assert [film.at(ms) for ms in (-1, 0, 9.9, 10, 19, 20, 99)] == [0, 0, 0, 1, 1, 2, 2]


def test_missing_pixels_have_the_colour_of_the_family():
    film = films.Film("x", "autoregressive", torch.full((1, 2, 2), 255, dtype=torch.uint8), [0, 1, 4], [0] * 3, [0] * 3)
    assert (film.tinted(2) == 1).all()
    half = film.tinted(1)
    assert (half[:, 0, 0] == 1).all() and (half[2, 0, 1] < 0) and (half[:, 0, 1] == half[:, 1, 1]).all()


def test_the_same_seed_makes_the_same_picture(models):
    for make, model in zip((films.pixel_by_pixel, films.out_of_noise), models):
        first, again, other = (make(model, 3, seed).frames[-1] for seed in (5, 5, 6))
        assert torch.equal(first, again) and not torch.equal(first, other)


def test_another_class_makes_new_films(clocks):
    before, clocks.label = clocks.films, 4
    assert clocks.films is not before and clocks.about[1]["forwards"] == clocks.films[1].forwards
    assert len(clocks.pixels) == 784 * sum(row["frames"] for row in clocks.about)


def test_clocks_take_any_number_of_models(models):
    shows_a_picture(
        Clocks([partial(films.out_of_noise, models[1], steps=n, name=f"{n}") for n in (1, 2, 4)], ["one"], 0)
    )


def test_clocks_show_a_picture_without_a_kernel(clocks):
    shows_a_picture(clocks)


@pytest.mark.parametrize(("trait", "value"), [("label", 10), ("label", -1), ("seed", -1)])
def test_clocks_raise_on_what_they_can_not_draw(clocks, trait, value):
    with pytest.raises(ValueError, match=f"{trait}={value} must"):
        setattr(clocks, trait, value)


def test_an_error_while_drawing_is_raised():
    def clock(label, seed):
        if seed:
            raise RuntimeError("no more ink")
        return films.Film("x", "noise", torch.zeros(1, 2, 2, dtype=torch.uint8), [4], [0], [0.0])

    widget = Clocks([clock], ["one"], label=0)
    with pytest.raises(RuntimeError, match="no more ink"):
        widget.seed = 1


def test_no_clock_is_an_error():
    with pytest.raises(ValueError, match="clocks is empty"):
        Clocks([], ["one"])


# Game


@pytest.fixture(scope="module")
def game(models, test_pictures):
    return Game(test_pictures, *models, seed=3)


def test_half_of_the_sheet_is_real_and_both_models_share_the_rest(game, test_pictures):
    counts = {family: game.families.count(family) for family in game.families}
    assert counts == {"data": 6, "autoregressive": 3, "noise": 3}
    known = {bytes(x.numpy().tobytes()) for x in test_pictures.pixels}
    real = [picture.numpy().tobytes() in known for picture in game.pictures]
    assert real == [family == "data" for family in game.families]


def test_the_answer_stays_in_python_until_six_are_marked(game):
    game.round += 1
    game.marked = [0, 1, 2]
    state = game.get_state()
    assert (
        not game.answer and not game.caption and "data" not in json.dumps({k: state[k] for k in ("answer", "caption")})
    )
    right = [i for i, family in enumerate(game.families) if family == "data"]
    game.marked = right
    assert game.history[-1] == 6 and [i for i, word in enumerate(game.answer) if word == "real"] == right


def test_wrong_marks_do_not_score(game):
    game.round += 1
    game.marked = [i for i, family in enumerate(game.families) if family != "data"]
    assert game.history[-1] == 0


def test_a_new_round_deals_other_pictures(game):
    sheet = game.sheet
    game.round += 1
    assert game.sheet != sheet and game.marked == [] and game.answer == []


@pytest.mark.parametrize("marked", [[12], [-1], [3, 3]])
def test_the_game_raises_on_marks_that_are_none(game, marked):
    with pytest.raises(ValueError, match="must be different numbers"):
        game.marked = marked


def test_the_game_shows_the_sheet_without_a_kernel_and_folds_the_answer(game):
    shows_a_picture(game)
    assert all(word in game.fold().data for word in ("<details>", "real", "pixel by pixel", "out of noise"))


def test_the_game_needs_enough_real_pictures(models, test_pictures):
    with pytest.raises(ValueError, match="real holds 5 pictures"):
        Game(test_pictures[:5], *models)


# Predictions


def test_claims_are_fifteen_with_their_own_ids():
    about = book.claims()
    ids = [row["id"] for row in about["claims"]]
    assert len(set(ids)) == 15 and all(row["claim"] and row["tested_in"] for row in about["claims"])
    assert len(about["verdicts"]) == 4 and "GPT Image News, 2026" in about["source"]


def test_predictions_are_there_again_at_the_next_start(own_cache):
    Predictions().choice = {"claim": "ar-slow", "verdict": "holds", "confidence": 80}
    again = Predictions()
    assert again.made["ar-slow"]["verdict"] == "holds" and again.made["ar-slow"]["confidence"] == 80
    again.choice = {"claim": "rule", "verdict": "does not hold", "confidence": 25}
    assert set(book.load()) == {"ar-slow", "rule"}
    assert [path.name for path in own_cache.parent.iterdir()] == ["predictions.json"]


def test_a_prediction_can_be_changed_and_taken_back(own_cache):
    book.predict("neither", "holds", 30)
    assert book.predict("neither", "holds only if …", 35)["neither"]["confidence"] == 35
    assert book.predict("neither", "", 35) == {}


@pytest.mark.parametrize(
    ("claim", "verdict", "confidence", "message"),
    [
        ("nothing", "holds", 50, "claim='nothing' is not known"),
        ("rule", "perhaps", 50, "verdict='perhaps' is not known"),
        ("rule", "holds", 101, "confidence=101"),
        ("rule", "holds", 24, "confidence=24"),
        ("rule", "holds", "50", "confidence='50'"),
    ],
)
def test_what_is_no_prediction_is_refused_and_loses_nothing(own_cache, claim, verdict, confidence, message):
    book.predict("ar-back", "holds", 60)
    before = own_cache.read_bytes()
    with pytest.raises(ValueError, match=message):
        Predictions().choice = {"claim": claim, "verdict": verdict, "confidence": confidence}
    assert own_cache.read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rule": {"verdict": "holds"}}', '{"rule": 3}'])
def test_a_damaged_file_is_set_aside_and_kept(own_cache, text):
    own_cache.write_text(text, encoding="utf-8")
    assert Predictions().made == {}
    (kept,) = own_cache.parent.iterdir()
    assert kept.name.startswith("predictions.damaged-") and kept.read_text(encoding="utf-8") == text
    book.predict("rule", "holds", 60)
    assert set(book.load()) == {"rule"}


def test_predictions_show_the_claims_without_a_kernel(own_cache):
    shows_a_picture(Predictions())


# Hero and map


def test_the_hero_has_a_strip_for_every_film(models, tmp_path, monkeypatch):
    monkeypatch.setattr(hero, "load", lambda name: models["dit" in name])
    made = hero.films(classes=(1, 8), seed=0)
    assert [film.family for film in made] == ["autoregressive"] * 2 + ["noise"] * 2
    monkeypatch.setattr(hero, "films", lambda: made)
    found = hero.save(tmp_path / "hero.png")
    assert (tmp_path / "hero.png").read_bytes()[:4] == b"\x89PNG" and found["bytes"] < 300_000


def test_the_map_names_every_notebook():
    there = sorted(path.stem for path in (course_map.runtime.ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    shown = course_map.draw()
    boxes = [" ".join(text.get_text().split()) for text in shown.axes[0].texts]
    assert len(there) == 19 and all(any(box.startswith(name[:2]) for box in boxes) for name in there)
    assert shown.axes[0].get_title(loc="left").startswith("19 notebooks")
