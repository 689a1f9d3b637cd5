"""Pictures for people: the film with lung outlines, and below it what was found, and by what."""

from pipeline.results.picture.canvas import draw_capture, draw_overlay
from pipeline.results.picture.film import draw_film

__all__ = ["draw_capture", "draw_film", "draw_overlay"]
