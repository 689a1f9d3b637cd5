"""What a person at a terminal sees of a training: a bar of its steps, above it the figures of each epoch."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

CONSOLE = Console(stderr=True)


def show_log() -> None:
    """Print the log on standard error, so that a bar below it stays whole."""
    plain = logging.StreamHandler()
    plain.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    shown = RichHandler(console=CONSOLE, show_path=False, show_level=False)
    logging.basicConfig(
        level=logging.INFO, handlers=[shown if CONSOLE.is_terminal else plain], format="%(message)s"
    )
    logging.getLogger("highdicom").setLevel(logging.WARNING)  # else a line for each module it copies


class StepBar:
    """A bar over all steps of a training; nothing at all where standard error is no terminal.

    Parameters
    ----------
    shown
        False for the processes that do not speak.
    """

    def __init__(self, name: str, epochs: int, steps: int, *, shown: bool = True) -> None:
        self._epochs, self._steps, self._name = epochs, steps, name
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[loss]}"))
        self._bar = Progress(
            *columns, TimeRemainingColumn(), console=CONSOLE, disable=not (shown and CONSOLE.is_terminal)
        )
        self._task = self._bar.add_task(name, total=epochs * steps, loss="")

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        self._bar.stop()

    def show(self, epoch: int, step: int, loss: float) -> None:
        """Show that so many steps of an epoch are done, with this mean loss."""
        self._bar.update(
            self._task,
            completed=epoch * self._steps + step,
            description=f"{self._name}: epoch {min(epoch + 1, self._epochs)} of {self._epochs}",
            loss=f"loss {loss:.4f}",
        )
