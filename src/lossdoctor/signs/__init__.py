"""Typed measures read from a trace: each is taken in one place and used by many causes.

Signs read numbers, never a framework, so that a diagnosis can be repeated from disk.
"""

from .chart import Signs

__all__ = ["Signs"]
