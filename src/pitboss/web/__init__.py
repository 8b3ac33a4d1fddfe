"""Pages for people, in front of the API: files that are served as they are, and nothing else."""
