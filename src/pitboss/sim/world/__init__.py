"""A whole platform in one process, where a seed decides who goes next and what goes wrong."""
