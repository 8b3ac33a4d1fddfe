"""One file a process: each puts its own parts together and loads nothing that it does not need."""
