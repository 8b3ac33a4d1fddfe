"""Suppliers of prices and results: their messages, and how they reach us."""
