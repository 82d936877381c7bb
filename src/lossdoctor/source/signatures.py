"""Where well-known constructors and functions take an argument by position."""

from __future__ import annotations

_RECURRENT = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional")
_ADAM = ("params", "lr", "betas", "eps", "weight_decay", "amsgrad")
_LOSS = ("input", "target", "weight")

SIGNATURES: dict[str, tuple[str, ...]] = {
    "SGD": ("params", "lr", "momentum", "dampening", "weight_decay", "nesterov"),
    "Adam": _ADAM, "AdamW": _ADAM, "NAdam": _ADAM[:5], "RAdam": _ADAM[:5], "Adamax": _ADAM[:5], "SparseAdam": _ADAM[:4],
    "RMSprop": ("params", "lr", "alpha", "eps", "weight_decay", "momentum", "centered"),
    "Adagrad": ("params", "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps"),
    "Adadelta": ("params", "lr", "rho", "eps", "weight_decay"),
    "ASGD": ("params", "lr", "lambd", "alpha", "t0", "weight_decay"),
    "Rprop": ("params", "lr"), "LBFGS": ("params", "lr", "max_iter"),
    "StepLR": ("optimizer", "step_size", "gamma"), "MultiStepLR": ("optimizer", "milestones", "gamma"),
    "ExponentialLR": ("optimizer", "gamma"), "CosineAnnealingLR": ("optimizer", "T_max", "eta_min"),
    "OneCycleLR": ("optimizer", "max_lr", "total_steps", "epochs", "steps_per_epoch"),
    "CyclicLR": ("optimizer", "base_lr", "max_lr"), "LambdaLR": ("optimizer", "lr_lambda"),
    "LSTM": _RECURRENT, "GRU": _RECURRENT, "RNN": (*_RECURRENT[:3], "nonlinearity", *_RECURRENT[3:]),
    "LSTMCell": ("input_size", "hidden_size", "bias"), "GRUCell": ("input_size", "hidden_size", "bias"),
    "RNNCell": ("input_size", "hidden_size", "bias", "nonlinearity"),
    "Linear": ("in_features", "out_features", "bias"), "Dropout": ("p", "inplace"),
    "Dropout1d": ("p", "inplace"), "Dropout2d": ("p", "inplace"),
    "clip_grad_norm_": ("parameters", "max_norm", "norm_type"), "clip_grad_value_": ("parameters", "clip_value"),
    "DataLoader": ("dataset", "batch_size", "shuffle", "sampler", "batch_sampler"),
    "CrossEntropyLoss": ("weight", "size_average", "ignore_index", "reduce", "reduction"),
    "NLLLoss": ("weight", "size_average", "ignore_index", "reduce", "reduction"),
    "BCELoss": ("weight", "size_average", "reduce", "reduction"),
    "BCEWithLogitsLoss": ("weight", "size_average", "reduce", "reduction", "pos_weight"),
    "cross_entropy": (*_LOSS, "size_average", "ignore_index", "reduce", "reduction"),
    "nll_loss": (*_LOSS, "size_average", "ignore_index", "reduce", "reduction"),
    "binary_cross_entropy": (*_LOSS, "size_average", "reduce", "reduction"),
    "binary_cross_entropy_with_logits": (*_LOSS, "size_average", "reduce", "reduction", "pos_weight"),
}  # fmt: skip
"""Positional parameters in order, as of torch 2.x (self left out)."""


def position_of(name: str, keyword: str) -> int | None:
    """The position of an argument; None where it is unknown or can only be named."""
    names = SIGNATURES.get(name, ())
    return names.index(keyword) if keyword in names else None
