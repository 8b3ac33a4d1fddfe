"""Where a stake is taken on sporting events: catalogue, betting, settlement."""
