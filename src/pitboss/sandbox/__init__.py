"""Stand-ins for the outside world, for demos and tests; never part of a licensed installation."""
