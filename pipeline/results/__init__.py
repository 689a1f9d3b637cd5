"""Result objects of one film: SEG, Structured Report and overlay picture."""
