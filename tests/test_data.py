"""The pictures: what ships is what was published, damage is seen, and downloads survive a bad network or say so."""

import collections
import gzip
import hashlib
import io
import json
import shutil
import statistics
import tarfile
import time

import numpy as np
import pytest
import torch
from http_server import nobody_there, serving
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from course_lib import runtime
from course_lib.data import SETS, Pictures, cifar, download, emoji, fashion, files, load, mnist
from course_lib.experiments.shipping import record, to_idx
from course_lib.places.fill import fill_cache

MIB = 2**20
quick = settings(max_examples=50, deadline=None)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of this test's own, and retries without their pauses."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    return tmp_path / "cache"


def left_in(folder) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def few(n: int = 5, classes: int = 3) -> Pictures:
    """`n` different pictures with every column."""
    pixels = torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1).expand(n, 3, 2, 2).clone()
    names = [f"class {c}" for c in range(classes)]
    words = [str(i) for i in range(n)]
    return Pictures(pixels, torch.arange(n) % classes, words, names, {"numbers": list(range(n))})


# What ships


@pytest.mark.parametrize(("remote", "column"), list(zip(fashion.OFFICIAL[2:], ["pixels", "labels"])))
def test_shipped_test_bytes_are_the_official_ones(remote, column):
    tensor = getattr(load("fashion", "test"), column)
    tensor = tensor[:, 0] if column == "pixels" else tensor.to(torch.uint8)
    assert "sha256:" + files.sha256(to_idx(tensor)) == remote.checksum


@pytest.mark.parametrize(("split", "each"), [("train", 1800), ("validation", 200), ("test", 1000)])
def test_fashion_is_balanced(split, each):
    pictures = load("fashion", split)
    assert pictures.pixels.shape == (10 * each, 1, 28, 28)
    assert pictures.labels.bincount().tolist() == [each] * 10
    assert pictures.names == fashion.NAMES and len(set(pictures.names)) == 10


def test_fashion_train_and_validation_are_different_official_pictures():
    train, validation = fashion.indices("train"), fashion.indices("validation")
    assert len(set(train.tolist()) | set(validation.tolist())) == 20_000
    for rows in (train, validation):
        assert (rows.diff() > 0).all() and 0 <= rows[0] and rows[-1] < 60_000


def test_clothes_stand_upright():
    """Stored column by column, they must be turned back: a trouser is taller than wide, a sneaker wider than tall."""
    pictures = load("fashion", "validation")
    ink = pictures.pixels[:, 0] > 0
    tall, wide = ink.any(2).sum(1).float(), ink.any(1).sum(1).float()
    for name, upright in (("trouser", True), ("sneaker", False)):
        mine = pictures.labels == fashion.NAMES.index(name)
        assert bool(tall[mine].mean() > wide[mine].mean()) == upright


@pytest.mark.parametrize("name", ["fashion", "emoji"])
def test_loading_is_quick(name):
    seconds = []
    for _ in range(3):
        start = time.process_time()
        load(name)
        seconds.append(time.process_time() - start)
    assert statistics.median(seconds) < 1.5, f"{seconds} s of processor time"


@pytest.mark.parametrize(("name", "limit"), [("fashion", 12), ("emoji", 5)])
def test_shipped_pictures_are_light_listed_and_intact(name, limit):
    paths = [path for path in (runtime.data_dir() / name).iterdir() if not path.name.startswith(".")]
    assert sum(path.stat().st_size for path in paths) <= limit * 1e6
    rows = [row for row in files.verify() if row[0].startswith(f"{name}/")]
    assert all(ok for _, ok, _ in rows), rows
    assert {row[0] for row in rows} == {f"{name}/{path.name}" for path in paths}


def test_every_shipped_folder_is_in_the_readme():
    text = (runtime.data_dir() / "README.md").read_text(encoding="utf-8")
    for name in files.checksums():
        folder, file = name.split("/")
        assert f"`{name}`" in text or f"`{file}`" in text or f"`{folder}/NAME" in text, f"data/README.md omits {name}"
    for licence in (runtime.data_dir() / "licences").iterdir():
        assert licence.name in text


# Emoji


@pytest.fixture(scope="module")
def three() -> dict[str, Pictures]:
    return {split: load("emoji", split) for split in emoji.SPLITS}


def test_emoji_are_1636_concepts_in_two_styles(three):
    pairs = [pair for part in three.values() for pair in zip(part.extra["concepts"], part.extra["styles"])]
    assert len(pairs) == len(set(pairs)) == 2 * 1636
    assert {style for _, style in pairs} == {"noto", "twemoji"}


def test_emoji_have_names_keywords_and_groups(three):
    for part in three.values():
        assert part.pixels.shape[1:] == (3, 32, 32)
        assert all(part.captions) and all(part.extra["keywords"]) and all(part.extra["subgroups"])
        assert part.names[0] == "Smileys & Emotion" and part.labels.unique().numel() == len(part.names) == 8
    names = dict(zip(three["train"].extra["concepts"], three["train"].captions))
    assert names["1F600"] == "grinning face" and len(set(names.values())) == len(names)


def test_unseen_concepts_are_in_no_other_split(three):
    unseen = set(three["test"].extra["concepts"])
    assert not unseen & set(three["train"].extra["concepts"] + three["validation"].extra["concepts"])
    assert all(len(set(styles)) == 2 for styles in columns(three["test"], "concepts", "styles").values())


def test_pairs_held_out_are_seen_in_the_other_style_only(three):
    train = columns(three["train"], "concepts", "styles")
    for concept, styles in columns(three["validation"], "concepts", "styles").items():
        assert len(styles) == 1 and train[concept] == {"noto", "twemoji"} - styles


def test_every_group_of_emoji_is_held_out_in_proportion(three):
    counts = {split: part.labels.bincount(minlength=8).double() for split, part in three.items()}
    everything = sum(counts.values())
    assert ((counts["test"] / everything - 0.05).abs() < 0.01).all()
    assert ((counts["validation"] / everything - 0.05).abs() < 0.01).all()


def test_a_style_is_itself(three):
    """The red heart is one concept in two drawings: both mostly red, on white."""
    part = three["train"]
    hearts = part[[i for i, name in enumerate(part.captions) if name == "red heart"]]
    assert sorted(hearts.extra["styles"]) == ["noto", "twemoji"]
    assert (hearts.pixels[:, :, 0, 0] == 255).all()
    red, green, _ = hearts.pixels[:, :, 16, 16].unbind(1)
    assert (red > 180).all() and (green < 100).all()
    assert not torch.equal(hearts.pixels[0], hearts.pixels[1])


def test_conditions_are_style_subgroup_and_words(three):
    styles, groups, null = ["noto", "twemoji"], emoji.subgroups(), emoji.conditions_count()
    assert null == 2 + len(groups) + 1024 and len(groups) == len(set(groups))
    for part in three.values():
        labels = emoji.conditions(part)
        assert labels.shape == (len(part), 10) and labels.dtype == torch.int64
        assert 0 <= labels.min() and labels.max() == null
        assert [styles[i] for i in labels[:, 0]] == part.extra["styles"]
        assert [groups[i - 2] for i in labels[:, 1]] == part.extra["subgroups"]
        words = labels[:, 2:]
        empty = words == null
        assert torch.equal(empty, empty.cummax(1).values)  # words first, then places without one
        assert torch.equal((~empty).sum(1), torch.tensor([min(len(emoji.words(name)), 8) for name in part.captions]))
        assert words[~empty].min() >= 2 + len(groups) and words[~empty].max() < null


def test_conditions_of_one_emoji_spelt_out(three):
    part = three["train"]
    row = emoji.conditions(part[[part.captions.index("grinning face with big eyes")]])[0].tolist()
    first = 2 + len(emoji.subgroups())
    words = [first + emoji.bucket(word) for word in ("grinning", "face", "with", "big", "eyes")]
    assert row == [0, 2 + emoji.subgroups().index("face-smiling"), *words, *[emoji.conditions_count()] * 3]


def test_the_same_concept_has_the_same_words_in_both_styles(three):
    part = three["train"]
    hearts = emoji.conditions(part[[i for i, name in enumerate(part.captions) if name == "red heart"]])
    assert hearts[0, 0] != hearts[1, 0] and torch.equal(hearts[0, 1:], hearts[1, 1:])


@quick
@given(st.text(max_size=20))
def test_words_are_small_letters_and_numbers_in_a_fixed_bucket(name):
    for word in emoji.words(name):
        assert word.isalnum() and word.isascii() and word == word.lower()
        assert 0 <= emoji.bucket(word) < emoji.BUCKETS
    assert emoji.words(name.upper()) == emoji.words(name.upper().lower())


def test_buckets_do_not_change_from_run_to_run():
    assert emoji.words("Man: light-skin tone, 2 o’clock") == ["man", "light", "skin", "tone", "2", "o", "clock"]
    assert [emoji.bucket(word) for word in ("cat", "face", "123456789")] == [
        936,
        871,
        0xCBF43926 % 1024,
    ]  # CRC-32 of the standard


def test_what_turns_or_can_be_read_is_never_mirrored(three):
    free = {}
    for part in three.values():
        free |= {name: emoji.mirrors(part, i) for i, name in enumerate(part.captions)}
        assert not any(
            emoji.mirrors(part, i)
            for i, label in enumerate(part.labels.tolist())
            if part.names[label] in ("Symbols", "Flags")
        )
    assert not any(free[name] for name in free if {"left", "right"} & set(emoji.words(name)))
    assert not any(free[name] for name in free if "o’clock" in name or name.endswith("o'clock") or "clock" in name)
    for name in ("grinning face", "cat face", "red apple", "automobile"):
        assert free[name], name
    assert 0.5 < sum(free.values()) / len(free) < 0.95


def columns(part: Pictures, key: str, value: str) -> dict[str, set]:
    out = collections.defaultdict(set)
    for k, v in zip(part.extra[key], part.extra[value]):
        out[k].add(v)
    return out


# Damage


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    """A copy of the shipped validation files, to be damaged."""
    real = runtime.data_dir()
    shutil.copytree(real / "fashion", tmp_path / "fashion", ignore=lambda _, names: [n for n in names if n[0] != "v"])
    known = {name: sha for name, sha in files.checksums().items() if name.startswith("fashion/validation")}
    (tmp_path / "checksums.json").write_text(json.dumps(known), encoding="utf-8")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    load("fashion", "validation")
    return tmp_path / "fashion" / "validation-pixels.idx.xz"


def flip(raw: bytes) -> bytes:
    return raw[:5000] + bytes([raw[5000] ^ 16]) + raw[5001:]


@pytest.mark.parametrize("harm", [lambda raw: raw[:-100], flip, lambda raw: b"", lambda raw: raw + b"\0"])
def test_an_altered_file_is_one_clear_error(damaged, harm):
    damaged.write_bytes(harm(damaged.read_bytes()))
    with pytest.raises(ValueError, match=r"validation-pixels.idx.xz is cut or altered.*git checkout -- data/fashion"):
        load("fashion", "validation")
    assert [name for name, ok, _ in files.verify() if not ok] == ["fashion/validation-pixels.idx.xz"]


def test_a_missing_file_is_one_clear_error(damaged):
    damaged.unlink()
    with pytest.raises(FileNotFoundError, match=r"validation-pixels.idx.xz is missing. Get it back with `git checkout"):
        load("fashion", "validation")
    assert "missing" in dict((name, message) for name, _, message in files.verify())["fashion/" + damaged.name]


def test_a_missing_or_damaged_list_of_checksums_is_one_clear_error(damaged):
    listed = damaged.parent.parent / "checksums.json"
    listed.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"checksums.json is damaged .*git checkout"):
        load("fashion", "validation")
    listed.unlink()
    with pytest.raises(FileNotFoundError, match=r"checksums.json is missing.*COURSE_DATA"):
        load("fashion", "validation")


def test_a_file_that_is_not_listed_is_not_read(damaged):
    (damaged.parent / "stray.idx.xz").write_bytes(b"anything")
    with pytest.raises(ValueError, match="stray.idx.xz is not listed"):
        files.shipped("fashion/stray.idx.xz")


def test_record_notes_a_rewritten_file(damaged):
    damaged.write_bytes(b"new")
    record(damaged)
    assert files.shipped("fashion/" + damaged.name) == b"new"
    assert len(files.checksums()) == 3


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "file"
    files.write(target, b"old")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", stop)
    with pytest.raises(KeyboardInterrupt):
        files.write(target, b"new")
    assert target.read_bytes() == b"old" and left_in(tmp_path) == ["file"]


# Downloads

BODY = gzip.compress(bytes(range(256)) * 400, mtime=0)
PLAIN = gzip.decompress(BODY)


def remote(address: str, checksum: str = f"sha256:{files.sha256(PLAIN)}") -> download.Remote:
    return download.Remote(f"{address}/thing.gz", "things", checksum)


def test_a_download_is_fetched_once_and_kept(cache):
    with serving({"thing.gz": BODY}) as (address, asked):
        assert download.content(remote(address)) == download.content(remote(address)) == PLAIN
    assert asked == ["thing.gz"] and left_in(cache) == ["thing.gz"]


@pytest.mark.parametrize("trouble", ["cut", "corrupt", "500"])
def test_a_download_is_tried_again(cache, trouble):
    with serving({"thing.gz": BODY}, [trouble, trouble]) as (address, asked):
        assert download.content(remote(address)) == PLAIN
    assert len(asked) == 3 and left_in(cache) == ["thing.gz"]


@pytest.mark.parametrize(
    ("trouble", "why"),
    [("cut", "the connection breaks off"), ("corrupt", "the wrong checksum"), ("500", "the server answers 500")],
)
def test_a_download_that_always_fails_says_what_to_do_and_leaves_nothing(cache, trouble, why):
    with serving({"thing.gz": BODY}, [trouble] * 9) as (address, asked):
        with pytest.raises(ConnectionError, match="Could not download thing.gz") as error:
            download.content(remote(address))
    assert len(asked) == 1 + download.RETRIES and left_in(cache) == []
    for part in (address, why, str(cache / "things"), "by hand"):
        assert part in str(error.value)


def test_offline_is_one_clear_sentence(cache):
    address = nobody_there()
    with pytest.raises(ConnectionError, match="no connection to the server") as error:
        download.content(remote(address))
    assert f"{address}/thing.gz" in str(error.value) and str(error.value).count(". ") == 0
    assert error.value.__cause__ is None and error.value.__suppress_context__
    assert left_in(cache) == []


def test_the_pauses_between_attempts_grow(cache, monkeypatch):
    pauses = []
    monkeypatch.setattr("pooch.core.time.sleep", pauses.append)
    with pytest.raises(ConnectionError):
        download.content(remote(nobody_there()))
    assert pauses == [1, 2, 3]


def test_a_damaged_file_in_the_cache_is_fetched_again(cache):
    files.write(cache / "things" / "thing.gz", BODY[:-9])
    with serving({"thing.gz": BODY}) as (address, asked):
        assert download.content(remote(address)) == PLAIN
    assert len(asked) == 1


@pytest.mark.parametrize(("name", "raw"), [("thing", PLAIN), ("thing.gz", gzip.compress(PLAIN, 1))])
def test_a_file_put_by_hand_counts_by_its_content(cache, name, raw):
    files.write(cache / "things" / name, raw)
    assert download.content(remote(nobody_there())) == PLAIN


def test_a_file_that_is_not_compressed_is_verified_too(cache):
    with serving({"thing.txt": b"wrong"}) as (address, _):
        with pytest.raises(ConnectionError, match="wrong checksum"):
            download.content(download.Remote(f"{address}/thing.txt", "things", f"sha256:{files.sha256(b'right')}"))
    assert left_in(cache) == []


def test_the_cache_is_filled_from_a_folder(cache, tmp_path):
    stick = tmp_path / "stick"
    files.write(stick / "thing", PLAIN)
    files.write(stick / "holiday.txt", b"not ours")
    other = remote("http://x", "sha256:" + "0" * 64)  # another set, whose file has the same name
    assert fill_cache(stick, [other, remote("http://x")]) == [cache / "things" / "thing"]
    assert download.content(remote(nobody_there())) == PLAIN


def test_the_cache_refuses_other_files(cache, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds none of thing.gz"):
        fill_cache(tmp_path / "nowhere", [remote("http://x")])
    files.write(tmp_path / "stick" / "thing.gz", BODY[:-1])
    with pytest.raises(ValueError, match="thing.gz is not the official file"):
        fill_cache(tmp_path / "stick", [remote("http://x")])
    assert not cache.exists()


# Sets that are downloaded, tried on small ones of the same form


def publish(monkeypatch, address: str, module, tensors: list[torch.Tensor]) -> dict[str, bytes]:
    """Let `module` fetch `tensors` under its official names from `address`: what to serve there."""
    served, fakes = {}, []
    for official, tensor in zip(module.OFFICIAL, tensors):
        name, raw = official.places[0].name, to_idx(tensor)
        served[name] = gzip.compress(raw, mtime=0)
        fakes.append(download.Remote(f"{address}/{name}", official.folder, f"sha256:{files.sha256(raw)}"))
    monkeypatch.setattr(module, "OFFICIAL", fakes)
    return served


def test_full_fashion_is_the_official_file_without_validation(cache, monkeypatch):
    everything = torch.arange(60_000)
    tensors = [(everything % 251).to(torch.uint8).view(-1, 1, 1), (everything % 10).to(torch.uint8)]
    contents = {}
    with serving(contents, ["500"]) as (address, asked):
        contents |= publish(monkeypatch, address, fashion, tensors)
        pictures = load("fashion", full=True)
        assert len(asked) == 3
    rest = torch.ones(60_000, dtype=torch.bool)
    rest[fashion.indices("validation")] = False
    assert len(pictures) == 58_000
    assert torch.equal(pictures.pixels.flatten().long(), everything[rest] % 251)
    assert torch.equal(pictures.labels, everything[rest] % 10)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_full_fashion_keeps_validation_and_test(split):
    assert torch.equal(load("fashion", split, full=True).pixels, load("fashion", split).pixels)


def test_mnist_trains_on_grey_and_measures_on_one_draw(cache, monkeypatch):
    grey = torch.arange(10 * 784).remainder(256).to(torch.uint8).view(10, 28, 28)
    labels = torch.arange(10, dtype=torch.uint8)
    contents = {}
    monkeypatch.setattr(mnist, "TRAIN", 7)
    with serving(contents) as (address, asked):
        contents |= publish(monkeypatch, address, mnist, [grey, labels, grey[:4], labels[:4]])
        train, validation, test = (load("mnist-binary", split) for split in mnist.SPLITS)
        again = load("mnist-binary", "test")
    assert len(asked) == 4
    assert torch.equal(train.pixels[:, 0], grey[:7]) and train.labels.tolist() == list(range(7))
    assert validation.labels.tolist() == [7, 8, 9] and test.labels.tolist() == [0, 1, 2, 3]
    for part in (validation, test):
        assert part.pixels.unique().tolist() == [0, 255]
    assert torch.equal(test.pixels, again.pixels)
    # The draw of the test set must never change: published numbers stand on it.
    assert files.sha256(test.pixels.numpy().tobytes())[:16] == "42f4f7193546b5c0"


def test_binarising_draws_each_pixel_with_its_own_chance():
    levels = torch.arange(256, dtype=torch.uint8)
    n = 4000
    draws = mnist.binarise(levels.expand(n, 256), torch.Generator().manual_seed(0))
    assert draws.unique().tolist() == [0, 255] and draws.dtype == torch.uint8
    assert (draws[:, 0] == 0).all() and (draws[:, 255] == 255).all()
    chance = levels.double() / 255
    sigma = (chance * (1 - chance) / n).sqrt()
    assert ((draws.double().mean(0) / 255 - chance).abs() <= 4.5 * sigma + 1e-12).all()  # 256 checks: 1 in 600 fails
    same = mnist.binarise(levels, torch.Generator().manual_seed(5))
    assert torch.equal(same, mnist.binarise(levels, torch.Generator().manual_seed(5)))
    with pytest.raises(ValueError, match="pixels must be uint8"):
        mnist.binarise(levels.float())


def archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, body in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


def photographs(start: int, n: int = 20) -> bytes:
    """`n` rows as in CIFAR-10: label i mod 10, then red = start + i, green = 1, blue = 2."""
    planes = [np.repeat(np.uint8([start + i, 1, 2]), 1024) for i in range(n)]
    return b"".join(bytes([i % 10]) + plane.tobytes() for i, plane in enumerate(planes))


def put_cifar(cache, monkeypatch, body: bytes) -> None:
    fake = download.Remote(cifar.ARCHIVE.url, "cifar10", f"md5:{hashlib.md5(body).hexdigest()}")
    monkeypatch.setattr(cifar, "ARCHIVE", fake)
    monkeypatch.setattr(cifar, "HELD", 1)
    files.write(fake.places[0], body)


def test_cifar_is_read_from_its_archive(cache, monkeypatch):
    folder = "cifar-10-batches-bin"
    members = {f"{folder}/data_batch_{i}.bin": photographs(20 * (i - 1)) for i in range(1, 6)}
    members |= {f"{folder}/test_batch.bin": photographs(200), "../outside.bin": b"never unpacked"}
    put_cifar(cache, monkeypatch, archive(members))
    train, validation, test = (load("cifar10", split) for split in cifar.SPLITS)
    assert [len(train), len(validation), len(test)] == [90, 10, 20]
    assert train.pixels[:, 0, 0, 0].tolist() == list(range(90))  # in official order
    assert validation.pixels[:, 0, 5, 6].tolist() == list(range(90, 100))  # the last of each class
    assert test.pixels[3, :, 31, 31].tolist() == [203, 1, 2] and test.labels[:12].tolist() == [*range(10), 0, 1]
    assert left_in(cache) == [cifar.ARCHIVE.places[0].name]


def test_another_archive_is_no_cifar(cache, monkeypatch):
    put_cifar(cache, monkeypatch, archive({"cifar-10-batches-bin/test_batch.bin": photographs(0)}))
    cifar.ARCHIVE.places[0].write_bytes(archive({"other.bin": b""}))
    monkeypatch.setattr(
        cifar,
        "ARCHIVE",
        download.Remote(f"{nobody_there()}/{cifar.ARCHIVE.places[0].name}", "cifar10", cifar.ARCHIVE.checksum),
    )
    with pytest.raises(ConnectionError, match="put the file into .*cifar10 by hand"):
        load("cifar10", "test")


def test_official_sources_are_complete():
    for name, module in SETS.items():
        for source in getattr(module, "OFFICIAL", []):
            assert source.url.startswith("http") and source.checksum, f"{name}: {source.url} has no checksum"
    homes = [source.places[-1] for module in SETS.values() for source in getattr(module, "OFFICIAL", [])]
    assert len(homes) == len(set(homes))


# Asking for them


@quick
@given(st.text(max_size=12).filter(lambda name: name not in SETS))
def test_an_unknown_set_is_told_the_known_ones(name):
    with pytest.raises(ValueError, match="is not a set of pictures. Choose one of fashion, emoji"):
        load(name)


@quick
@given(st.sampled_from(sorted(SETS)), st.text(max_size=12).filter(lambda split: split not in fashion.SPLITS))
def test_an_unknown_split_is_told_the_known_ones(name, split):
    assume(split not in SETS[name].SPLITS)
    with pytest.raises(ValueError, match=f"split=.* Choose one of {', '.join(SETS[name].SPLITS)}"):
        load(name, split)


# Pictures


@quick
@given(st.data())
def test_indexing_picks_the_same_rows_of_every_column(data):
    n = data.draw(st.integers(0, 7))
    index = data.draw(
        st.slices(n)
        | (st.lists(st.integers(-n, n - 1)) if n else st.just([]))
        | st.lists(st.booleans(), min_size=n, max_size=n).map(lambda mask: torch.tensor(mask, dtype=torch.bool))
    )
    pictures = few(n)
    picked = pictures[index]
    plain = np.array(index, int) if isinstance(index, list) else index
    plain = plain.numpy() if isinstance(plain, torch.Tensor) else plain
    rows = np.arange(n)[plain]
    assert picked.extra["numbers"] == rows.tolist() == picked.pixels[:, 0, 0, 0].tolist()
    assert picked.captions == [str(i) for i in rows] and len(picked) == len(rows)
    assert picked.labels.tolist() == (rows % 3).tolist() and picked.names == pictures.names


def test_a_number_picks_one_picture():
    assert few()[2].extra["numbers"] == few()[-3].extra["numbers"] == few()[np.int64(2)].extra["numbers"] == [2]
    assert len(list(few())) == 5


@pytest.mark.parametrize("index", [5, -6, [0, 9]])
def test_an_index_out_of_range_says_so(index):
    with pytest.raises(IndexError, match="there are 5 pictures"):
        few()[index]


@pytest.mark.parametrize("index", ["two", 1.5, None, torch.zeros(2, 2, dtype=torch.int64), [True], torch.zeros(3)])
def test_an_index_of_another_kind_is_refused(index):
    with pytest.raises(IndexError, match="index"):
        few()[index]


def test_floats_run_from_minus_one_to_one():
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    floats = Pictures(pixels, torch.zeros(1).long(), names=["ramp"]).floats()
    assert floats.dtype == torch.float32 and floats.min() == -1 and floats.max() == 1
    assert torch.equal(((floats + 1) * 127.5).round().to(torch.uint8), pixels)


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"pixels": torch.zeros(5, 3, 2, 2)}, "pixels must be a uint8 tensor, got torch.float32"),
        ({"pixels": np.zeros((5, 3, 2, 2), np.uint8)}, "pixels must be a uint8 tensor"),
        ({"pixels": torch.zeros(5, 2, 2, dtype=torch.uint8)}, r"pixels must have shape \[N, C, H, W\]"),
        ({"pixels": torch.zeros(5, 4, 2, 2, dtype=torch.uint8)}, "with 1 or 3 channels"),
        ({"labels": torch.zeros(5)}, "labels must be a tensor of whole numbers, got torch.float32"),
        ({"labels": torch.zeros(4).long()}, r"labels must have shape \[5\]"),
        ({"labels": torch.tensor([0, 1, 2, 3, 0])}, "labels run from 0 to 3, but names lists 3"),
        ({"labels": torch.tensor([0, 1, 2, -1, 0])}, "labels run from -1"),
        ({"captions": ["one"]}, "captions has 1 entries for 5 pictures"),
        ({"extra": {"styles": []}}, r"extra\['styles'\] has 0 entries"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(changes, argument):
    whole = few()
    columns = {key: getattr(whole, key) for key in ("pixels", "labels", "captions", "names", "extra")}
    with pytest.raises(ValueError, match=argument):
        Pictures(**columns | changes)


# The IDX format


@quick
@given(st.lists(st.integers(0, 4), min_size=1, max_size=3), st.booleans(), st.integers(0, 2**32 - 1))
def test_idx_there_and_back(shape, wide, seed):
    generator = torch.Generator().manual_seed(seed)
    high, kind = (2**31, torch.int64) if wide else (256, torch.uint8)
    tensor = torch.randint(high, shape, generator=generator).to(kind)
    assert torch.equal(files.idx(to_idx(tensor)), tensor)
