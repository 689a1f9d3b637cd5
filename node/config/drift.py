"""When films of a week count as unlike those of the reference window."""

from node.config.section import Section
from node.config.types import Count, Flag, Share


class DriftConfig(Section):
    """Watch over what films look like, and what is said of them, against a frozen reference window."""

    watch: Flag = True
    """Look at each week that has ended, once neolung drift --freeze made a reference, and raise an event."""
    window_days: Count = 7
    """Length of one window, by the films' own dates."""
    level: Share = 0.01
    """Chance of an alarm in a window in which nothing has changed, over all features together."""
    least_films: Count = 20
    """Films in a window below which nothing is concluded."""
    least_effect: Share = 0.2
    """Smallest change that matters: the largest distance between both distributions."""
    ignore: tuple[str, ...] = ()
    """Features that are not tested, as "seconds to result"."""
