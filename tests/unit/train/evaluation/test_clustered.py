"""Several films of one baby prove no more than one: bundles are compared over babies."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from tests.unit.train.evaluation.made_up import made_results
from train.evaluation.comparison import MARGINS, compare_bundles
from train.evaluation.results import FilmResult
from train.evaluation.statistics.bootstrap import patient_bootstrap
from train.evaluation.statistics.clustered import BOOTSTRAP, Patients, auroc_tests, share_tests, widest
from train.evaluation.statistics.delong import areas_and_covariance, compare_auroc
from train.evaluation.statistics.proportions import mcnemar_exact
from train.evaluation.statistics.values import Comparison

Answers = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]
SEEDS = st.integers(0, 10_000)
JUDGED = ("auroc", "accuracy", "sensitivity", "specificity")
BABIES, FILMS = 100, 4


def _one_film_each(seed: int, skill: float = 2.0) -> list[FilmResult]:
    results = made_results(40, seed=seed, skill=skill)
    return [replace(one, known=replace(one.known, patient=one.known.film)) for one in results]


def _copied(results: list[FilmResult], times: int) -> list[FilmResult]:
    return [
        replace(one, known=replace(one.known, film=f"{one.known.film} {copy}"))
        for one in results
        for copy in range(times)
    ]


def _answers(seed: int, babies: int = 60) -> Answers:
    """Films of both classes, of as many babies, judged by two methods."""
    rng = np.random.default_rng(seed)
    truth = np.arange(babies) % 2 == 0
    seen = rng.normal(0, 1, babies) + truth
    return truth, seen + rng.normal(0, 0.5, babies), seen + rng.normal(0, 0.7, babies)


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.integers(2, 5))
def test_copies_of_films_never_make_an_interval_narrower(seed: int, times: int) -> None:
    first, second = _one_film_each(seed), _one_film_each(seed + 1, skill=1.5)
    once = compare_bundles(first, second, (0.5, 0.4), repeats=50)
    often = compare_bundles(_copied(first, times), _copied(second, times), (0.5, 0.4), repeats=50)
    for one, more in zip(once[: len(JUDGED)], often, strict=False):
        assert more.figure == one.figure
        assert more.result.difference == pytest.approx(one.result.difference)
        assert more.result.low <= one.result.low + 1e-9
        assert more.result.high >= one.result.high - 1e-9


def test_with_one_film_a_baby_nothing_changes() -> None:
    first, second = _one_film_each(1), _one_film_each(2, skill=1.0)
    truth = [bool(one.known.rds) for one in first]
    scores = [[one.said.probability or 0.0 for one in films] for films in (first, second)]
    right = [(np.array(values) >= 0.5) == truth for values in scores]
    found = {one.figure: one for one in compare_bundles(first, second, (0.5, 0.5), repeats=50)}
    assert [found[figure].test for figure in JUDGED] == ["DeLong", *["McNemar, exact"] * 3]
    assert found["auroc"].result == compare_auroc(truth, scores[0], scores[1])
    assert found["sensitivity"].result == mcnemar_exact(right[0][truth], right[1][truth])


def test_the_test_that_gave_the_bounds_is_named() -> None:
    first, second = (_copied(_one_film_each(seed), 3) for seed in (3, 4))
    found = {one.figure: one for one in compare_bundles(first, second, (0.5, 0.5), repeats=200)}
    assert all(found[figure].test.endswith("over patients") for figure in JUDGED)
    assert found["sensitivity"].margin == MARGINS["sensitivity"]
    assert found["accuracy"].margin is None


@settings(deadline=None, max_examples=30)
@given(SEEDS)
def test_over_patients_is_over_films_where_each_has_one(seed: int) -> None:
    truth, a, b = _answers(seed)
    each = Patients(range(len(truth)), repeats=10)
    areas, by_film = auroc_tests(truth, a, b, each)["DeLong over patients"], compare_auroc(truth, a, b)
    assert (areas.low, areas.high, areas.p) == pytest.approx((by_film.low, by_film.high, by_film.p))
    shares, right = share_tests(a > 1, b > 1, each)["Bonett-Price over patients"], mcnemar_exact(a > 1, b > 1)
    assert (shares.low, shares.high) == pytest.approx((right.low, right.high))


def test_the_bootstrap_is_that_of_any_figure() -> None:
    truth, a, b = _answers(7, babies=150)
    whose = (np.arange(150) // 4).tolist()

    def more(rows: NDArray[np.intp]) -> float:
        areas, _ = areas_and_covariance(truth[rows], [a[rows], b[rows]])
        return float(areas[0] - areas[1])

    fast = auroc_tests(truth, a, b, Patients(whose, repeats=4000))[BOOTSTRAP]
    slow = patient_bootstrap(more, whose, repeats=1000, seed=1)
    assert (fast.difference, fast.low, fast.high) == pytest.approx(
        (slow.value, slow.low, slow.high), abs=0.005
    )


def test_babies_with_films_of_both_classes_are_taken_together() -> None:
    truth, a, b = _answers(8, babies=800)
    tests = auroc_tests(truth, a, b, Patients((np.arange(800) // 4).tolist()))
    by_formula, drawn = tests.values()
    assert (by_formula.low, by_formula.high) == pytest.approx((drawn.low, drawn.high), abs=0.003)


def test_without_a_class_or_a_film_nothing_is_told() -> None:
    nobody = Patients(["a", "a"])
    assert auroc_tests([1, 1], [0.2, 0.3], [0.4, 0.5], nobody) == {}
    assert share_tests([], [], Patients([])) == {}


def test_the_widest_interval_and_the_largest_p_count() -> None:
    tests = {"a": Comparison(0.1, -0.1, 0.2, 0.3), "b": Comparison(0.1, -0.2, 0.1, 0.4)}
    assert widest(tests) == ("b and a", Comparison(0.1, -0.2, 0.2, 0.4))
    assert widest({"a": tests["a"]}) == ("a", tests["a"])
    assert widest(tests | {"c": Comparison(0.1, 0.0, 0.1, math.nan)}) == widest(tests)


def _passes(
    answers: Callable[[np.random.Generator], tuple[Comparison, Comparison]], margin: float
) -> list[float]:
    """How often a bundle passes that is just too bad: over films, and as it is done."""
    runs = [answers(np.random.default_rng(run)) for run in range(300)]
    return [float(np.mean([one[i].low > -margin for one in runs])) for i in (0, 1)]


def _whose() -> Patients:
    return Patients(np.repeat(np.arange(BABIES), FILMS).tolist(), repeats=300)


def test_alike_films_let_no_worse_sensitivity_pass() -> None:
    def one(rng: np.random.Generator) -> tuple[Comparison, Comparison]:
        chance = np.repeat(rng.random(BABIES), FILMS)
        new, old = chance >= 0.04, (chance < 0.04) | (chance >= 0.05)  # 4 % lost, 1 % won
        films = mcnemar_exact(new, old)
        return films, widest({"": films, **share_tests(new, old, _whose())})[1]

    over_films, over_babies = _passes(one, 0.03)
    assert over_films > 0.12
    assert over_babies <= 0.04


def test_alike_films_let_no_worse_area_pass() -> None:
    apart = [float(norm.ppf(area)) * 2**0.5 for area in (0.88, 0.90)]

    def one(rng: np.random.Generator) -> tuple[Comparison, Comparison]:
        truth, seen = rng.random(BABIES) < 0.4, rng.normal(0, 0.8**0.5, BABIES)
        new, old = (seen + rng.normal(0, 0.2**0.5, BABIES) + shift * truth for shift in apart)
        asked = [np.repeat(values, FILMS) for values in (truth, new, old)]
        films = compare_auroc(*asked)
        return films, widest({"": films, **auroc_tests(*asked, _whose())})[1]

    over_films, over_babies = _passes(one, 0.02)
    assert over_films > 0.12
    assert over_babies <= 0.05
