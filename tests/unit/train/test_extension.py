"""Films go on below their lower edge as tissue that is no lung."""

import pytest

from train.extension import continue_below

torch = pytest.importorskip("torch")


def _films(count: int, *, lung_to: int) -> "torch.Tensor":
    """A grey body on black from row 8 to 55, and one lung in it."""
    planes = torch.zeros(count, 3, 64, 64)
    planes[:, 0, 8:56, 12:52] = 0.6
    planes[:, 0, 16:lung_to, 20:40] = 0.2
    planes[:, 1, 16:lung_to, 20:40] = 1
    return planes


def _seeded() -> "torch.Generator":
    return torch.Generator().manual_seed(0)


def test_the_film_goes_on_to_the_lower_edge_and_the_lung_does_not() -> None:
    films = _films(6, lung_to=40)

    longer = continue_below(films, 1.0, _seeded())

    assert (longer[:, 0, -1].amax(1) > 0.3).all()
    assert (films[:, 0, -1] == 0).all()
    areas, before = longer[:, 1].sum((1, 2)), films[:, 1].sum((1, 2))
    assert ((areas > 0.3 * before) & (areas < before)).all()
    assert (longer[:, 1, -8:] == 0).all()
    assert longer.min() >= 0
    assert longer.max() <= 1


def test_a_film_that_cuts_the_lung_stays_as_it_is() -> None:
    cut = _films(4, lung_to=56)

    assert torch.equal(continue_below(cut, 1.0, _seeded()), cut)


def test_the_share_decides_how_many_go_on_and_the_generator_which() -> None:
    films = _films(200, lung_to=40)

    longer = continue_below(films, 0.3, _seeded())

    changed = (longer != films).flatten(1).any(1).float().mean()
    assert 0.2 < changed < 0.4
    assert torch.equal(longer, continue_below(films, 0.3, _seeded()))
    assert torch.equal(continue_below(films, 0.0, _seeded()), films)
    assert torch.equal(continue_below(torch.zeros(2, 3, 64, 64), 1.0, _seeded()), torch.zeros(2, 3, 64, 64))
