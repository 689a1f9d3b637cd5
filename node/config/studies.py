"""Films that belong together: those of one exposure, and those of one study."""

from node.config.section import Section
from node.config.types import Delay, Seconds


class StudiesConfig(Section):
    """What is done about films that belong together: images of one exposure, films of one study."""

    companion_wait_s: Delay = 20.0
    """How long raw images (FOR PROCESSING) and enhanced copies wait for the film of the same exposure that is
    judged in their place. 0: they do not wait, and are reported as not eligible where they come first."""
    quiet_s: Seconds = 30.0
    """How long after its newest result a study with two or more judged films gets its summary, where some
    destination has summary under send, once none of its films waits. A later film makes a revised one."""
    longest_wait_s: Seconds = 600.0
    """Latest time after the first such result, however many films still come."""
