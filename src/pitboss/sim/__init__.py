"""A whole platform driven by one seed: seasons, players, faults."""
