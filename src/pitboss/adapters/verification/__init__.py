"""Verification providers, in their own dialects."""
