"""Fill the gaps in the data."""

from __future__ import annotations

from ..signs import Signs
from ..source import Edit, calls, insert_after
from ..source.locate import assigned_to, statement_of
from ..words import short
from .fix import Args, Fix
from .places import fragment, said, scripts


def _edit(signs: Signs, args: Args) -> Edit | None:
    tables = [c for s in scripts(signs) for c in calls(s, ("read_csv", "read_parquet", "read_excel"))]
    if len(tables) != 1 or not tables[0].full.startswith("pandas."):
        return None
    call = tables[0]
    name, statement = assigned_to(call.script, call.node), statement_of(call.script, call.node)
    if name is None or statement is None:
        return None
    return insert_after(call.script, statement.lineno, [f"{name} = {name}.ffill().bfill()"])


def title(signs: Signs, args: Args) -> str:
    def words() -> str:
        bad = signs.fed.bad_inputs
        where = "inputs"
        if bad is None:
            bad, where = signs.fed.bad_targets, "targets"
        if bad is None:
            return bare
        return f"{bare}: batch {short(bad[0])} has {short(bad[1])} missing values in its {where}"

    bare = "fill the gaps in the data"
    return said(words, bare)


def otherwise(signs: Signs, args: Args) -> str:
    code = ("gaps = torch.isnan(x)", "x = torch.where(gaps, torch.nanmean(x, dim=0, keepdim=True), x)")
    return fragment("once the data are there, before they are scaled", *code)


FIX = Fix(id="impute", safety="unsafe", title=title, edit=_edit, otherwise=otherwise)
