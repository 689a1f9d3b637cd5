"""One offline command from a site's own films to a candidate bundle, and the evidence for or against it.

::

    fingerprints.py  what films look like, where their index does not say
    lock.py          which babies are never learnt from
    start.py         the networks of the bundle to start from, as run folders
    lungs.py         the segmenter goes on learning; masks found out of fold
    findings.py      the classifier goes on learning on drawn and found lungs
    candidate.py     calibration, and the bundle
    verdict.py       old and new bundle on the locked babies: is the new one surely not worse?
    command.py       all of it in order; a stage that is done is not done twice
"""
