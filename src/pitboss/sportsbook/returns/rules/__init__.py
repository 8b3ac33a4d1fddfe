"""The arithmetic of returns, split by matter; pure."""
