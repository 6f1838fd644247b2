"""Where a use case's prediction log lies and how long its rows are kept, over REST."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.wiring import reading, unit_of_work
from core.assets.registry import queries as registry
from core.evidence.monitoring import commands, queries
from core.evidence.monitoring.location import LogSetting, Outside
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["predictions"])
Caller = Annotated[Actor, Depends(actor)]


class OutsideLog(BaseModel):
    """Tables that another engine keeps; secrets are named as `${WAREHOUSE_…}` and stand in the environment."""

    address: str = Field(
        max_length=500, examples=["postgres://reader:${WAREHOUSE_PASSWORD}@warehouse:5432/risk"]
    )
    predictions: str = Field(max_length=200, examples=["scores"])
    labels: str = Field(default="", max_length=200)
    columns: dict[str, str] = Field(default={}, examples=[{"timestamp": "scored_at"}])


class PredictionLog(BaseModel):
    """Without `outside` the log lies in Aval's own files; without `keep_days` its rows are kept for good."""

    outside: OutsideLog | None = None
    keep_days: int | None = None


@router.get("/use-cases/{slug}/prediction-log", summary="Where the prediction log lies")
def get_setting(slug: str, caller: Caller) -> PredictionLog:
    """Answer where the log of a use case lies, and how long its rows are kept."""
    require(caller, Permission.VIEW)
    with reading() as view:
        return _out(queries.log_setting(view, registry.use_case(view, slug).id))


@router.put("/use-cases/{slug}/prediction-log", summary="Say where the prediction log lies")
def set_setting(slug: str, body: PredictionLog, caller: Caller) -> PredictionLog:
    """Replace the setting; tables elsewhere are counted at once, rows past their days go within a day."""
    outside = body.outside
    asked = LogSetting(
        None
        if outside is None
        else Outside(outside.address, outside.predictions, outside.labels, outside.columns),
        body.keep_days,
    )
    with unit_of_work(caller) as uow:
        use_case = registry.use_case(uow.session, slug)
        commands.set_log(uow, use_case.id, asked)
        return _out(queries.log_setting(uow.session, use_case.id))


def _out(setting: LogSetting) -> PredictionLog:
    outside = setting.outside
    return PredictionLog(
        outside=None
        if outside is None
        else OutsideLog(
            address=outside.address,
            predictions=outside.predictions,
            labels=outside.labels,
            columns=dict(outside.columns),
        ),
        keep_days=setting.keep_days,
    )
