"""Loops: each takes a batch, opens a transaction and calls a room."""
