"""PyTorch: doors (where we stand), watcher (what we note), knobs (how an arm takes hold)."""
