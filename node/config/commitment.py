"""Whether the node promises other systems to keep what they sent."""

from node.config.section import Section
from node.config.types import Flag


class CommitmentConfig(Section):
    """Storage commitment as the one who commits. What the node asks of destinations is set there."""

    offered: Flag = False
    """Commit to objects when a peer with the service "commit" asks. Off, because modalities delete their own
    copy once somebody has committed to it: switch it on only where this node is the archive of what it is
    sent, and its data_dir is backed up as such."""
