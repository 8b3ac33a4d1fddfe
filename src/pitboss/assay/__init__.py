"""Evidence about random numbers: statistical tests of output, and the report that tells of them.

Nothing here draws a number that a game uses; it reads what the generator has written.
"""
