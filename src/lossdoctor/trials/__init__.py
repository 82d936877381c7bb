"""Controlled re-runs: what is tried, how pairs are compared, and the journal that survives a kill."""
