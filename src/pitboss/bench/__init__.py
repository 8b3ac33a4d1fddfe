"""Timed runs of the real work, each beside its row-at-a-time baseline, with its books checked."""
