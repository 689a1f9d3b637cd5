"""The report's sections; each module turns some figures into text, tables and plots."""
