"""Clients of national self-exclusion registers."""
