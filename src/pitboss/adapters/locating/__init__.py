"""Where players are: providers' tokens, MaxMind's addresses, boundaries in GeoJSON."""
