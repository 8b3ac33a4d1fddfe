"""The composition root: the only place that knows every room, every vendor and every process."""
