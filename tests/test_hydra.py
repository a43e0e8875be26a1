"""Command lines as people type them, real Hydra processes, and what the jobs received."""

from __future__ import annotations

import json
import pickle
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("hydra")

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from lrdsl import hydra
from lrdsl.configs.hydra_grammar import parse_override, quoted, split
from lrdsl.configs.hydra_overrides import lost_in_call, rewrite, rewrite_word
from lrdsl.hydra.schedules import named, names, shipped

STEP = "0.1*0.5^floor(epoch/10)"
PIECES = "piecewise([100,150],[0.1,0.06,0.02])"

REWRITTEN = {
    # what Hydra refuses, and only that
    f"schedule={STEP}": f"schedule='{STEP}'",
    f"schedule={STEP}, {PIECES}": f"schedule='{STEP}','{PIECES}'",
    f"schedule={STEP},0.2,cosine": f"schedule='{STEP}',0.2,cosine",
    "schedule=(0.1+epoch)/2": "schedule='(0.1+epoch)/2'",
    "schedule=0.1 if epoch < 5 else 0.01": "schedule='0.1 if epoch < 5 else 0.01'",
    "schedule=linear(0, 0.1) for 5ep then cosine(0.1, 0)": (
        "schedule='linear(0, 0.1) for 5ep then cosine(0.1, 0)'"
    ),
    "optimizer.learning_rate=min(0.1,epoch)": "optimizer.learning_rate='min(0.1,epoch)'",
    "+foo.bar=0.5^epoch": "+foo.bar='0.5^epoch'",
    "++lr=cos(epoch)": "++lr='cos(epoch)'",
    "~schedule=cos(epoch)": "~schedule='cos(epoch)'",
    # a comma after `where` binds a name
    "schedule=cosine(p, q) where p = 0.1, q = 0.01": (
        "schedule='cosine(p, q) where p = 0.1, q = 0.01'"
    ),
    "schedule=cosine(p) where p = 0.1, linear(1, 0)": (
        "schedule='cosine(p) where p = 0.1','linear(1, 0)'"
    ),
    # interpolations are atoms, nested ones too
    "schedule=${lr0}*0.5^floor(epoch/${n})": "schedule='${lr0}*0.5^floor(epoch/${n})'",
    "other=${lr0}*0.5^epoch": "other='${lr0}*0.5^epoch'",
    "schedule=${oc.env:A,${b}}": "schedule='${oc.env:A,${b}}'",
    # choice() would lose the quotes
    "schedule=choice(0.1*0.5^epoch,cos(epoch))": "schedule='0.1*0.5^epoch','cos(epoch)'",
    "schedule=choice('0.5^epoch','cos(epoch)')": "schedule='0.5^epoch','cos(epoch)'",
    # inside Hydra's own functions, lists and mappings only the items are quoted
    "schedule=shuffle(cos(epoch),0.1)": "schedule=shuffle('cos(epoch)',0.1)",
    "schedule=tag(a,choice(cos(epoch),0.1))": "schedule=tag(a,choice('cos(epoch)',0.1))",
    "rates=[0.5^epoch,0.1]": "rates=['0.5^epoch',0.1]",
    "schedule={expr: cosine(p^2), params: {p: 0.1}}": (
        "schedule={expr:'cosine(p^2)',params:{p: 0.1}}"
    ),
    # under a schedule's key broken texts are ours, so that the message is too
    "schedule=flor(epoch)": "schedule='flor(epoch)'",
    "schedule=0.1 # warm": "schedule='0.1 # warm'",
    "schedule.expr=2^": "schedule.expr='2^'",
    "schedule='0.1": r"schedule='\'0.1'",
}

UNTOUCHED = [
    "schedule=0.1",
    "schedule=cosine",
    "schedule=cosine,step_decay",
    "schedule=0.1*epoch",
    "schedule=choice(cosine,step_decay)",
    "schedule='cos(epoch)'",
    'schedule="cos(epoch)"',
    "schedule=",
    "~schedule",
    "n=range(1,3)",
    "n=interval(0.1,1)",
    "n=1,2",
    "n=[1,2]",
    "optimizer=sgd,adam",
    "optimizer=glob(*)",
    "+experiment=a,b",
    "hydra/launcher=basic",
    "lrdsl/schedule@schedule=cosine",
    "text='a, b'",
    # not a schedule's key, not an expression: Hydra shall refuse them itself
    "x=foo(bar)",
    "m=a^b",
    "m=2^",
    "n=int(epoch/10)",
    "word",
]


@pytest.mark.parametrize("word", REWRITTEN)
def test_what_hydra_refuses_is_quoted(word: str) -> None:
    assert rewrite_word(word) == REWRITTEN[word]
    assert parse_override(REWRITTEN[word])
    assert rewrite_word(REWRITTEN[word]) == REWRITTEN[word]


@pytest.mark.parametrize("word", UNTOUCHED)
def test_what_hydra_reads_keeps_its_meaning(word: str) -> None:
    assert rewrite_word(word) == word


def test_options_and_their_values_are_no_overrides() -> None:
    words = ["--config-dir", "out/lr=cos(epoch)", "-cn", "lr=2^2", "--cfg", "job", "lr=2^2"]
    assert rewrite(words) == [*words[:-1], "lr='2^2'"]
    assert rewrite(["--config-d", "lr=2^2", "lr=2^2"])[1:] == ["lr=2^2", "lr='2^2'"]
    assert rewrite(["--config-dir=lr^2", "-m", "lr=2^2"])[2] == "lr='2^2'"
    assert rewrite(["--", "lr=2^2"]) == ["--", "lr='2^2'"]


@given(st.text(st.sampled_from("\\'\"ab,()[]{}^ =#${}\n"), max_size=12))
def test_a_quoted_text_is_read_back_by_hydra(text: str) -> None:
    for mark in "'\"":
        override = parse_override(f"key={quoted(text, mark)}")
        assert override is not None
        assert override.value() == text


@given(st.text(st.sampled_from("ab,()[]'\"= where\\"), max_size=30))
def test_splitting_loses_nothing(text: str) -> None:
    assert "".join("".join(split(text)).split()).replace(",", "") == "".join(text.split()).replace(
        ",", ""
    )


@pytest.mark.parametrize(
    ("word", "function"),
    [
        ("lr=shuffle('0.5^epoch',0.1)", "shuffle"),
        ("lr=tag(a,choice('epoch<2',0.1))", "tag"),
        ("lr=shuffle('cos(epoch)',0.1)", None),
        ("lr='0.5^epoch','0.1'", None),
    ],
)
def test_functions_that_lose_an_expression_are_known(word: str, function: str | None) -> None:
    assert lost_in_call(word) == function


LOOKUP = {"cosine": {"expr": "cosine(peak)", "params": {"peak": 0.1, "over": "5ep"}}}.get
SPELLED = "{expr:'cosine(peak)',params:{peak:0.1,over:'5ep'}}"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["schedule=cosine"], ["++schedule=null", f"schedule={SPELLED}"]),
        (
            ["schedule=cosine", "n=1", "schedule.params.peak=0.2"],
            ["++schedule=null", f"schedule={SPELLED}", "n=1", "schedule.params.peak=0.2"],
        ),
        (
            ["schedule.params.peak=0.2", "schedule=cosine"],
            ["++schedule=null", f"schedule={SPELLED}", "schedule.params.peak=0.2"],
        ),
        (["-m", "schedule=cosine,0.5^epoch"], ["-m", "schedule=cosine,'0.5^epoch'"]),
        (
            ["-m", "schedule=cosine,p^2", "schedule.params.p=1,2"],
            [
                "-m",
                "++schedule=null",
                f"schedule={SPELLED},{{expr:'p^2',params:{{p:null}}}}",
                "schedule.params.p=1,2",
            ],
        ),
        (["schedule=0.5^epoch"], ["schedule='0.5^epoch'"]),
        (["model=cosine"], ["model=cosine"]),
    ],
)
def test_a_name_is_spelled_out_where_numbers_inside_it_may_change(
    words: list[str], expected: list[str]
) -> None:
    assert rewrite(words, named=LOOKUP) == expected


def test_quote_gives_the_word_for_shell_and_hydra() -> None:
    for expression in (STEP, "cosine(p) where p = 1, q = 2", "it's"):
        (word,) = shlex.split(hydra.quote(f"+a.b={expression}"))
        override = parse_override(word)
        assert override is not None and override.value() == expression
    assert hydra.quote("lr=0.1") == "lr=0.1"
    assert hydra.quote("lr=cosine,2^2") == shlex.quote('lr=cosine,"2^2"')
    with pytest.raises(ValueError, match="KEY=EXPR"):
        hydra.quote("2^2")


def test_slugs_are_short_safe_and_tell_schedules_apart() -> None:
    assert hydra.slug(0.01) == "0.01"
    assert hydra.slug("cosine") == "cosine"
    texts = [STEP, STEP + " ", PIECES, f"{PIECES} * 2", "a/b", "(a)", "..", ""]
    slugs = [hydra.slug(text) for text in texts]
    assert len(set(slugs)) == len(texts)
    assert all(set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-") for slug in slugs)
    assert all(slug.strip(".") and len(slug) <= 50 for slug in slugs)
    one, other = ({"expr": "cosine(p)", "params": {"p": p}} for p in (1, 2))
    assert hydra.slug(one).startswith("cosine-p") and hydra.slug(one) != hydra.slug(other)
    assert hydra.slug(OmegaConf.create(one)) == hydra.slug(one)


def test_constants_in_a_config() -> None:
    text = 'a: ${lrdsl:"50000 // 128 * 90"}\nb: ${lrdsl:\'1/6\'}\nc: ${lrdsl:"${a} * 2^-1"}'
    cfg = OmegaConf.create(text)
    assert cfg.a == 35100 and isinstance(cfg.a, int)
    assert cfg.b == 1 / 6 and cfg.c == 17550
    for text in ("step * 2", "warmup(5st)", "5ep", "nonsense", "__import__('os')"):
        with pytest.raises(Exception, match=r"constant|number|unknown|unexpected"):
            hydra.constant(text)


def test_every_shipped_schedule_is_valid_and_has_numbers() -> None:
    from lrdsl.language.user_library import problems

    assert len(shipped()) >= 20
    for name, schedule in shipped().items():
        assert schedule.keys() == {"expr", "params"}, name
        assert problems(schedule["expr"], schedule["params"]) == [], name


def test_importing_is_light() -> None:
    heavy = ["tensorflow", "keras", "numpy", "lark", "pydantic", "matplotlib"]
    code = f"import sys, lrdsl.hydra; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_the_plugin_is_an_entry_point() -> None:
    from importlib.metadata import entry_points

    (found,) = entry_points(group="hydra.plugins", name="lrdsl")
    assert found.load() is hydra.LrdslSearchPathPlugin


# An app of somebody else, whose keys are named like our groups.
APP = """
    import json, sys
    from lrdsl import hydra
    from omegaconf import OmegaConf

    @hydra.main(config_path="conf", config_name="config", version_base="1.3")
    def run(cfg):
        print("JOB", json.dumps(OmegaConf.to_container(cfg, resolve=True)))

    if __name__ == "__main__":
        run()
"""
CONFIG = """
    schedule: 0.1
    lr0: 0.1
    n: 5
    model: plain
    optimizer:
      learning_rate: 0.01
    hydra:
      sweep:
        dir: sweep
        subdir: ${hydra.job.num}_${lrdsl.slug:${schedule}}
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    write(tmp_path / "app.py", APP)
    write(tmp_path / "conf/config.yaml", CONFIG)
    write(tmp_path / "conf/lrdsl/schedule/mine.yaml", "expr: p^2\nparams: {p: 3}")
    write(tmp_path / "conf/experiment/good.yaml", "# @package _global_\nschedule: cos(epoch)")
    write(tmp_path / "conf/experiment/bad.yaml", "# @package _global_\nschedule: coz(epoch)")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")


def start(app: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "app.py", *words]
    return subprocess.run(command, cwd=app, capture_output=True, text=True, check=False)


def jobs(app: Path, *words: str) -> list[dict[str, object]]:
    """The configs that the jobs of a successful command received."""
    done = start(app, *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line[4:]) for line in done.stdout.splitlines() if line.startswith("JOB ")]


def refusal(app: Path, *words: str) -> str:
    """What a command says that may start no job and show no traceback."""
    done = start(app, *words)
    assert done.returncode == 1
    assert "JOB" not in done.stdout and "Traceback" not in done.stderr
    return done.stderr


def test_one_pair_of_shell_quotes_is_enough(app: Path) -> None:
    words = [f"schedule={STEP}", "optimizer.learning_rate=min(0.1, epoch)", "model=other"]
    (job,) = jobs(app, *words, "+foo.bar=0.5^epoch")
    assert job["schedule"] == STEP
    assert job["optimizer"] == {"learning_rate": "min(0.1, epoch)"}
    assert (job["model"], job["foo"]) == ("other", {"bar": "0.5^epoch"})


def test_a_sweep_mixes_expressions_names_and_numbers(app: Path) -> None:
    done = jobs(app, "-m", f"schedule={STEP}, {PIECES},mine,0.2", "n=range(1,3)")
    assert [job["n"] for job in done] == [1, 2] * 4
    mine = {"expr": "p^2", "params": {"p": 3}}
    assert [job["schedule"] for job in done[::2]] == [STEP, PIECES, mine, 0.2]
    folders = sorted(path.name for path in (app / "sweep").iterdir() if path.is_dir())
    assert len(folders) == 8 and folders[2].startswith("2_piecewise-100-150")


def test_choice_and_interpolated_numbers_sweep(app: Path) -> None:
    done = jobs(app, "-m", "schedule=choice(0.1*0.5^epoch,cos(epoch))")
    assert [job["schedule"] for job in done] == ["0.1*0.5^epoch", "cos(epoch)"]
    done = jobs(app, "-m", "schedule=${lr0}*0.5^floor(epoch/${n})", "lr0=0.1,0.2", "n=5,10")
    assert [job["schedule"] for job in done] == [
        f"{lr0}*0.5^floor(epoch/{n})" for lr0 in (0.1, 0.2) for n in (5, 10)
    ]


def test_a_name_selects_a_file_and_its_numbers_can_be_changed(app: Path) -> None:
    (job,) = jobs(app, "schedule=cosine", "schedule.params.peak=0.2")
    cosine = dict(shipped()["cosine"])
    assert job["schedule"] == {**cosine, "params": {**cosine["params"], "peak": 0.2}}
    (job,) = jobs(app, "optimizer.learning_rate=mine", "+experiment=good", "schedule=mine")
    mine = {"expr": "p^2", "params": {"p": 3}}
    assert job["optimizer"] == {"learning_rate": mine} and job["schedule"] == mine
    done = jobs(app, "-m", "schedule=mine,p+1", "schedule.params.p=4,5")
    assert [job["schedule"] for job in done] == [
        {"expr": expr, "params": {"p": p}} for expr in ("p^2", "p+1") for p in (4, 5)
    ]
    (job,) = jobs(app, "+lrdsl/schedule@schedule=step_decay")
    assert job["schedule"] == shipped()["step_decay"]
    shown = start(app, "--info", "searchpath").stdout
    assert "lrdsl://schedules" in shown and "pkg://lrdsl.conf" not in shown
    write(app / "conf/lrdsl/schedule/cosine.yaml", "expr: '1'")
    (job,) = jobs(app, "schedule=cosine")
    assert job["schedule"] == {"expr": "1"}


def test_every_broken_schedule_of_a_sweep_is_told_before_the_first_job(app: Path) -> None:
    told = refusal(app, "-m", "schedule=0.2,flor(epoch),cosin,2^,min", "n=1,2")
    assert told.count("error[") == 4
    assert "unknown function `flor`" in told and "1 | flor(epoch)\n  | ^^^^\n" in told
    assert "no schedule is called `cosin`" in told and "did you mean `cosine`?" in told
    assert not (app / "sweep").exists()
    told = refusal(app, "-m", "+experiment=good,bad")
    assert told.count("error[") == 1 and "coz" in told


def test_a_broken_schedule_starts_no_run(app: Path) -> None:
    assert "did you mean `mine`?" in refusal(app, "schedule=mime")
    assert "the names are" in refusal(app, "schedule=xyzzy")
    assert "not a list" in refusal(app, "schedule=[1,2]")
    assert "not a truth value" in refusal(app, "optimizer.learning_rate=true")
    assert "optimizer.learning_rate:1:3" in refusal(app, "optimizer.learning_rate=2*x^2")
    assert "schedule.expr:1:1" in refusal(app, "schedule={expr: q^2, params: {p: 1}}")
    assert not (app / "outputs").exists()


def test_a_broken_schedule_in_a_file_is_told_too(app: Path) -> None:
    write(app / "conf/config.yaml", CONFIG.replace("schedule: 0.1", "schedule: 0.1 * coz(epoch)"))
    assert "unknown function `coz`" in refusal(app)
    assert jobs(app, "schedule=0.1")


def test_what_only_the_job_can_resolve_is_checked_inside_it(app: Path) -> None:
    text = "schedule: 0.1 * coz(${hydra:job.name})"
    write(app / "conf/config.yaml", CONFIG.replace("schedule: 0.1", text))
    assert "unknown function `coz`" in refusal(app)


def test_hydra_still_refuses_what_is_not_ours(app: Path) -> None:
    assert "Ambiguous value" in refusal(app, f"schedule={STEP},0.2")
    assert "foo" in refusal(app, "n=foo(bar)")
    assert "nokey" in refusal(app, "nokey=0.5^epoch")
    assert "drops the quotes" in refusal(app, "-m", "schedule=shuffle(0.5^epoch,0.1)")


def test_showing_a_config_does_not_check_it(app: Path) -> None:
    done = start(app, "schedule=coz(epoch)", "--cfg", "job", "--resolve")
    assert done.returncode == 0 and "schedule: coz(epoch)" in done.stdout
    assert start(app, "--help").returncode == 0


def test_other_places_for_the_config(app: Path, tmp_path: Path) -> None:
    extra = tmp_path / "lr=2^2"
    write(extra / "lrdsl/schedule/theirs.yaml", "expr: 0.1*q\nparams: {q: 2}")
    write(extra / "second.yaml", "schedule: theirs\nlr: 1")
    (job,) = jobs(app, "--config-dir", str(extra), "schedule=theirs", "schedule.params.q=7")
    assert job["schedule"] == {"expr": "0.1*q", "params": {"q": 7}}
    (job,) = jobs(app, "-cp", str(extra), "-cn", "second", "lr=2^2")
    assert job == {"schedule": {"expr": "0.1*q", "params": {"q": 2}}, "lr": "2^2"}
    assert "schedule is called `their`" in refusal(
        app, "-cp", str(extra), "-cn", "second", "schedule=their"
    )


def test_a_run_is_repeated_from_its_own_records(app: Path) -> None:
    (job,) = jobs(app, f"schedule={STEP}", "hydra.run.dir=first", "optimizer.learning_rate=mine")
    lines = OmegaConf.to_container(OmegaConf.load(app / "first/.hydra/overrides.yaml"))
    assert jobs(app, *lines) == [job]
    assert jobs(app, "-cp", str(app / "first/.hydra"), "-cn", "config") == [job]


def test_the_decorated_function_can_be_called_and_keeps_its_keys(app: Path) -> None:
    done = start(app, "schedule=coz(epoch)", "hydra.job.chdir=false")
    assert done.returncode == 1
    write(
        app / "app.py",
        APP.replace('version_base="1.3"', 'version_base=None, schedule_keys=["lr0"]'),
    )
    (job,) = jobs(app, "schedule='coz(epoch)'", "lr0=2^2")
    assert (job["schedule"], job["lr0"]) == ("coz(epoch)", "2^2")
    assert "coz" in refusal(app, "lr0=coz(epoch)")


def test_hydra_names_the_word_that_it_refuses(app: Path) -> None:
    told = refusal(app, "schedule=cosine", "schedule.params.peak=1", "schedule.params.peek=2")
    assert "Could not override 'schedule.params.peek'" in told
    write(app / "conf/config.yaml", dedent(CONFIG) + "defaults:\n  - _self_\n  - kind: ???\n")
    write(app / "conf/kind/a.yaml", "x: 1")
    assert "You must specify 'kind'" in refusal(app, "schedule=mine")
    (job,) = jobs(app, "schedule=mine", "schedule.params.p=4", "kind=a")
    assert job["schedule"] == {"expr": "p^2", "params": {"p": 4}}
    assert "no schedule is called `min3`" in refusal(app, "schedule=min3", "kind=a")


def test_sweeps_in_yaml_with_install(app: Path) -> None:
    sweep = "  sweeper:\n    params:\n      schedule: 0.1*0.5^epoch, cos(epoch)\n"
    write(app / "conf/config.yaml", dedent(CONFIG) + sweep)
    write(
        app / "app.py",
        APP.replace("run()\n", "hydra.install()\n        hydra.install()\n        run()\n"),
    )
    done = jobs(app, "-m", "n=1")
    assert [job["schedule"] for job in done] == ["0.1*0.5^epoch", "cos(epoch)"]
    write(app / "conf/config.yaml", dedent(CONFIG) + sweep.replace("cos(", "coz("))
    assert "unknown function `coz`" in refusal(app, "-m")


def test_the_compose_api(app: Path) -> None:
    with initialize_config_dir(str(app / "conf"), version_base="1.3"):
        assert "mine" in names() and "cosine" in names() and named("nothing") is None
        words = hydra.overrides([f"optimizer.learning_rate={STEP}", "schedule=mine"])
        cfg = hydra.resolve(compose("config", overrides=words))
        assert cfg.optimizer.learning_rate == STEP
        assert cfg.schedule.params.p == 3
        with pytest.raises(hydra.ConfigError) as caught:
            words = hydra.overrides(["schedule=coz(epoch)", "optimizer.learning_rate=2^x"])
            hydra.resolve(compose("config", overrides=words))
    assert [error.name for error in caught.value.errors] == ["schedule", "optimizer.learning_rate"]
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and len(again.diagnostics) == 2
    assert isinstance(again, ValueError)


@pytest.mark.parametrize(
    "params", [[1], 5, False, "", "a", {1: 2}, {"a": None}, {"a": [1]}], ids=str
)
def test_params_of_other_types_are_refused(params: object) -> None:
    with pytest.raises(hydra.ConfigError) as caught:
        hydra.resolve(OmegaConf.create({"lr": {"expr": "1", "params": params}}))
    (found,) = caught.value.diagnostics
    assert found.code == "LRD017" and caught.value.errors[0].name.startswith(
        ("lr.params", "params")
    )


def test_a_number_that_no_float64_holds_is_refused() -> None:
    for value in (10**400, {"expr": 10**400}, float("inf"), float("nan")):
        with pytest.raises(hydra.ConfigError):
            hydra.resolve(OmegaConf.create({"lr": value}))
