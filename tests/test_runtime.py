"""runtime: device, precision, cores, seeds and budgets, each chosen by what is there or by the environment."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib import runtime

NAMES = ("COURSE_DEVICE", "COURSE_PRECISION", "COURSE_BUDGET")


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """A machine without accelerator and nothing asked for."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def homeless(monkeypatch):
    """A container that runs under a number that belongs to nobody."""

    for name in ("HOME", "USERPROFILE", "COURSE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # what it does there
    with pytest.raises(RuntimeError):
        Path.home()


def has_cuda(monkeypatch, capability=(8, 0)):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)


# Device and precision


def test_the_best_device_that_is_there_is_chosen(monkeypatch):
    assert runtime.device().type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert runtime.device().type == "mps"
    has_cuda(monkeypatch)
    assert runtime.device().type == "cuda"
    monkeypatch.setenv("COURSE_DEVICE", " CPU ")
    assert runtime.device().type == "cpu"


@pytest.mark.parametrize("value", ["tpu", "cuda:0", "0"])
def test_an_unknown_device_is_named_with_the_remedy(monkeypatch, value):
    monkeypatch.setenv("COURSE_DEVICE", value)
    with pytest.raises(ValueError, match=f"COURSE_DEVICE='{value}'.*one of cpu, cuda, mps"):
        runtime.device()


@pytest.mark.parametrize("value", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(monkeypatch, value):
    monkeypatch.setenv("COURSE_DEVICE", value)
    with pytest.raises(ValueError, match=f"COURSE_DEVICE='{value}'.*no such device.*Unset it"):
        runtime.device()


@pytest.mark.parametrize(
    ("capability", "dtype"), [((7, 5), torch.float16), ((8, 0), torch.bfloat16), ((9, 0), torch.bfloat16)]
)
def test_a_gpu_multiplies_in_what_it_has_in_hardware(monkeypatch, capability, dtype):
    has_cuda(monkeypatch, capability)
    assert runtime.precision()[0] == dtype


@pytest.mark.parametrize("has", ["_is_avx512_bf16_supported", "_is_amx_tile_supported", None])
def test_a_processor_takes_bf16_only_where_it_is_fast(monkeypatch, has):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda yes=name == has: yes, raising=False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    dtype, why = runtime.precision()
    assert dtype == (torch.bfloat16 if has else torch.float32)
    assert why


@pytest.mark.parametrize(
    ("name", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)]
)
def test_precision_can_be_asked_for_and_reaches_the_products(monkeypatch, name, dtype):
    monkeypatch.setenv("COURSE_PRECISION", name)
    assert runtime.precision()[0] == dtype
    ones = torch.ones(8, 8)
    with runtime.autocast():
        assert (ones @ ones).dtype == dtype
    assert (ones @ ones).dtype == torch.float32


def test_an_unknown_precision_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setenv("COURSE_PRECISION", "fp8")
    with pytest.raises(ValueError, match="COURSE_PRECISION='fp8'.*fp32, bf16, fp16"):
        runtime.precision()


# Cores


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("max 100000", 4), ("200000 100000", 2), ("50000 100000", 1), ("900000 100000", 4), ("nonsense", 4), (None, 4)],
)
def test_cores_are_those_this_process_may_use(monkeypatch, quota, cores):
    def read(path, *_, **__):
        if quota is None:
            raise FileNotFoundError(path)
        return quota

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(Path, "read_text", read)
    assert runtime.cores() == cores


@pytest.mark.parametrize(("asked", "threads"), [(None, 3), ("2", 2)])
def test_threads_are_the_cores_unless_fewer_were_asked_for(monkeypatch, asked, threads):
    before = torch.get_num_threads()
    try:
        monkeypatch.setattr(runtime, "cores", lambda: 3)
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        if asked:
            monkeypatch.setenv("OMP_NUM_THREADS", asked)
        torch.set_num_threads(2)
        runtime.setup()
        assert torch.get_num_threads() == threads
        torch.set_num_threads(5)  # more than there are
        runtime.setup()
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


# Randomness

draws = pytest.mark.parametrize("draw", [runtime.noise, runtime.uniforms])


@draws
@given(sizes=st.lists(st.integers(0, 4), min_size=1, max_size=4), seed=st.integers(0, 2**31))
def test_a_picture_gets_the_same_draw_in_any_batch(draw, sizes, seed):
    whole = draw(sum(sizes), (3, 5), torch.Generator().manual_seed(seed))
    generator = torch.Generator().manual_seed(seed)
    parts = [draw(size, (3, 5), generator) for size in sizes]
    assert torch.equal(torch.cat(parts), whole)
    assert len(whole.unique(dim=0)) == len(whole)  # and no two pictures share one


@given(st.one_of(st.integers(-(2**63), 2**64 - 1), st.sampled_from([0, 1, 2])), st.integers(0, 9))
def test_seeds_that_torch_takes_give_what_torch_gives(seed, step):
    wanted = torch.Generator().manual_seed(seed)
    assert runtime.generator(seed).initial_seed() == wanted.initial_seed() == runtime.seed(seed).initial_seed()
    assert torch.initial_seed() == wanted.initial_seed()
    assert torch.equal(torch.rand(3), torch.rand(3, generator=wanted))
    small = seed % 1000
    theirs = torch.Generator().manual_seed(small * 1_000_003 + step)
    assert runtime.generator(np.int16(small), step).initial_seed() == theirs.initial_seed()


def test_larger_seeds_have_streams_of_their_own():
    draws = [torch.rand(2, generator=runtime.generator(s)).tolist() for s in (0, 2**64, 2**80, 2**80 + 1, -(2**80))]
    assert len({*map(tuple, draws)}) == 5 and draws[2] == torch.rand(2, generator=runtime.seed(2**80)).tolist()
    assert len({runtime.generator(2**80, step).initial_seed() for step in range(9)}) == 9


@pytest.mark.parametrize("value", [0.5, "1", None, np.float32(1), torch.zeros(2)])
def test_a_seed_that_is_not_whole_is_named(value):
    for make in (runtime.seed, runtime.generator, runtime.whole):
        with pytest.raises(ValueError, match="^seed=.* must be a whole number"):
            make(value)


@pytest.mark.parametrize("draw", [runtime.noise, runtime.uniforms, lambda n, _, g: runtime.streams(n, g)])
def test_a_generator_that_is_none_is_named(draw):
    with pytest.raises(ValueError, match=r"^generator=0 must be a torch\.Generator: torch\.Generator\(\)\.manual_seed"):
        draw(2, (3,), 0)


@draws
def test_a_generator_of_ones_own_leaves_the_global_one_alone(draw):
    before = torch.get_rng_state()
    draw(3, (2,), torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), before)


def test_noise_is_standard_normal_and_uniforms_are_uniform():
    n = 40_000  # standard errors: 1 / sqrt(n) = 0.005 of the mean, 0.0035 of the deviation; five of them
    z = runtime.noise(4, (n // 4,), torch.Generator().manual_seed(0))
    assert abs(z.mean()) < 0.025 and abs(z.std() - 1) < 0.018
    u = runtime.uniforms(4, (n // 4,), torch.Generator().manual_seed(0))
    assert 0 <= u.min() and u.max() < 1
    assert abs(u.mean() - 0.5) < 0.0075 and abs(u.var() - 1 / 12) < 0.002


def test_draws_lie_where_and_as_they_are_wanted():
    assert runtime.noise(2, (3,), like=torch.zeros(1, dtype=torch.float64)).dtype == torch.float64
    assert runtime.noise(2, (3,), like=torch.device("cpu")).device.type == "cpu"
    assert runtime.noise(2, (3,)).device.type == runtime.device().type
    assert runtime.noise(0, (3, 4)).shape == (0, 3, 4)


def test_a_seed_repeats_initial_weights_and_draws():
    def everything():
        generator = runtime.seed(7)
        return torch.nn.Linear(3, 3).weight.detach(), torch.rand(3, generator=generator)

    for first, second in zip(everything(), everything()):
        assert torch.equal(first, second)


@pytest.mark.parametrize("wrong", [0, "7", torch.tensor(1)])
def test_a_generator_that_is_none_is_named_with_the_remedy(wrong):
    with pytest.raises(ValueError, match=r"generator=.* must be a torch.Generator: torch.Generator\(\)"):
        runtime.noise(2, (3,), wrong)


# Budgets and folders


def test_a_budget_is_a_fixed_number_of_steps(monkeypatch):
    assert runtime.budget(cpu=30, gpu=3000) == 30
    has_cuda(monkeypatch)
    assert runtime.budget(cpu=30, gpu=3000) == 3000
    monkeypatch.setenv("COURSE_BUDGET", "0.1")
    assert runtime.budget(cpu=30, gpu=3000) == 300
    monkeypatch.setenv("COURSE_BUDGET", "1e-9")
    assert runtime.budget(cpu=30, gpu=3000) == 1


@pytest.mark.parametrize("value", ["much", "-1", "0", "nan", "inf"])
def test_a_budget_that_is_no_number_is_named(monkeypatch, value):
    monkeypatch.setenv("COURSE_BUDGET", value)
    with pytest.raises(ValueError, match=f"COURSE_BUDGET='{value}' must be a number above 0"):
        runtime.budget(cpu=1, gpu=1)


def test_folders_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    assert runtime.data_dir() == tmp_path / "data" and runtime.cache_dir() == tmp_path / "cache"
    monkeypatch.delenv("COURSE_DATA")
    monkeypatch.delenv("COURSE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert runtime.data_dir() == runtime.ROOT / "data"
    assert runtime.cache_dir() == tmp_path / "pixels-tokens-noise"


FOLDERS = ("COURSE_DATA", "COURSE_CACHE", "XDG_CACHE_HOME")


@pytest.mark.parametrize("value", ["", "  "])
def test_what_is_set_to_nothing_is_not_set(monkeypatch, tmp_path, value):
    for name in (*NAMES, *FOLDERS):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert runtime.device().type == "cpu" and runtime.precision() and runtime.budget(cpu=30, gpu=3) == 30
    assert runtime.data_dir() == runtime.ROOT / "data"
    assert runtime.cache_dir() == tmp_path / ".cache" / "pixels-tokens-noise"


def test_a_tilde_is_the_home_folder_in_every_setting(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in FOLDERS:
        monkeypatch.setenv(name, f" ~/{name} ")
    assert runtime.data_dir() == tmp_path / "COURSE_DATA" and runtime.cache_dir() == tmp_path / "COURSE_CACHE"
    monkeypatch.delenv("COURSE_CACHE")
    assert runtime.cache_dir() == tmp_path / "XDG_CACHE_HOME" / "pixels-tokens-noise"


def test_without_a_home_the_cache_lies_where_it_was_asked_for_or_among_temporary_files(homeless, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert runtime.cache_dir() == tmp_path / ".cache" / "pixels-tokens-noise"
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "mine"))
    assert runtime.cache_dir() == tmp_path / "mine"
    monkeypatch.setenv("COURSE_CACHE", "~/mine")
    assert runtime.cache_dir() == tmp_path / "mine"


def test_a_generator_leaves_the_global_one_alone():
    before = torch.get_rng_state()
    drawn = torch.rand(3, generator=runtime.generator(5))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(drawn, torch.rand(3, generator=torch.Generator().manual_seed(5)))
