"""One numbered step a file, oldest first; a released step is never changed."""
