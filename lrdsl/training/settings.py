"""The composed config to checked settings, or to one line for every value that is wrong."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lrdsl import Schedule, Timeline
from lrdsl.hydra.schedules import library_files

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class RunError(Exception):
    """A reason to stop that the user can remove; its text is all that is shown."""


class _Settings(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, protected_namespaces=()
    )


class Shipped(_Settings):
    name: Literal["digits", "mnist", "fashion_mnist"]
    limit: Count | None = None


class Synthetic(_Settings):
    name: Literal["synthetic"]
    images: Count
    size: Count
    classes: Annotated[int, Field(ge=2)]
    limit: Count | None = None


class Mlp(_Settings):
    name: Literal["mlp"]
    hidden: list[Count]
    activation: str = "relu"


class Cnn(_Settings):
    name: Literal["cnn"]
    filters: Annotated[list[Count], Field(min_length=1)]
    kernels: Annotated[list[Count], Field(min_length=1)]
    dense: list[Count]
    activation: str = "relu"
    dropout: Share = 0.0


class Sgd(_Settings):
    name: Literal["sgd"]


class Momentum(_Settings):
    name: Literal["momentum"]
    momentum: Share
    nesterov: bool = False


class _Moments(_Settings):
    beta_1: Share
    beta_2: Share
    epsilon: Annotated[float, Field(gt=0)]


class Adam(_Moments):
    name: Literal["adam"]


class AdamW(_Moments):
    name: Literal["adamw"]
    weight_decay: Annotated[float, Field(ge=0)]


class Trainer(_Settings):
    epochs: Count
    batch_size: Count
    validation_split: Share
    accumulate: Count = 1
    steps_per_execution: Count = 1
    device: Annotated[str, Field(pattern=r"^(auto|cpu|gpu(:\d+)?)$")] = "auto"
    jit: bool | Literal["auto"] = "auto"
    mixed_precision: Literal["float16", "bfloat16"] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    progress: Literal["line", "bar", "none"] = "line"


class Lrdsl(_Settings):
    library: str | list[str] | None = None  # files of definitions


class Settings(_Settings):
    """Everything that a run is made from."""

    schedule: Any
    lrdsl: Lrdsl
    data: Annotated[Shipped | Synthetic, Field(discriminator="name")]
    model: Annotated[Mlp | Cnn, Field(discriminator="name")]
    optimizer: Annotated[Sgd | Momentum | Adam | AdamW, Field(discriminator="name")]
    trainer: Trainer


def read_settings(config: Any) -> Settings:
    """The settings of a resolved config."""
    try:
        return Settings.model_validate(config)
    except ValidationError as error:
        lines = (_describe(each) for each in error.errors(include_url=False))
        raise RunError("\n".join(f"error: {line}" for line in lines)) from None


def _describe(error: Any) -> str:
    # The tag of a union, such as `mlp`, stands in the path but not in the config.
    path = [str(each) for each in error["loc"]]
    if len(path) > 1 and path[0] in ("data", "model", "optimizer"):
        del path[1]
    key, value = ".".join(path), error.get("input")
    match error["type"]:
        case "missing":
            return f"`{key}` is missing"
        case "extra_forbidden":
            return f"`{key}` is not a key of this config"
        case "union_tag_invalid" | "union_tag_not_found":
            wanted = error.get("ctx", {}).get("expected_tags", "a mapping with `name`")
            return f"`{key}.name` must be one of {wanted.replace(chr(39), '`')}"
        case "string_pattern_mismatch":
            return f"`{key}` is `{value}`; write `auto`, `cpu`, `gpu` or `gpu:0`"
    message = error["msg"].removeprefix("Input ").replace("'", "`")
    return f"`{key}` is `{value}`; it {message}"


def read_schedule(value: Any, library: Any = None) -> Schedule:
    """The value of the key `schedule`: an expression, a number, or `{expr, params, library}`."""
    given = value if isinstance(value, dict) else {"expr": value}
    if unknown := sorted(given.keys() - {"expr", "params", "library"}):
        raise RunError(f"error: `schedule.{unknown[0]}` is not a key of a schedule")
    if given.get("expr") is None:
        raise RunError("error: `schedule` is missing; write `schedule=EXPR` or `schedule=NAME`")
    files = (*library_files(library), *library_files(given.get("library")))
    return Schedule(str(given["expr"]), given.get("params") or {}, dict(files))


class Plan(_Settings):
    """How many images and updates a run has; the one place that derives the timeline."""

    train: int
    validation: int
    batches: int  # in an epoch
    timeline: Timeline


def plan(images: int, trainer: Trainer) -> Plan:
    """The plan of a run over so many images."""
    # Keras splits so: the first part trains, the last validates.
    train = int(images * (1 - trainer.validation_split))
    validation = images - train
    size, together = trainer.batch_size, trainer.batch_size * trainer.accumulate
    if train < together:
        wanted = f"`trainer.batch_size` {size}"
        if trainer.accumulate > 1:
            wanted += f" times `trainer.accumulate` {trainer.accumulate}"
        raise RunError(f"error: {wanted} is more than the {train} training images")
    # Gradients may not be carried from one epoch into the next: only whole updates.
    train = train // together * together if trainer.accumulate > 1 else train
    batches = -(-train // size)
    timeline = Timeline(
        steps_per_epoch=batches // trainer.accumulate,
        epochs=trainer.epochs,
        batch_size=together,
        accumulate=trainer.accumulate,
    )
    return Plan(train=train, validation=validation, batches=batches, timeline=timeline)
