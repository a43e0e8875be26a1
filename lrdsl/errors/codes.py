"""The codes of diagnostics: what each means, an example that gives it, and what to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of problem. `example` gives exactly this code, `fixed` gives none.

    They are expressions on the timeline `run`, or texts of YAML or library files.
    """

    title: str
    explanation: str
    example: str = ""
    fixed: str = ""
    run: Mapping[str, int] = field(default_factory=dict)
    language: Literal["expression", "yaml", "library"] = "expression"


_EPOCHS = {"steps_per_epoch": 10, "epochs": 90}
_STEPS = {"total_steps": 100}

CODES: Mapping[str, Code] = {
    "LRD001": Code(
        "unexpected word",
        "Something stands where it cannot: a second operator, a product without `*`, a bracket of "
        "the wrong kind, a sign of another language (`%`, `?`, `&`).",
        "0.1 * * epoch",
        "0.1 * epoch",
    ),
    "LRD002": Code(
        "unfinished schedule",
        "The text ends in the middle of something, a bracket is never closed or closes nothing, "
        "or there is no text at all.",
        "0.1 * (1 - progress",
        "0.1 * (1 - progress)",
    ),
    "LRD003": Code(
        "character from outside the language",
        "Schedules are written in ASCII. Signs that look like a letter or an operator come from "
        "word processors, web pages and other keyboards.",
        "0.1 * \N{CYRILLIC SMALL LETTER IE}poch",
        "0.1 * epoch",
    ),
    "LRD004": Code(
        "not a number",
        "A word that begins like a number but is none: two dots, an unknown unit, an unfinished "
        "exponent; or a number that float64 cannot hold.",
        "0.1 * 0.5^(epoch / 10x)",
        "0.1 * 0.5^(epoch / 10)",
    ),
    "LRD005": Code(
        "part without a length",
        "Every part of a sequence but the last needs `for`, or nobody knows when the next begins.",
        "linear(0, 0.1) then 0.1",
        "linear(0, 0.1) for 5ep then 0.1",
    ),
    "LRD010": Code(
        "unknown name",
        "A name or function that is neither in the language nor given: a spelling mistake, a "
        "name of another library, or a parameter that nobody set.",
        "0.1 * 0.5^flor(epoch / 10)",
        "0.1 * 0.5^floor(epoch / 10)",
    ),
    "LRD011": Code(
        "wrong number of arguments",
        "A function is called with too many or too few arguments; `lrdsl functions NAME` shows "
        "what it takes.",
        "linear(0.1)",
        "linear(0.1, 0)",
    ),
    "LRD012": Code(
        "unknown argument",
        "No parameter of the function has this name.",
        "cosine(0.1, ends=0)",
        "cosine(0.1, end=0)",
    ),
    "LRD013": Code(
        "never used",
        "A name is given a value but the schedule does not hold it: a spelling mistake, or a "
        "remainder of an earlier version.",
        "cosine(peak) where peak = 0.1, floor_rate = 0.001",
        "cosine(peak, floor_rate) where peak = 0.1, floor_rate = 0.001",
    ),
    "LRD014": Code(
        "hides a name of the language",
        "The name after `where` already has a meaning, which the rest of the text loses.",
        "0.1 * t where t = 0.5",
        "0.1 * scale where scale = 0.5",
    ),
    "LRD015": Code(
        "arguments out of order",
        "An argument is given twice, or one without a name follows one with a name.",
        "cosine(start=0.1, 0)",
        "cosine(0.1, end=0)",
    ),
    "LRD016": Code(
        "clock outside its home",
        "`lap` counts the repetitions of a `cycle`, `prev` is the value before in a `recur`; "
        "elsewhere there is neither.",
        "0.1 * 0.5^lap",
        "cycle(0.1 * 0.5^lap, every=10ep)",
    ),
    "LRD017": Code(
        "parameter that is no number",
        "The values of `params` are finite numbers, or times with a unit such as `5ep`.",
        "schedule:\n  expr: cosine(peak)\n  params: {peak: high}",
        "schedule:\n  expr: cosine(peak)\n  params: {peak: 0.1}",
        language="yaml",
    ),
    "LRD018": Code(
        "not a schedule",
        "Something that is no text and no number stands where a schedule belongs. Several rates "
        "over time are one expression too.",
        "schedule:\n  expr: [0.1, 0.01]",
        "schedule:\n  expr: piecewise([30], [0.1, 0.01])",
        language="yaml",
    ),
    "LRD019": Code(
        "definition that calls itself",
        "Every schedule ends: a definition of a library cannot call itself, not through others "
        "either.",
        "decay(start) = decay(start) * 0.5",
        "decay(start) = start * 0.5^epoch",
        language="library",
    ),
    "LRD020": Code(
        "malformed library file",
        "A library file holds definitions that begin at the left margin, with comments above "
        "them; a parameter is a number, or has one of the types of the language after a colon.",
        "decay(start, over: hours) = start * 0.5^(t / over)",
        "decay(start, over: time) = start * 0.5^(t / over)",
        language="library",
    ),
    "LRD021": Code(
        "library file cannot be read",
        "The key `lrdsl.library`, or `library` beside `expr`, names a file that is not there, that "
        "is not a regular file of UTF-8, or that is larger than 1 MiB. A path is read from the "
        "folder in which the command was started.",
    ),
    "LRD101": Code(
        "number and time mixed up",
        "A time is no number: it becomes one when it is divided by a time (`t / 1ep` counts "
        "epochs), and a number becomes a time with a unit (`5ep`).",
        "0.1 * (t + 5)",
        "0.1 * (t / 1ep + 5)",
    ),
    "LRD102": Code(
        "condition and number mixed up",
        "A comparison is true or false, and that is no number; a number is no condition.",
        "0.1 * (epoch < 5)",
        "0.1 if epoch < 5 else 0.01",
    ),
    "LRD103": Code(
        "list out of place",
        "A list stands only as an argument of a function that takes one; it is no number.",
        "[0.1, 0.01]",
        "piecewise([30], [0.1, 0.01])",
    ),
    "LRD104": Code(
        "comparison of unlike things",
        "A time is compared with a number; only like things have an order.",
        "0.1 if t < 5 else 0.01",
        "0.1 if t < 5ep else 0.01",
    ),
    "LRD105": Code(
        "must not depend on the step",
        "Lengths, periods and the elements of lists are fixed for a run: they become tables.",
        "pick([0.1, 0.1 * progress], 1)",
        "0.1 * progress",
        run=_STEPS,
    ),
    "LRD106": Code(
        "unresolved interpolation",
        "`${...}` is filled in by the config it stands in. An expression by itself has none: give "
        "the value a name in `params`.",
        "${peak} * 0.5^epoch",
        "peak * 0.5^epoch where peak = 0.1",
    ),
    "LRD201": Code(
        "the rate is NaN",
        "At the step shown the value is not a number, and so are all weights after it: a root or a "
        "logarithm of something negative, or infinity minus infinity.",
        "0.1 * (1 - step / 50)^0.5",
        "0.1 * max(1 - step / 50, 0.01)^0.5",
        run=_STEPS,
    ),
    "LRD202": Code(
        "the rate is infinite",
        "At the step shown the value leaves the numbers: a division by 0, or a power too large.",
        "0.1 / abs(step - 50)",
        "0.1 / (1 + abs(step - 50))",
        run=_STEPS,
    ),
    "LRD203": Code(
        "the rate is negative",
        "At the step shown the optimizer would climb instead of descend; often a decay that goes "
        "on after its end.",
        "0.1 - 0.002 * step",
        "max(0.1 - 0.002 * step, 0.001)",
        run=_STEPS,
    ),
    "LRD205": Code(
        "the rate is 0 before the end",
        "From the step shown on every rate is exactly 0 in float32: the rest of the run changes "
        "nothing.",
        "linear(0.1, 0, over=50st)",
        "linear(0.1, 0.001, over=50st)",
        run=_STEPS,
    ),
    "LRD208": Code(
        "not every step was checked",
        "The rates of a run are looked at one by one, up to step 100,000,000. What is said of NaN, "
        "infinite and negative rates of a longer run holds up to there.",
        "0.1 / (2 + sin(step) + cos(step))",
        run={"total_steps": 100_000_001},
    ),
    "LRD301": Code(
        "list of the wrong length",
        "`piecewise` needs one more value than boundaries, `interp` one value for each time, and "
        "no list is empty.",
        "piecewise([30, 60], [0.1, 0.01])",
        "piecewise([30, 60], [0.1, 0.01, 0.001])",
    ),
    "LRD302": Code(
        "boundaries out of order",
        "Boundaries are moments of a run and must increase.",
        "piecewise([60, 30], [0.1, 0.01, 0.001])",
        "piecewise([30, 60], [0.1, 0.01, 0.001])",
    ),
    "LRD303": Code(
        "boundary given twice",
        "Two boundaries at one moment leave no time for the value between them.",
        "piecewise([30, 30], [0.1, 0.01, 0.001])",
        "piecewise([30, 60], [0.1, 0.01, 0.001])",
    ),
    "LRD304": Code(
        "negative time",
        "A boundary or a length before the beginning.",
        "piecewise([-5, 60], [0.1, 0.01, 0.001])",
        "piecewise([5, 60], [0.1, 0.01, 0.001])",
    ),
    "LRD305": Code(
        "boundary never reached",
        "The run ends before this boundary: its value is never used. Often a schedule of another "
        "run, or steps written as epochs.",
        "piecewise([30, 200], [0.1, 0.01, 0.001])",
        "piecewise([30, 60], [0.1, 0.01, 0.001])",
        run=_EPOCHS,
    ),
    "LRD306": Code(
        "no time left",
        "The parts before already fill the run, so that a part over the rest of it has no length.",
        "0.1 for 90ep then cosine(0.1)",
        "0.1 for 30ep then cosine(0.1)",
        run=_EPOCHS,
    ),
    "LRD313": Code(
        "period too short",
        "A cycle or a window lasts at least one step, and the periods of a cycle do not shrink.",
        "cycle(cosine(0.1, 0.01), every=10ep, growth=0.5)",
        "cycle(cosine(0.1, 0.01), every=10ep, growth=2)",
        run=_EPOCHS,
    ),
    "LRD403": Code(
        "the run is not known well enough",
        "Epochs, percents, samples and tokens mean steps only when the run says how many. "
        "Nothing is guessed: give what the message names.",
        "0.1 * 0.5^(epoch / 10)",
        "0.1 * 0.5^(step / 10)",
        run=_STEPS,
    ),
    "LRD501": Code(
        "YAML cannot be read",
        "YAML itself takes `[`, `{`, `*`, `&`, `!`, `%`, `@`, `: ` and ` #` for its own. In single "
        "quotes every expression is safe.",
        "lr: [100, 150] * 2",
        "lr: '0.1 * passed([100, 150])'",
        language="yaml",
    ),
    "LRD502": Code(
        "split by YAML",
        "Inside `{...}` and `[...]` YAML ends a value at each comma, also between the arguments "
        "of a call.",
        "optimizer: {lr: min(0.1, 0.2)}",
        "optimizer: {lr: 'min(0.1, 0.2)'}",
        language="yaml",
    ),
    "LRD504": Code(
        "no value",
        "Nothing, null, NaN or infinity where a schedule belongs. An expression that begins with "
        "`&` or `#` is gone before anybody sees it.",
        "optimizer:\n  lr: # 0.1 * 0.5^epoch",
        "optimizer:\n  lr: 0.1 * 0.5^epoch",
        language="yaml",
    ),
    "LRD505": Code(
        "read differently by YAML",
        "YAML 1.1 reads `yes` and `on` as true, `010` as 8, `1:30` as 90, `2024-01-01` as a date.",
        "lr: 1:30",
        "lr: 90",
        language="yaml",
    ),
    "LRD590": Code(
        "not recognised as a schedule",
        "The key is one of a schedule, but the text looks like something of another program; it "
        "was not checked. This is not counted as a problem.",
        "schedule: every day",
        "schedule: 0.1 * 0.5^epoch",
        language="yaml",
    ),
    "LRD910": Code(
        "text too long",
        "A schedule has at most 10,000 characters.",
        "0.1" + " " * 10_000,
        "0.1",
    ),
    "LRD911": Code(
        "nested too deeply",
        "At most 64 levels of brackets and calls; names after `where` take the inner ones out.",
        "(" * 70 + "0.1" + ")" * 70,
        "0.1",
    ),
    "LRD912": Code(
        "too many parts",
        "An expression has at most 5,000 numbers, names and operations.",
        "+".join(["max(" + ",".join(["1"] * 900) + ")"] * 5),
        "piecewise([30], [0.1, 0.01])",
    ),
    "LRD913": Code(
        "chain too long",
        "At most 1,000 operands in a row; a table is a `piecewise` or an `interp`.",
        "+".join(["1"] * 1001),
        "interp([0, 90], [0.1, 0.01])",
    ),
    "LRD914": Code(
        "list too long",
        "A list has at most 1,000 elements.",
        "pick([" + ",".join(["1"] * 1001) + "], 0)",
        "pick([1, 2], 0)",
    ),
    "LRD915": Code(
        "table too long",
        "A recurrence has at most 1,000,000 windows, and a growing cycle that many restarts as "
        "fit a table.",
        "recur(0.1, prev * 0.999999, every=1st)",
        "recur(0.1, prev * 0.9999, every=100st)",
        run={"total_steps": 1_500_000},
    ),
    "LRD916": Code(
        "file too large",
        "A file of more than 1 MiB is no config, and is not read.",
        "lr: 0.1\n" + "#" * 2**20,
        "lr: 0.1",
        language="yaml",
    ),
    "LRD917": Code(
        "YAML nested too deeply",
        "At most 100 levels of mappings and lists.",
        "lr: " + "[" * 101 + "]" * 101,
        "lr: 0.1",
        language="yaml",
    ),
    "LRD999": Code(
        "internal error",
        "The fault is in lrdsl, not in the schedule: please report it, with the text that led "
        "there.",
    ),
}
