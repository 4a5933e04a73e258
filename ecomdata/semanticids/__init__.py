"""How good semantic ids are: how evenly items are spread over them, and what they find.

Formulas and procedures are those of FORGE's authors, selous123/al_sid at b01bd8b; each docstring names the
file that it follows.
"""
