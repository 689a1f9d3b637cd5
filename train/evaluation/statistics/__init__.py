"""Statistics of medical tests and of paired measurements; numpy and scipy only, arrays in, values out."""
