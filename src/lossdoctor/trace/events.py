"""What can be noted in a trace, one frozen dataclass a kind. Per-step numbers live in tables, not here.

Fields are numbers, strings, booleans, None, and tuples or dictionaries of them; nested facts are frozen
dataclasses too. A new field needs a default, so that old traces stay readable. `thin` marks kinds that
repeat and of which the middle may be dropped in a very long run. Steps count optimizer updates of the
whole run (backward passes where no optimizer is used), from 0.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass, field
from typing import ClassVar

TRACE_VERSION = 1

LOSS_COLUMNS = ("step", "seconds", "training", "held_back", "value", "criterion", "count", "site", "term")
STEP_COLUMNS = (
    "step", "seconds", "training", "optimizer", "lr", "grad_norm", "clip_max", "clip_total", "backwards",
    "without_grad", "batch",
)  # fmt: skip
TENSOR_COLUMNS = (
    "step", "training", "param", "grad_norm", "grad_norm_after_backward", "update_norm", "weight_norm", "cosine",
    "changed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ParamFacts:
    """One parameter at its first sight. `default_std` is what the module's default initialiser would give
    (None: unknown). `rows_equal`: all units (rows) bit-identical. `radius`: spectral radius of a square
    recurrent block (the largest over gates)."""

    name: str
    shape: tuple[int, ...]
    numel: int
    requires_grad: bool
    std: float = 0.0
    mean: float = 0.0
    max_abs: float = 0.0
    default_std: float | None = None
    rows_equal: bool = False
    radius: float | None = None
    role: str = ""
    module: str = ""
    dtype: str = ""


@dataclass(frozen=True, slots=True)
class GroupFacts:
    lr: float
    momentum: float | None
    weight_decay: float | None
    betas: tuple[float, ...]
    eps: float | None
    maximize: bool
    params: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunStarted:
    kind: ClassVar[str] = "run-started"
    thin: ClassVar[bool] = False
    script: str
    argv: tuple[str, ...] = ()
    mode: str = "run"
    pid: int = 0
    cwd: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    seed: int | None = None
    threads: int = 0
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class RunEnded:
    """`how`: finished, error, interrupted, stopped (our budget), exit. `own_seconds`: our share of it."""

    kind: ClassVar[str] = "run-ended"
    thin: ClassVar[bool] = False
    how: str
    status: int
    seconds: float
    own_seconds: float
    steps: int
    error: str = ""
    file: str = ""
    line: int = 0
    setup_seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of this process and of its children that have ended."""


@dataclass(frozen=True, slots=True)
class ModelSeen:
    """`modules` are (name, class, detail) of the model's modules; `params` indices are run-wide: the i-th
    fact of the first model is parameter `first_param + i`."""

    kind: ClassVar[str] = "model-seen"
    thin: ClassVar[bool] = False
    step: int
    model: int
    cls: str
    first_param: int
    params: tuple[ParamFacts, ...]
    modules: tuple[tuple[str, str, str], ...] = ()
    noise: tuple[str, ...] = ()
    compiled: bool = False


@dataclass(frozen=True, slots=True)
class ParamSeen:
    """A parameter that was met outside any model: in an optimizer, or as a leaf of the loss's graph."""

    kind: ClassVar[str] = "param-seen"
    thin: ClassVar[bool] = False
    step: int
    param: int
    facts: ParamFacts


@dataclass(frozen=True, slots=True)
class OptimizerSeen:
    kind: ClassVar[str] = "optimizer-seen"
    thin: ClassVar[bool] = False
    step: int
    optimizer: int
    cls: str
    groups: tuple[GroupFacts, ...]
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the user's source from which something was called; tables refer to it by index."""

    kind: ClassVar[str] = "site"
    thin: ClassVar[bool] = False
    site: int
    file: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class LossTerm:
    """One loss function as called at one site. `term` is the index used by the loss table."""

    kind: ClassVar[str] = "loss-term"
    thin: ClassVar[bool] = False
    step: int
    term: int
    fn: str
    input_shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    target_dtype: str
    site: int = -1
    reduction: str = "mean"
    ignore_index: int | None = None
    weighted: bool = False
    pos_weight: tuple[float, ...] = ()
    class_weight: tuple[float, ...] = ()
    label_smoothing: float = 0.0
    by_hand: bool = False
    beta: float = 1.0
    held_back: bool = False


@dataclass(frozen=True, slots=True)
class LossGraph:
    """The autograd graph of one loss, walked before its backward.

    `reached` are parameter indices on the loss's path; `chain` the op names from the loss down towards the
    last layer; `sign` the sign with which the innermost criterion enters the loss (+1 minimised, -1 climbed,
    0 unknown); `criterion_op` its op; `broadcast` = (output shape, input shape) of an op that stretched
    a prediction over the batch; `rebuilt_leaves` shapes of leaves that require grad but are no parameter;
    `nodes` the size of the graph; `signs` the sign of every criterion op found near the loss (0: both).
    """

    kind: ClassVar[str] = "loss-graph"
    thin: ClassVar[bool] = True
    step: int
    training: int
    site: int
    requires_grad: bool
    reached: tuple[int, ...] = ()
    chain: tuple[str, ...] = ()
    sign: int = 0
    criterion_op: str = ""
    broadcast: tuple[tuple[int, ...], ...] = ()
    rebuilt_leaves: tuple[tuple[int, ...], ...] = ()
    nodes: int = 0
    truncated: bool = False
    signs: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackwardFailed:
    """A backward pass that raised. The script may have caught the error and gone on."""

    kind: ClassVar[str] = "backward-failed"
    thin: ClassVar[bool] = True
    step: int
    training: int
    error: str
    site: int = -1


@dataclass(frozen=True, slots=True)
class GraphCut:
    """Where the path from the loss to the parameters is cut: the last module whose output still required a
    gradient, and the source line that runs after it."""

    kind: ClassVar[str] = "graph-cut"
    thin: ClassVar[bool] = True
    step: int
    module: str
    module_cls: str
    reason: str
    site: int = -1


@dataclass(frozen=True, slots=True)
class GradientUse:
    """At an update: did `.grad` still hold what an earlier update had used (`reused`), and was it all zero
    or missing although the backward pass had given something (`cleared`)? `flipped`: it points the other way
    than after the backward pass. `dropped`: of several backward passes before this update an earlier one's
    gradient had been zeroed before the next."""

    kind: ClassVar[str] = "gradient-use"
    thin: ClassVar[bool] = True
    step: int
    training: int
    reused: bool
    cleared: bool
    after_backward: float
    at_update: float
    old: float = 0.0
    flipped: bool = False
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class ClipSeen:
    kind: ClassVar[str] = "clip-seen"
    thin: ClassVar[bool] = False
    step: int
    how: str
    limit: float
    site: int
    after_step: bool = False
    before_backward: bool = False


@dataclass(frozen=True, slots=True)
class SchedulerSeen:
    kind: ClassVar[str] = "scheduler-seen"
    thin: ClassVar[bool] = True
    step: int
    cls: str
    calls: int
    site: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LayerSample:
    """A replay of one (layer, direction) of a recurrent module at one step.

    `log_dh`, `log_dc`: log10 norms of dL/dh_t, dL/dc_t per step, oldest first, the direction's own order.
    `gates`: {gate: (mean, std, saturated share, stuck share)}; `from_input`, `from_state`, `from_bias`:
    share of the gates' pre-activation each term carries.
    """

    kind: ClassVar[str] = "layer-sample"
    thin: ClassVar[bool] = True
    step: int
    training: int
    module: str
    cell: str
    layer: int
    reverse: bool
    time: int
    batch: int
    hidden: int
    log_dh: tuple[float, ...]
    log_dc: tuple[float, ...] = ()
    gates: dict[str, tuple[float, ...]] = field(default_factory=dict)
    from_input: float = 0.0
    from_state: float = 0.0
    from_bias: float = 0.0
    h_saturated: float = 0.0
    h_dead: float = 0.0
    last_only: bool = False
    approximate: bool = False
    horizon: float | None = None
    time_constant: float | None = None
    growth: float | None = None


@dataclass(frozen=True, slots=True)
class RecurrentCall:
    """How a recurrent module was called: shapes as the user gave them, and where its state came from."""

    kind: ClassVar[str] = "recurrent-call"
    thin: ClassVar[bool] = True
    step: int
    module: str
    cell: str
    input_shape: tuple[int, ...]
    batch_first: bool
    packed: bool
    layers: int
    bidirectional: bool
    hidden: int
    carried: bool = False
    attached: bool = False
    site: int = -1


@dataclass(frozen=True, slots=True)
class ModuleSample:
    """The output of one module on one batch: spread, dead and saturated shares, non-finite count."""

    kind: ClassVar[str] = "module-sample"
    thin: ClassVar[bool] = True
    step: int
    module: str
    cls: str
    shape: tuple[int, ...]
    mean: float
    std: float
    max_abs: float
    zero_units: float
    zero_share: float
    over_samples: float
    nonfinite: int


@dataclass(frozen=True, slots=True)
class ModeSeen:
    """Modules with noise or statistics (dropout, norm) and the mode they were in."""

    kind: ClassVar[str] = "mode-seen"
    thin: ClassVar[bool] = True
    step: int
    grad_enabled: bool
    in_training: tuple[str, ...]
    in_eval: tuple[str, ...]
    site: int = -1


@dataclass(frozen=True, slots=True)
class DropoutSeen:
    """Dropout with share `p`, at work in a training pass."""

    kind: ClassVar[str] = "dropout-seen"
    thin: ClassVar[bool] = True
    step: int
    p: float
    site: int = -1


@dataclass(frozen=True, slots=True)
class GradientSizes:
    """Of gradients that went through float16: shares (they add up to 1) of elements that are 0, not 0 and below 2**-24 (which
    float16 cannot hold), up to 2**-14 (which it holds with fewer bits), up to 1, up to 65504, and beyond or no number. Up to 64
    elements a parameter, embeddings left out."""

    kind: ClassVar[str] = "gradient-sizes"
    thin: ClassVar[bool] = True
    step: int
    training: int
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AutocastSeen:
    """Autocast to `dtype` (float16, bfloat16) was entered."""

    kind: ClassVar[str] = "autocast-seen"
    thin: ClassVar[bool] = False
    step: int
    dtype: str
    device: str = ""
    site: int = -1


@dataclass(frozen=True, slots=True)
class WeightsLoaded:
    """A model was given other weights by `load_state_dict` once training had begun."""

    kind: ClassVar[str] = "weights-loaded"
    thin: ClassVar[bool] = True
    step: int
    site: int = -1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchSaved:
    """A captured batch: names of its arrays in the trace. `x` is what the model was given first, `y` the
    target of the loss, `p` the prediction given to the loss."""

    kind: ClassVar[str] = "batch-saved"
    thin: ClassVar[bool] = False
    step: int
    training: int
    term: int
    x: str | None
    y: str | None
    p: str | None
    held_back: bool = False
    batch: int = 0


@dataclass(frozen=True, slots=True)
class HeldInput:
    """What a model was asked about while nothing was trained: the name of the array in the trace."""

    kind: ClassVar[str] = "held-input"
    thin: ClassVar[bool] = False
    step: int
    training: int
    x: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A plain variable of the script's: its function ("" for the module) begins at `line` and stood at line `at`. `kind`: tensor
    or array."""

    file: str
    function: str
    line: int
    at: int
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class TableSeen:
    """Arrays of the script's own that batches are rows of, in the order in which they stand there: the names of their first
    rows in the trace, of `rows` in all, and the variables that held them. `fed`: batches of the training were rows of them, bit
    for bit; otherwise they are a pair of the same form."""

    kind: ClassVar[str] = "table-seen"
    thin: ClassVar[bool] = False
    step: int
    training: int
    x: str
    y: str
    rows: int
    fed: bool
    x_names: tuple[Variable, ...] = ()
    y_names: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class ScalerUsed:
    """A scaler of scikit-learn at work. `how`: fit, transform (fit_transform gives both) or inverse; `scaler`
    numbers the object, `fits` how often it had been fitted by then; by feature (the first 64): what it saw."""

    kind: ClassVar[str] = "scaler-used"
    thin: ClassVar[bool] = False
    step: int
    scaler: int
    cls: str
    how: str
    fits: int
    rows: int
    features: int
    low: tuple[float, ...]
    high: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class DataRead:
    """The batches of this trace were cut from a data file, and nothing was trained. `form`: "series" (windows of `window` rows,
    the target `horizon` rows after their last) or "pairs" (the file's own). `missing`, `infinite` and the longest `hole` by
    column, over all rows; `distinct` targets; `clock` names the time column; `classes` is 0 for targets that are numbers; `pieces` series stand one after the
    other; `starts` names an array: the row at which each captured window begins; `constant` are columns of
    numbers that never change, which were left out."""

    kind: ClassVar[str] = "data-read"
    thin: ClassVar[bool] = False
    file: str
    form: str
    inputs: tuple[str, ...]
    target: str
    window: int
    horizon: int
    rows: int
    samples: int
    classes: int = 0
    distinct: int = 2
    clock: str = ""
    missing: dict[str, int] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)
    hole: int = 0
    hole_in: str = ""
    pieces: int = 1
    starts: str | None = None
    constant: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PredictionSample:
    """What the net answered on one batch. For classes: counts of targets, of answers, and of right answers
    by class (first 64 classes)."""

    kind: ClassVar[str] = "prediction-sample"
    thin: ClassVar[bool] = True
    step: int
    term: int
    held_back: bool
    mean: float
    std: float
    over_samples: float
    target_mean: float
    target_std: float
    targets: tuple[int, ...] = ()
    answers: tuple[int, ...] = ()
    right: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Birth:
    """Where the first non-finite number was born: found by going through one step again. `op`: the operation, or
    INPUT or TARGET where the script itself has handed it over."""

    INPUT: ClassVar[str] = "model input"
    TARGET: ClassVar[str] = "target"
    kind: ClassVar[str] = "nan-birth"
    thin: ClassVar[bool] = False
    step: int
    op: str
    operand: str
    value: str
    backward: bool
    file: str
    line: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Probed:
    """The result of a probe: `numbers` and `facts` in the words of its file."""

    kind: ClassVar[str] = "probed"
    thin: ClassVar[bool] = False
    probe: str
    ok: bool
    numbers: dict[str, float] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    pattern: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ArmEnded:
    """One arm of the what-if panel, as its own process reported it."""

    kind: ClassVar[str] = "arm-ended"
    thin: ClassVar[bool] = False
    arm: str
    fix: str
    args: dict[str, str]
    took_hold: bool
    note: str
    steps: int
    seconds: float
    folder: str
    how: str = "fork"
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    kind: ClassVar[str] = "note"
    thin: ClassVar[bool] = True
    text: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class InternalError:
    kind: ClassVar[str] = "internal-error"
    thin: ClassVar[bool] = True
    where: str
    text: str
    step: int = 0


Event = (
    RunStarted | RunEnded | ModelSeen | ParamSeen | OptimizerSeen | Site | LossTerm | LossGraph | BackwardFailed | GraphCut
    | GradientUse | GradientSizes | ClipSeen | SchedulerSeen | LayerSample | RecurrentCall | ModuleSample | ModeSeen | BatchSaved
    | DropoutSeen | AutocastSeen | WeightsLoaded | HeldInput | TableSeen | ScalerUsed | DataRead
    | PredictionSample | Birth | Probed | ArmEnded | Note | InternalError
)  # fmt: skip

EVENTS: dict[str, type] = {cls.kind: cls for cls in typing.get_args(Event)}
