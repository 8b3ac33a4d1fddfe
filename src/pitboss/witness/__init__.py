"""A witness that an auditor runs: it cosigns a log's checkpoints as long as the log only grows.

It keeps the latest checkpoint of each log and nothing else, and knows nothing of the platform.
Source: C2SP tlog-witness.
"""
