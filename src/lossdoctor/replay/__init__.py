"""Gradients through time of a fused recurrent layer, step by step.

`call` names one layer call, `layers.replay_layer` replays it, `cells.profile_cells` does the same for a loop
over cells, `profile` reads the result. Nothing is re-exported here: `result` and `profile` are needed where
a trace is read back without torch.
"""
