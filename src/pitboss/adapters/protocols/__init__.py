"""The protocols of game providers: each translates, and does nothing else."""
