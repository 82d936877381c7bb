"""lossdoctor: why isn't my loss going down?

Importing this package imports no deep-learning framework.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
