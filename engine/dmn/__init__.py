"""Decisions: DMN 1.1–1.5 files read, checked and evaluated, with the rules that decided and why.

Knows no session and no process. FEEL does every expression; boxed expressions and tables are compiled to the
same kind of code, so that one budget of steps bounds a whole evaluation.
"""
