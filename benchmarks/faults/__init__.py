"""What goes wrong with feeds, files, machines and visitors, and what riders and operators see of it.

Each scenario is declared once, with what is done and what must be seen (`scenario.py`), in a file for its kind. While
one is played the truth rule (`truth_rule.py`) is asked of all faces after each step. `python -m benchmarks.faults`
plays them and writes the table of `docs/reliability.md`; the quick ones are played with the tests as well.
"""
