"""Scoring over REST in the Open Inference Protocol: the live version answers, and every answer is logged."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from app.api.identity import actor
from app.scoring import answering, live_now, loads, scorer
from core.decisions.serving import inference
from core.ids import new_id
from core.platform.access.permissions import Permission, require
from core.platform.store import Actor

router = APIRouter(tags=["scoring"])
Caller = Annotated[Actor, Depends(actor)]


class TensorIn(BaseModel):
    """One feature: `shape` [rows], or one matrix [rows, features]; null stands for an unknown value."""

    name: str = Field(max_length=200)
    shape: list[int] = Field(min_length=1, max_length=2)
    datatype: str = Field(max_length=8, examples=["FP64"])
    data: list[Any]
    parameters: dict[str, Any] = Field(default_factory=dict)


class InferIn(BaseModel):
    """A request of the protocol; `id` names its rows in the log, `id-0`, `id-1`… where there is more than one.

    `parameters.subject` is what you call the person that the rows are about; the log keeps a pseudonym of it.
    """

    id: str = Field(default="", max_length=120)
    inputs: list[TensorIn] = Field(min_length=1, max_length=2_000)
    outputs: list[dict[str, Any]] = Field(default_factory=list)
    parameters: dict[str, Any] = Field(default_factory=dict)


class InferOut(BaseModel):
    """The answer; `parameters` say which version answered, under which decision, and the rows' ids in the log."""

    model_name: str
    model_version: str
    id: str
    outputs: list[dict[str, Any]]
    parameters: dict[str, Any]


class TensorOut(BaseModel):
    """What a tensor is called and holds; -1 is any number of rows."""

    name: str
    datatype: str
    shape: list[int]


class ModelOut(BaseModel):
    """The live version as the protocol describes a model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorOut]
    outputs: list[TensorOut]


class ReadyOut(BaseModel):
    """Whether a model would answer."""

    name: str
    ready: bool


class ServerOut(BaseModel):
    """What answers here."""

    name: str
    version: str
    extensions: list[str]


@router.get("/health/live", summary="Whether the server lives")
def alive(caller: Caller) -> dict[str, bool]:
    """Answer that it does."""
    require(caller, Permission.VIEW)
    return {"live": True}


@router.get("/health/ready", summary="Whether the server answers")
def ready(caller: Caller) -> dict[str, bool]:
    """Answer that it does; whether a model does is asked of the model."""
    require(caller, Permission.VIEW)
    return {"ready": True}


@router.get("/models/{use_case}", summary="The live version")
def describe(use_case: str, caller: Caller) -> ModelOut:
    """Answer what goes in and comes out of the version that is live in production."""
    require(caller, Permission.VIEW)
    version = live_now(use_case).version
    signature = version.signature
    out = [TensorOut(name="prediction", datatype="BYTES" if signature.classes else "FP64", shape=[-1])]
    if signature.output == "probability":
        out.append(TensorOut(name="probability", datatype="FP64", shape=[-1, len(signature.classes)]))
    return ModelOut(
        name=use_case,
        versions=[str(version.number)],
        platform=f"aval_{version.format}",
        inputs=[
            TensorOut(name=c.name, datatype=inference.DATATYPE_OF[c.kind], shape=[-1])
            for c in signature.features
        ],
        outputs=out,
    )


@router.get("/models/{use_case}/ready", summary="Whether the live version answers")
def model_ready(use_case: str, caller: Caller) -> ReadyOut:
    """Answer whether a version is live and in good standing."""
    require(caller, Permission.VIEW)
    return ReadyOut(name=use_case, ready=loads(live_now(use_case).version))


@router.post("/models/{use_case}/infer", summary="Score rows")
def infer(use_case: str, body: InferIn, caller: Caller) -> InferOut:
    """Answer rows by the version that is live in production; each answer is in the prediction log within seconds."""
    require(caller, Permission.SCORE)
    found = answering(use_case)
    version = found.version
    rows = inference.table([tensor.model_dump() for tensor in body.inputs], version)
    named = body.id or new_id("call")
    ids = [named] if len(rows) == 1 else [f"{named}-{n}" for n in range(len(rows))]
    answers = scorer().score(version, rows, ids, str(body.parameters.get("subject", ""))[:200])
    return InferOut(
        model_name=use_case,
        model_version=str(version.number),
        id=named,
        outputs=inference.outputs(answers),
        parameters={
            "digest": found.deployment.artifact_digest,
            "release": found.release.id,
            "prediction_ids": ids,
        },
    )
