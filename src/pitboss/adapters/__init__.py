"""The outside world: one file for each vendor or library that faces it."""
