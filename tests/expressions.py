"""Random schedules as text, for hypothesis: every operation of the language, well typed."""

from __future__ import annotations

from hypothesis import strategies as st

ATOMS = st.sampled_from(
    ["epoch", "step", "progress", "t / 5ep", "t / 1st", "pi", "0.1", "3", "0.001", "1e-4", "2.5"]
) | st.floats(0, 2).map(lambda x: f"{x:.4g}")
TIMES = st.sampled_from(["3ep", "2.37ep", "100st", "33.3%", "0.5ep", "777.5st"])
GROWTHS = st.sampled_from(["1", "2", "1.5", "1.1"])
SMALL = st.sampled_from(["3", "0.3", "1.7", "7"])

# `{a}` and `{b}` are numbers, `{t}` a time, `{g}` a growth, `{s}` a small number.
FORMS = """
({a} + {b})|({a} - {b})|{a} * {b}|({a}) / ({b})|floor({a})|ceil({a})|round({a})|min({a}, {b})
max({a}, {b})|abs({a})|mod({a}, {s})|mod({a}, {b})|({a}) // ({s})|({a}) // ({b})|0.5^({a})
0.97^({a})|abs({a})^0.7|({a})^2|({a})^3|exp(-0.1 * abs({a}))|sin({a})|cos(pi * {a})|tanh({a})
sqrt(abs({a}))|log(1 + abs({a}))|({a} if {a} < {b} else {b})|clamp({a}, 0.1, {b})
({b} if {a} >= {b} and epoch != 3 or not step > 5 else {a})|pick([1, 2, 0.3], {a})
piecewise([3, 10.5, 20000st], [0.1, 0.06, 0.02, 7])|interp([1, 5, 80%], [0, 0.1, 0.3])
passed([1, 5, 30])|cycle({a}, every={t})|cycle({a} * 0.9^lap, every={t}, growth={g})
at({a}, t - {t})|at({a}, {b} * 1st)|hold({a}, every={t})|({a} for {t} then {b} for {t} then {a})
cosine(0.1, {a})|linear({a}, {b})|one_cycle({a})|triangular2(0.01, {a}, {t})|rsqrt({a}, {t})
recur({a}, prev * 0.9 + 0.01 * {b}, every={t})|polynomial({a}, {b}, power=3)
cycle({a} for 100st then {b} * t / span, every=3ep, growth={g})
"""


# Clocks in clocks, of which many are refused.
LOOSE_ATOMS = st.sampled_from(
    ["p", "x", "t / span", "span / 1ep", "lap", "total_epochs", "batch_size", "1e300", "0", "-1"]
)
LOOSE_TIMES = TIMES | st.sampled_from(
    ["q", "span", "t", "span / 3", "10", "0st", "-3st", "1e30st", "5tok", "7sa", "0.1234567ep"]
)
CLOCKS = """
({a} for {t} then {b})|({a} for {t} then {b} for {t})|({a} for {t} then {b} for {t} then x)
cycle({a} for {t} then {b}, every={t}, growth={g})|cycle({a} for {t} then {b}, every={t})
cycle(cycle({a}, every={t}, growth={g}) for {t} then {b}, every={t}, growth={g})
at({a}, {t})|hold({a}, {t})|recur({a}, prev * {b}, every={t})|cosine({a})|warmup({t}) * {a}
cosine_restarts(0.1, every={t}, growth={g})|({a} if t < {t} else {b})|piecewise([{t}], [1, {a}])
"""


def _compound(
    inner: st.SearchStrategy[str], forms: str = FORMS, times: st.SearchStrategy[str] = TIMES
) -> st.SearchStrategy[str]:
    return st.builds(
        lambda form, a, b, t, g, s: form.format(a=a, b=b, t=t, g=g, s=s),
        st.sampled_from([form for line in forms.strip().splitlines() for form in line.split("|")]),
        inner, inner, times, GROWTHS, SMALL,
    )  # fmt: skip


EXPRESSIONS = st.recursive(ATOMS, _compound, max_leaves=6)


def _clocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return _compound(inner, CLOCKS, LOOSE_TIMES) | _compound(inner)


LOOSE = st.recursive(ATOMS | LOOSE_ATOMS, _clocks, max_leaves=8)
