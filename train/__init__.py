"""Makes the model bundles that ``pipeline`` loads: phantoms, data sets, training, evaluation, export.

Stands on ``pipeline`` and shares its preprocessing and networks, so that training and serving cannot differ.
"""
