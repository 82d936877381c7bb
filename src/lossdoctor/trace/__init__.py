"""The trace of a run: what was measured, on disk, whole up to the last flush.

Import from the files of this room: writing (`writer`, `tables`, `codec`, `events`, `layout`) imports no
NumPy, so that it may begin before the script; reading (`reader`) does.
"""
