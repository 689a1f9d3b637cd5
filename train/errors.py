"""Errors of the offline training.

TrainError
    MissingStartWeights      no ImageNet weights for the chosen backbone
    UnusableIndex            index.csv has a row that cannot be used
    UnusableSplit            a frozen split was changed, or lets films of one baby into two splits
    UnprovenBundle           an exported bundle does not say what the trained networks said
    UnknownRecipe            no recipe, encoder or size of that name
    MissingExtra             a library that only training needs is not installed
    UnusableRun              a run folder holds another configuration or a damaged checkpoint
    UnusableFolder           a folder that would be replaced holds something that is needed
"""


class TrainError(Exception):
    """Training cannot go on."""


class MissingStartWeights(TrainError):
    """No installed package holds ImageNet weights for this backbone."""


class UnusableIndex(TrainError):
    """A row of the index of films cannot be used; the message names it."""


class UnusableSplit(TrainError):
    """A frozen split was changed, does not fit its index, or lets films of one baby into two splits."""


class UnusableRun(TrainError):
    """The run folder belongs to another configuration, or its checkpoint is damaged."""


class UnusableFolder(TrainError):
    """A folder that would be replaced holds something that is needed; the message names it."""


class UnprovenBundle(TrainError):
    """An exported bundle, served, gives other masks or probabilities than the networks in training."""


class UnknownRecipe(TrainError):
    """There is no recipe or encoder of that name, or its settings do not go together."""


class MissingExtra(TrainError):
    """A library that only training needs is not installed."""
