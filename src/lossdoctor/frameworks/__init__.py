"""Behind this door stand the frameworks: what is observed of them, and how a run is taken hold of."""
