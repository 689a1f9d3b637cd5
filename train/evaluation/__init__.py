"""How good a bundle is: predictions through the serving code, statistics on them, and a report for people."""
