"""A commons left running: hours of a mixed, steady load, then a look at whether anything of it grew.

``python -m tests.soak --minutes 120 --seed 1`` (or ``make soak``): a table, a JSON file, exit status 1 when a figure
grew, when something was lost, or when the books do not hold.
"""
