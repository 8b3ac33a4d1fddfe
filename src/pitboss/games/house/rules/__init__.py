"""Rules of each game, and its mathematics: what a draw pays, and what it pays in the long run."""
