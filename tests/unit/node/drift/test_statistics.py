"""Drift is found where there is any, and seldom where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from node.drift.statistics import Limits, Sample, changes, holm

LIMITS = Limits(level=0.05, least_films=20, least_effect=0.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_is_that_of_an_independent_library(values: list[float]) -> None:
    assert holm(values) == pytest.approx(multipletests(values, method="holm")[1])


def _films(rng: np.random.Generator, count: int, shift: float = 0.0) -> dict[str, Sample]:
    """Fifteen features that depend on each other, and two of words."""
    common = rng.standard_normal(count)
    numbers: dict[str, Sample] = {
        f"number {i}": (0.7 * common + 0.7 * rng.standard_normal(count) + shift).tolist() for i in range(15)
    }
    words = {
        "vendor": rng.choice(["A", "B", "C"], count, p=[0.6, 0.3, 0.1]).tolist(),
        "rare": rng.choice(["x", "y"], count, p=[0.97, 0.03]).tolist(),
    }
    return {**numbers, **words}


def test_windows_without_change_seldom_raise_an_alarm() -> None:
    rng = np.random.default_rng(1)
    windows = 300
    alarms = sum(
        any(change.is_alarm for change in changes(_films(rng, 200), _films(rng, 40), LIMITS))
        for _ in range(windows)
    )
    # Of 300 windows at most 15 are expected; more than 25 happen by chance once in 200 times.
    assert alarms <= 25


def _words(rng: np.random.Generator, count: int) -> dict[str, Sample]:
    """Words of which none is frequent."""
    return {
        "models": rng.choice(list("ABCDEF"), count).tolist(),
        "rare": rng.choice(["x", "y"], count, p=[0.999, 0.001]).tolist(),
        "many": rng.integers(0, 100, count).astype(str).tolist(),
    }


@pytest.mark.parametrize("films", [20, 30])
def test_windows_of_a_few_films_with_sparse_words_seldom_raise_an_alarm(films: int) -> None:
    rng = np.random.default_rng(films)
    windows = 400
    alarms = sum(
        any(change.is_alarm for change in changes(_words(rng, 2000), _words(rng, films), LIMITS))
        for _ in range(windows)
    )
    # Of 400 windows at most 20 are expected; more than 32 happen by chance once in 200 times.
    assert alarms <= 32


@pytest.mark.parametrize("level", [0.01, 0.001])
@pytest.mark.parametrize("models", ["ABCD", "ABCDEF"])
@pytest.mark.parametrize("films", [20, 30])
@pytest.mark.parametrize("now", ["N", "A"], ids=["a new model", "one of the known models"])
def test_a_window_of_one_model_is_found_where_many_were_as_frequent(
    level: float, models: str, films: int, now: str
) -> None:
    rng = np.random.default_rng(4)
    reference: dict[str, Sample] = {f"number {i}": rng.standard_normal(2000).tolist() for i in range(20)}
    window: dict[str, Sample] = {f"number {i}": rng.standard_normal(films).tolist() for i in range(20)}
    reference["model"], window["model"] = list(models) * (2000 // len(models)), [now] * films
    found = changes(reference, window, Limits(level=level))
    assert [change.feature for change in found if change.is_alarm] == ["model"]
    assert changes(reference, window, Limits(level=level)) == found


def test_two_models_in_place_of_six_are_found() -> None:
    (change,) = changes({"model": list("ABCDEF") * 300}, {"model": list("AB") * 10}, Limits())
    assert change.is_alarm


def test_words_that_never_come_twice_are_no_change() -> None:
    serials = [str(number) for number in range(2020)]
    (change,) = changes({"serial": serials[:2000]}, {"serial": serials[2000:]}, LIMITS)
    assert (change.effect, change.p) == (pytest.approx(1.0), 1.0)


def test_a_large_change_is_found_and_named_first() -> None:
    rng = np.random.default_rng(2)
    reference, window = _films(rng, 200), _films(rng, 40)
    window["number 3"] = [float(value) + 2.0 for value in window["number 3"]]
    window["vendor"] = ["D"] * 40
    found = [change for change in changes(reference, window, LIMITS) if change.is_alarm]
    assert {change.feature for change in found} == {"number 3", "vendor"}
    vendor = next(change for change in found if change.feature == "vendor")
    assert vendor.effect == pytest.approx(1.0)
    assert vendor.before.startswith("A (")
    assert vendor.now == "D (100 %)"


def test_a_certain_trifle_is_no_alarm() -> None:
    rng = np.random.default_rng(3)
    before, now = rng.standard_normal(20_000), rng.standard_normal(20_000) + 0.1
    (change,) = changes(
        {"x": before.tolist()}, {"x": now.tolist()}, Limits(level=0.01, least_films=20, least_effect=0.2)
    )
    assert change.p < 1e-6
    assert not change.is_alarm


@pytest.mark.parametrize(("before", "now"), [(19, 100), (100, 19), (0, 100)])
def test_of_few_films_nothing_is_said(before: int, now: int) -> None:
    assert changes({"x": [1.0] * before}, {"x": [2.0] * now}, LIMITS) == []


def test_a_feature_that_never_varies_is_like_itself() -> None:
    (number, word) = changes({"n": [1.0] * 30, "w": ["a"] * 30}, {"n": [1.0] * 30, "w": ["a"] * 30}, LIMITS)
    assert (number.p, number.effect, word.p, word.effect) == (1.0, 0.0, 1.0, 0.0)
