"""Responsible gaming: what a player may still do, for every product at once."""
