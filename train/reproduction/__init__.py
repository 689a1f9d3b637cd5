"""The source paper's Tables 1, 2 and 3, trained and measured again on any index of films.

Start reading at `command`.
"""
