"""Subgroups, shortcuts and comparisons tell planted differences from none."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.train.evaluation.made_up import made_overlap, made_results
from train.errors import UnusableIndex
from train.evaluation.comparison import compare_bundles
from train.evaluation.results import FilmResult
from train.evaluation.shortcuts import baseline_rows, lungs_removed_row, shuffled_row, swapped_row
from train.evaluation.statistics.delong import compare_auroc
from train.evaluation.subgroups import subgroup_figures


def test_groups_are_those_registered_and_hold_every_film_once() -> None:
    results = made_results(80)
    groups = subgroup_figures(results, 0.5, repeats=20)

    names = list(dict.fromkeys(one.grouping for one in groups))
    assert names == ["gestational age, weeks", "age, days", "sex", "lung area found", "stored"]
    for name in names:
        assert sum(one.films for one in groups if one.grouping == name) == 80
    weeks = [one.group for one in groups if one.grouping == names[0]]
    assert weeks == ["<28", "28-31", "32-36", "≥37"]
    assert {one.group for one in groups if one.grouping == "sex" and one.positives} == {"M"}


@pytest.mark.parametrize(
    ("weeks", "group"), [("27.99", "<28"), ("28", "28-31"), ("36.9", "32-36"), ("37", "≥37"), ("x", None)]
)
def test_bounds_belong_to_the_upper_group(weeks: str, group: str | None) -> None:
    first, *others = made_results(30)
    changed = replace(first, known=replace(first.known, attributes={"weeks": weeks}))
    before = {
        one.group: one.films for one in subgroup_figures(others, 0.5, repeats=10) if "gest" in one.grouping
    }
    after = {
        one.group: one.films
        for one in subgroup_figures([changed, *others], 0.5, repeats=10)
        if "gest" in one.grouping
    }

    assert {name for name in after if after[name] != before[name]} == ({group} if group else set())


def test_small_groups_are_marked() -> None:
    groups = subgroup_figures(made_results(50), 0.5, repeats=10)

    assert {one.is_small for one in groups} == {True, False}
    assert all(one.is_small == (one.films < 20) for one in groups)


def test_a_classifier_that_only_measures_area_is_found_out() -> None:
    tested, validation = made_results(200), made_results(100, seed=1, split="val")
    by_area = [
        replace(
            one, said=replace(one.said, probability=float(np.clip(1 - (one.said.lung_mm2 or 0) / 3000, 0, 1)))
        )
        for one in tested
    ]

    def area_row(results: list[FilmResult]) -> bool | None:
        rows = {row.name: row for row in baseline_rows(results, validation)}
        assert rows["lung area in mm² alone"].auroc.value > 0.55
        return rows["lung area in mm² alone"].passed

    assert area_row(tested) is True
    assert area_row(by_area) is not True


def test_baselines_need_no_validation_where_their_direction_is_known() -> None:
    rows = baseline_rows(made_results(60), [])

    assert [row.name for row in rows] == ["lungs' part of the film alone"]


def test_what_is_left_without_lungs_is_told_from_nothing() -> None:
    tested = made_results(100)
    rng = np.random.default_rng(3)

    nothing = lungs_removed_row(tested, rng.random(100).tolist())
    same = lungs_removed_row(tested, [one.said.probability for one in tested])
    none = lungs_removed_row(tested, [None] * 100)

    assert (nothing.passed, same.passed, none.passed) == (True, False, None)
    assert same.against is not None
    assert same.against.difference == 0


def test_devices_that_mislead_are_found_paired_or_not() -> None:
    tested = made_results(100)
    misled = [
        replace(one, said=replace(one.said, probability=0.2 + 0.6 * (1 - (one.said.probability or 0))))
        for one in tested
    ]
    singles = [replace(one, known=replace(one.known, patient=f"p{i}")) for i, one in enumerate(tested)]
    twins = [replace(one, known=replace(one.known, patient=f"p{i}")) for i, one in enumerate(misled)]

    paired = swapped_row(singles, twins)
    apart = swapped_row(tested, made_results(100, seed=8, skill=-1))

    assert paired.passed is False
    assert apart.passed is False
    truth = [bool(one.known.rds) for one in tested]
    scores = [[one.said.probability or 0.0 for one in films] for films in (singles, twins)]
    assert paired.against == compare_auroc(truth, scores[0], scores[1])
    assert swapped_row(tested, made_results(100, seed=8)).passed is True


def test_shuffled_labels_leave_chance() -> None:
    skilled, unskilled = shuffled_row(made_results(100)), shuffled_row(made_results(100, skill=0.0))

    assert skilled.auroc.value == pytest.approx(0.5, abs=0.02)
    assert (skilled.passed, unskilled.passed) == (True, False)
    assert skilled.against is not None
    assert skilled.against.p == pytest.approx(1 / 1001)
    assert shuffled_row(made_results(100)) == skilled


def test_a_better_bundle_is_better_and_swapping_turns_the_sign() -> None:
    better, worse = made_results(200, skill=3.0), made_results(200, skill=0.3)
    worse = [replace(one, overlap=made_overlap(0.5 + 0.001 * i)) for i, one in enumerate(worse)]
    there = {one.figure: one for one in compare_bundles(better, worse, (0.5, 0.5), repeats=100)}
    back = {one.figure: one for one in compare_bundles(worse, better, (0.5, 0.5), repeats=100)}

    assert list(there) == ["auroc", "accuracy", "sensitivity", "specificity", "iou", "dice"]
    for figure, one in there.items():
        assert one.result.difference > 0
        assert one.result.difference == pytest.approx(-back[figure].result.difference)
        assert one.result.p < 0.01
    assert there["auroc"].is_not_inferior
    assert not back["auroc"].is_not_inferior
    assert there["accuracy"].is_not_inferior is None
    itself = compare_bundles(better, better, (0.5, 0.5), repeats=50)
    assert all(
        (one.result.p == 1 and one.is_not_inferior is not False) or one.figure == "sensitivity"
        for one in itself
    )


def test_bundles_are_compared_on_the_same_films_only() -> None:
    with pytest.raises(UnusableIndex, match="judged by one bundle only"):
        compare_bundles(made_results(5), made_results(4), (0.5, 0.5))
