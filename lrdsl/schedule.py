"""The validated schedule: a text and its parameters, and everything one can make of it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue

from lrdsl.errors.diagnostics import Diagnostic, ScheduleError, Span
from lrdsl.language.library_files import read_library_files
from lrdsl.language.schedule_fields import FrozenDict, read_fields
from lrdsl.language.user_library import Files, problems
from lrdsl.syntax.parser import parse
from lrdsl.timeline import LAST_STEP, Timeline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lrdsl.rates.compile import Compiled
    from lrdsl.rates.form import Form, Lowering

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


class Schedule(BaseModel):
    """A learning-rate schedule: a pure function of the step, written as one expression.

    expr: the text; a number, also one of NumPy, is a constant schedule.
    params: numbers, or times as text (`5ep`), that stand for names in the text; one of these
        replaces the name of the same spelling after `where`.
    library: definitions that the text may call: the texts of library files by name. Called
        directly, a path or a list of paths is read (LRD021 where it cannot be); the texts travel
        with the schedule.

    A float32 is the float64 of the same value: `np.float32(0.1)` is 0.10000000149011612.

    Raises ScheduleError (a ValueError) that shows every problem of the text, and pydantic's
    ValidationError for what is of another type. A field of this type in another pydantic model
    takes a text, a number or a mapping of these three; so does the first argument. Those are
    data, and data names no files.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    expr: str
    params: Mapping[str, int | float | str] = Field(default_factory=dict)
    library: Mapping[str, str] = Field(default_factory=dict)

    def __init__(
        self,
        /,
        expr: str | float | Mapping[str, Any] | None = None,
        params: Mapping[str, float | str] | None = None,
        library: Mapping[str, str] | Paths | None = None,
        **unknown: Any,
    ) -> None:
        given: Any = {"expr": expr, "params": params, "library": library, **unknown}
        if isinstance(expr, Mapping) and params is None and library is None and not unknown:
            given = expr
        else:
            given["library"] = read_library_files(library)
        try:
            self.__pydantic_validator__.validate_python(given, self_instance=self)
        except ValidationError as error:
            raise _problem_of_the_text(error) or error from None

    @model_validator(mode="wrap")
    @classmethod
    def _accept(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """Data as fields; pydantic hands a mapping on to `__init__`, where no path arrives."""
        return validate(read_fields(value))

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if not isinstance(self.params, FrozenDict):  # else by `__init__`, on the way here
            found = problems(self.expr, self.params, self.files)
            if any(each.severity == "error" for each in found):
                raise ScheduleError(found, self.expr)
            for name in ("params", "library"):
                object.__setattr__(self, name, FrozenDict(getattr(self, name)))
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> JsonSchemaValue:
        mapping = handler(schema)
        return {"anyOf": [{"type": "string"}, {"type": "number"}, mapping]}

    def __str__(self) -> str:
        """The canonical text."""
        from lrdsl.syntax.formatter import format_program

        return format_program(parse(self.expr))

    @property
    def span(self) -> Span:
        """The whole text."""
        return Span(0, max(len(self.expr.rstrip()), 1))

    def bind(self, run: Timeline) -> Compiled:
        """The IR on a timeline; raises ScheduleError when the timeline does not do."""
        from lrdsl.rates.compile import compile_schedule

        return compile_schedule(self.expr, tuple(self.params.items()), run, self.files)

    @property
    def files(self) -> Files:
        """The library files, name and text of each."""
        return tuple(self.library.items())

    def check(self, run: Timeline | None = None) -> list[Diagnostic]:
        """Every problem and warning; with a timeline of known length, of every step, too."""
        found = problems(self.expr, self.params, self.files)
        if run is None:
            return found
        try:
            compiled = self.bind(run)
        except ScheduleError as error:
            return [*found, *error.diagnostics]
        found += compiled.warnings
        if run.total_steps is not None:
            from lrdsl.rates.run_checks import check_rates

            found += check_rates(compiled.ir, run.total_steps, self.span)
        return found

    def value(self, step: int, run: Timeline) -> float:
        """The rate at one step (an integer from 0), in float64.

        Raises ScheduleError for what the timeline lacks, ValueError for a negative step.
        """
        from lrdsl.engines.python import compile_python

        number = operator.index(step)
        _refuse_step(number)
        return compile_python(self.bind(run).ir)(number)

    def values(
        self, run: Timeline, steps: Any = None, out: NDArray[Any] | None = None
    ) -> NDArray[np.float64]:
        """The rates at `steps` (an integer array of any shape), or at every step of the run.

        float64, of the shape of `steps`, with the bits of `value`; or `out`, an array of that
        shape in float64 or float32, filled. It takes a few MB at most besides the result. Raises
        ScheduleError for what the timeline lacks, TypeError and ValueError for steps or an `out`
        that are none.
        """
        import numpy as np

        from lrdsl.engines.numpy import compile_numpy, target

        given = None if steps is None else _step_array(steps)
        shape = (self.length(run),) if given is None else given.shape
        rates, result = compile_numpy(self.bind(run).ir), target(out, shape)
        if given is None:
            rates.fill(0, result)
        else:
            with np.errstate(over="ignore"):
                result[...] = rates.at(given)
        return result

    def length(self, run: Timeline) -> int:
        """The steps of the run; raises ScheduleError when the timeline does not say."""
        if run.total_steps is None:
            message = "every step of the run needs its length: give `epochs` or `total_steps`"
            raise ScheduleError([Diagnostic("LRD403", message, self.span)], self.expr)
        return run.total_steps

    def form(self, run: Timeline, lowering: Lowering | None = None) -> Form:
        """How the rates of a run are found: see `lrdsl.rates.form.choose_form`."""
        from lrdsl.rates.form import choose_form

        return choose_form(self.bind(run).ir, run.total_steps, lowering)

    def to_tf(self, run: Timeline, lowering: Lowering | None = None) -> Callable[[Any], Any]:
        """A function from an integer step tensor to a float32 tensor of its shape, of graph ops.

        A run of up to 1,048,576 steps is read from the array of its rates; in a graph, a step
        beyond twice the run has the array's last rate. `lowering`: a "table" of a longer run, or
        the "analytic" formula.
        """
        from lrdsl.engines.tensorflow import compile_tensorflow

        form = self.form(run, lowering)
        return compile_tensorflow(form.ir, form.formula, form.covered)

    def to_jax(self, run: Timeline, lowering: Lowering | None = None) -> Callable[[Any], Any]:
        """A function from integer steps to a float32 array of their shape: an optax schedule.

        Also where JAX is left at 32 bits, in jit, vmap and scan. `lowering` as in `to_tf`.
        """
        from lrdsl.engines.jax import compile_jax

        return compile_jax(self.form(run, lowering).ir)

    def to_torch(self, optimizer: Any, run: Timeline, last_epoch: int = -1) -> Any:
        """A `torch.optim.lr_scheduler.LRScheduler`; `step()` it after each optimizer update."""
        from lrdsl import torch as lrdsl_torch

        return lrdsl_torch.Scheduler(optimizer, self, run, last_epoch)

    def to_keras(self, run: Timeline, lowering: Lowering | None = None) -> Any:
        """A `keras.optimizers.schedules.LearningRateSchedule`.

        `lowering` as in `to_tf`.
        """
        from lrdsl import keras as lrdsl_keras

        return lrdsl_keras.Schedule(self.expr, self.params, run, self.library, lowering)

    def to_callback(self, run: Timeline) -> Any:
        """A Keras callback that sets the optimizer's rate at the start of each epoch."""
        from lrdsl import keras as lrdsl_keras

        return lrdsl_keras.callback(self, run)


def _refuse_step(step: int) -> None:
    if not 0 <= step <= LAST_STEP:
        raise ValueError(f"steps go from 0 to {LAST_STEP:,}, got {step:,}")


def _step_array(steps: Any) -> NDArray[np.integer[Any]]:
    import numpy as np

    array = np.asarray(steps)
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"steps are integers, got {array.dtype}")
    for step in (array.min(), array.max()) if array.size else ():
        _refuse_step(int(step))
    return array


def _problem_of_the_text(error: ValidationError) -> ScheduleError | None:
    """The error of the text inside pydantic's, which a caller wants bare."""
    causes = (each.get("ctx", {}).get("error") for each in error.errors(include_url=False))
    return next((cause for cause in causes if isinstance(cause, ScheduleError)), None)
