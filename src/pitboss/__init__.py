"""pitboss: an open-source core for licensed online gambling."""
