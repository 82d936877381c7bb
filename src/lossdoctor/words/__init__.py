"""The nouns of lossdoctor as frozen dataclasses. Imports nothing of ours."""

from .cause import FAMILIES, HEADINGS, CausePage, Stage
from .cure import Change, Cure, CureReport, Trial
from .data import ClockFacts, ColumnFacts, DataReport, WindowSkill
from .errors import UserError
from .finding import (
    CERTAIN,
    SEVERITIES,
    Evidence,
    Finding,
    FixProposal,
    FixValue,
    Healthy,
    Judgement,
    NotJudged,
    Place,
    Safety,
    Severity,
)
from .lint import LintReport, Unread
from .numbers import short
from .panel import HeatPanel, LinePanel, Panel, Series, TablePanel
from .report import SCHEMA_VERSION, VERDICTS, Arm, Report, Training, Verdict

__all__ = [
    "CERTAIN",
    "FAMILIES",
    "HEADINGS",
    "SCHEMA_VERSION",
    "SEVERITIES",
    "VERDICTS",
    "Arm",
    "CausePage",
    "Change",
    "ClockFacts",
    "ColumnFacts",
    "Cure",
    "CureReport",
    "DataReport",
    "Evidence",
    "Finding",
    "FixProposal",
    "FixValue",
    "Healthy",
    "HeatPanel",
    "Judgement",
    "LinePanel",
    "LintReport",
    "NotJudged",
    "Panel",
    "Place",
    "Report",
    "Safety",
    "Series",
    "Severity",
    "Stage",
    "TablePanel",
    "Training",
    "Trial",
    "Unread",
    "UserError",
    "Verdict",
    "WindowSkill",
    "short",
]
