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
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import OmegaConf

from lrdsl import hydra
from lrdsl.configs.hydra_values import quoted, split
from lrdsl.resources import resource_dir


def parse_override(word: str) -> Override:
    return OverridesParser.create().parse_override(word)


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
    "schedule=choice(0.1*0.5^epoch,cos(epoch))": "schedule=choice('0.1*0.5^epoch','cos(epoch)')",
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
    "schedule=choice('0.5^epoch','cos(epoch)')",
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
    # other people's words, also under keys that look like ours
    "text=str('a;b')",
    "list=extend_list('a;b')",
    "text=choice('1','2')",
    "opt.lr=[0.1,0.2]",
    "opt.lr=auto",
    "noise.schedule=sqrt",
    "noise.schedule=cosine",
    "lrdsl/schedule@optimizer.learning_rate=linear",
    "+lrdsl/schedule@opt.lr=cosine",
    "opt.lr=a!b",
    # not a schedule's key, not an expression: Hydra shall refuse them itself
    "x=foo(bar)",
    "m=a^b",
    "m=2^",
    "n=int(epoch/10)",
    "word",
]


@pytest.mark.parametrize("word", REWRITTEN)
def test_what_hydra_refuses_is_quoted(word: str) -> None:
    assert hydra.overrides([word]) == [REWRITTEN[word]]
    assert parse_override(REWRITTEN[word])
    assert hydra.overrides([REWRITTEN[word]]) == [REWRITTEN[word]]


@pytest.mark.parametrize("word", UNTOUCHED)
def test_what_hydra_reads_keeps_its_meaning(word: str) -> None:
    assert hydra.overrides([word]) == [word]


@given(st.text(st.sampled_from("\\'\"ab,()[]{}^ =#${}\n"), max_size=12))
def test_a_quoted_text_is_read_back_by_hydra(text: str) -> None:
    for mark in "'\"":
        override = parse_override(f"key={quoted(text, mark)}")
        assert override.value() == text


@given(st.text(st.sampled_from("ab,()[]'\"= where\\"), max_size=30))
def test_splitting_loses_nothing(text: str) -> None:
    assert "".join("".join(split(text)).split()).replace(",", "") == "".join(text.split()).replace(
        ",", ""
    )


def test_quote_gives_the_word_for_shell_and_hydra() -> None:
    for expression in (STEP, "cosine(p) where p = 1, q = 2", "it's"):
        (word,) = shlex.split(hydra.quote(f"+a.b={expression}"))
        override = parse_override(word)
        assert override.value() == expression
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
    assert hydra.constant("pick([1, 2, 3], 1)") == 2
    assert hydra.constant("5e4 // 128  # step, epoch, cosine(1, 0)\n* 90") == 35100
    assert hydra.constant("2 * drop where drop = 3") == 6
    for text in (
        "step * 2",
        "warmup(5st)",
        "5ep",
        "nonsense",
        "pick([1], epoch)",
        "__import__('os')",
    ):
        with pytest.raises(Exception, match=r"constant|number|unknown|unexpected"):
            hydra.constant(text)


SHIPPED = {
    file.stem: OmegaConf.to_container(OmegaConf.load(file))
    for file in (resource_dir("conf") / "lrdsl/schedule").glob("*.yaml")
}


def test_every_shipped_schedule_is_valid_and_has_numbers() -> None:
    from lrdsl.language.user_library import problems

    assert len(SHIPPED) >= 20
    for name, schedule in SHIPPED.items():
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
    assert job["schedule"] == {"expr": "cosine(peak, end)", "params": {"peak": 0.2, "end": 0}}
    (job,) = jobs(app, "optimizer.learning_rate=mine", "+experiment=good", "schedule=mine")
    mine = {"expr": "p^2", "params": {"p": 3}}
    assert job["optimizer"] == {"learning_rate": mine} and job["schedule"] == mine
    done = jobs(app, "-m", "schedule=mine,p+1", "schedule.params.p=4,5")
    assert [job["schedule"] for job in done] == [
        {"expr": expr, "params": {"p": p}} for expr in ("p^2", "p+1") for p in (4, 5)
    ]
    (job,) = jobs(app, "+lrdsl/schedule@schedule=step_decay")
    assert job["schedule"] == SHIPPED["step_decay"]
    shown = start(app, "--info", "searchpath").stdout
    assert "lrdsl://" in shown and "pkg://lrdsl.conf" not in shown
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
    told = refusal(app, "schedule=xyzzy")
    assert "the names are" in told and "leave `schedule` out of `schedule_keys`" in told
    told = refusal(app, "schedule=[1,2]")
    assert "not a list" in told and "leave `schedule` out of `schedule_keys`" in told
    assert "not a truth value" in refusal(app, "optimizer.learning_rate=true")
    assert "optimizer.learning_rate:1:3" in refusal(app, "optimizer.learning_rate=2*x^2")
    assert "schedule.expr:1:1" in refusal(app, "schedule={expr: q^2, params: {p: 1}}")
    write(app / "conf/lrdsl/schedule/empty.yaml", "params: {p: 3}")
    assert "no schedule is called `empty`" in refusal(app, "schedule=empty")
    assert "not null" in refusal(app, "schedule={expr: null}")
    assert not (app / "outputs").exists()


def test_a_broken_schedule_in_a_file_is_told_too(app: Path) -> None:
    write(app / "conf/config.yaml", CONFIG.replace("schedule: 0.1", "schedule: 0.1 * coz(epoch)"))
    assert "unknown function `coz`" in refusal(app)
    assert jobs(app, "schedule=0.1")


def test_what_only_the_job_can_resolve_is_checked_inside_it(app: Path) -> None:
    text = "schedule: 0.1 * coz(${hydra:job.name})"
    write(app / "conf/config.yaml", CONFIG.replace("schedule: 0.1", text))
    assert "unknown function `coz`" in refusal(app)
    assert schedules(app, "schedule=cosine") == [cosine()]


def test_hydra_still_refuses_what_is_not_ours(app: Path) -> None:
    assert "Ambiguous value" in refusal(app, f"schedule={STEP},0.2")
    assert "foo" in refusal(app, "n=foo(bar)")
    assert "nokey" in refusal(app, "nokey=0.5^epoch")


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


# Another app of somebody else; with sweepers and launchers as there are, in `hydra_plugins`.
PLUGINS = """
    import subprocess, sys
    from hydra.core.config_store import ConfigStore
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.plugins import Plugins
    from hydra.core.singleton import Singleton
    from hydra.core.utils import JobReturn, JobStatus
    from hydra.plugins.launcher import Launcher
    from hydra.plugins.sweeper import Sweeper
    try:
        import cloudpickle
    except ImportError:
        from joblib.externals import cloudpickle

    class FixedLast(Sweeper):
        "As Optuna's: what is swept comes first, and what is fixed last."

        def __init__(self, params=None):
            self.params = params or {}

        def setup(self, *, hydra_context, task_function, config):
            self.launcher = Plugins.instance().instantiate_launcher(
                hydra_context=hydra_context, task_function=task_function, config=config
            )

        def sweep(self, arguments):
            words = [f"{key}={value}" for key, value in self.params.items()] + arguments
            jobs, fixed = [[]], []
            for each in OverridesParser.create().parse_overrides(words):
                key = each.get_key_element()
                if each.is_interval_sweep():
                    jobs = [[*job, f"{key}={each.value().start}"] for job in jobs]
                elif each.is_sweep_override():
                    texts = list(each.sweep_string_iterator())
                    jobs = [[*job, f"{key}={text}"] for job in jobs for text in texts]
                else:
                    fixed.append(f"{key}={each.get_value_element_as_str()}")
            return self.launcher.launch([[*job, *fixed] for job in jobs], initial_job_idx=0)

    class Elsewhere(Launcher):
        "As Joblib's: a job is composed and run in another process."

        def setup(self, *, hydra_context, task_function, config):
            self.context, self.task, self.config = hydra_context, task_function, config

        def launch(self, job_overrides, initial_job_idx):
            context = self.context
            for number, words in enumerate(job_overrides):
                state = Singleton.get_state()
                job = cloudpickle.dumps((context, self.task, self.config, words, state, number))
                command = [sys.executable, "-c", CHILD]
                done = subprocess.run(command, input=job, stdout=subprocess.PIPE, check=True)
                print(done.stdout.decode(), end="", flush=True)
            done = JobReturn(status=JobStatus.COMPLETED)
            return [done] * len(job_overrides)

    CHILD = '''if True:
        import pickle, sys
        from hydra.core.singleton import Singleton
        from hydra.core.utils import run_job, setup_globals
        context, task, config, words, state, number = pickle.load(sys.stdin.buffer)
        setup_globals()
        Singleton.set_state(state)
        cfg = context.config_loader.load_sweep_config(config, words)
        cfg.hydra.job.id = cfg.hydra.job.num = number
        run_job(
            hydra_context=context, task_function=task, config=cfg,
            job_dir_key="hydra.sweep.dir", job_subdir_key="hydra.sweep.subdir",
        ).return_value
    '''
    for group, each in {"sweeper": FixedLast, "launcher": Elsewhere}.items():
        node = {"_target_": f"{__name__}.{each.__name__}"}
        ConfigStore.instance().store(group=f"hydra/{group}", name="theirs", node=node)
"""


def schedules(app: Path, *words: str) -> list[object]:
    """The schedules that the jobs of a command received."""
    return [job["schedule"] for job in jobs(app, *words)]


def cosine(peak: float = 0.1, end: float = 0) -> object:
    return {"expr": "cosine(peak, end)", "params": {"peak": peak, "end": end}}


@pytest.mark.parametrize("launcher", ["basic", "theirs"], ids=["here", "elsewhere"])
def test_the_order_of_words_makes_no_difference(app: Path, launcher: str) -> None:
    write(app / "hydra_plugins/theirs.py", PLUGINS)
    basic, theirs = ("-m", f"hydra/launcher={launcher}"), ("-m", "hydra/sweeper=theirs")
    theirs = (*theirs, *basic[1:])
    peak = "schedule.params.peak=interval(0.001,0.1)"
    assert schedules(app, *theirs, "schedule=cosine", peak) == [cosine(0.001)]
    linear = {"expr": "linear(start, end)", "params": {"start": 0.1, "end": 0.02}}
    end, names = "schedule.params.end=0.02", "schedule=cosine,linear"
    assert schedules(app, *theirs, names, end) == [cosine(end=0.02), linear]
    assert schedules(app, *basic, end, names) == [cosine(end=0.02), linear]
    powers = [{"expr": "p^q", "params": {"p": 2, "q": q}} for q in (3, 4)]
    words = ["schedule.params.q=3,4", "schedule=p^q", "schedule.params.p=2"]
    assert schedules(app, *theirs, *words) == powers
    assert schedules(app, *basic, *reversed(words)) == powers


def test_nothing_of_the_old_schedule_is_left(app: Path) -> None:
    old = "schedule: {expr: a * b, params: {a: 1, b: 2}, library: null}"
    write(app / "conf/config.yaml", CONFIG.replace("schedule: 0.1", old))
    assert schedules(app, "schedule=cosine") == [cosine()]
    assert schedules(app, "schedule.params.end=1", "schedule=cosine") == [cosine(end=1)]
    assert schedules(app, "schedule={expr: c, params: {c: 3}}") == [
        {"expr": "c", "params": {"c": 3}}
    ]
    assert schedules(app, "schedule.params.a=5")[0]["params"] == {"a": 5, "b": 2}  # type: ignore
    assert schedules(app, "schedule=0.5") == [0.5]


def test_every_option_of_hydra_passes(app: Path) -> None:
    for option in (["-c", "job"], ["--cfg", "job"], ["--cfg=job"], ["--cf", "job"], ["-cjob"]):
        shown = start(app, *option, "schedule=coz(epoch)")
        assert shown.returncode == 0 and "schedule: coz(epoch)" in shown.stdout, shown.stderr
    (job,) = jobs(app, "--config-n", "config", "--config-dir", "conf", "lr0=2", "--run")
    assert job["lr0"] == 2
    assert len(jobs(app, "--multi", "lr0=1,2")) == 2
    write(app / "conf/lr=2^2.yaml", "schedule: 1")
    (job,) = jobs(app, "-cn", "lr=2^2", "+lr=2^2")
    assert job == {"schedule": 1, "lr": "2^2"}
    assert "ambiguous option" in start(app, "--config", "job").stderr  # to Hydra, too


def test_groups_are_hydras(app: Path) -> None:
    (job,) = jobs(app, "+lrdsl/schedule@opt.lr=cosine", "opt.lr.params.peak=3")
    assert job["opt"] == {"lr": cosine(3)}
    default = "defaults: [_self_, {lrdsl/schedule@optimizer.learning_rate: cosine}]\n"
    write(app / "conf/config.yaml", default + dedent(CONFIG))
    (job,) = jobs(app, "lrdsl/schedule@optimizer.learning_rate=linear")
    assert job["optimizer"]["learning_rate"] == SHIPPED["linear"]  # type: ignore[index]
    write(app / "conf/schedule/daily.yaml", "hour: 5")
    write(app / "conf/schedule/cosine.yaml", "hour: 6")
    default = "defaults: [_self_, {schedule: daily}]\n"
    write(app / "conf/config.yaml", default + dedent(CONFIG.replace("schedule: 0.1", "")))
    assert schedules(app) == [{"hour": 5}]
    assert schedules(app, "schedule=cosine", "schedule.hour=7") == [{"hour": 7}]
    assert schedules(app, "-m", "schedule=cosine,daily") == [{"hour": 6}, {"hour": 5}]


TYPED = APP.replace(
    "@hydra.main",
    """
    from dataclasses import dataclass, field
    from typing import Any
    from hydra.core.config_store import ConfigStore

    @dataclass
    class ScheduleConf:
        expr: str = "a"
        params: dict[str, Any] = field(default_factory=lambda: {"a": 1})

    @dataclass
    class Config:
        lr: str = "cosine"
        learning_rate: float | str = 0.1
        schedule: ScheduleConf = field(default_factory=ScheduleConf)

    ConfigStore.instance().store(name="typed", node=Config)

    @hydra.main""",
).replace('config_name="config"', 'config_name="typed"')


def test_typed_configs(app: Path) -> None:
    write(app / "app.py", TYPED)
    text = "cosine(peak, end) where peak = 0.1, end = 0"
    old = {"expr": "a", "params": {"a": 1}}
    assert jobs(app) == [{"lr": text, "learning_rate": 0.1, "schedule": old}]
    words = ["lr=mine", "learning_rate=cosine", "schedule=cosine", "schedule.params.peak=1"]
    job = {"lr": "p^2 where p = 3", "learning_rate": text, "schedule": cosine(1)}
    assert jobs(app, *words) == [job]
    assert jobs(app, "-m", "lr=0.5^epoch,cosine", "learning_rate=2.5") == [
        {"lr": lr, "learning_rate": 2.5, "schedule": old} for lr in ("0.5^epoch", text)
    ]
    assert "lr.params.peak" in refusal(app, "lr=cosine", "lr.params.peak=1")


def test_keys_that_only_look_like_ours_are_left_alone(app: Path) -> None:
    theirs = """
        opt: {lr: [0.1, 0.2]}
        cron: {schedule: daily}
        noise: {schedule: cosine, learning_rate: true}
        text: a
    """
    write(app / "conf/config.yaml", dedent(CONFIG) + dedent(theirs))
    (job,) = jobs(app, "cron.schedule='0 5 * * *'")
    assert job["opt"] == {"lr": [0.1, 0.2]} and job["cron"] == {"schedule": "0 5 * * *"}
    assert job["noise"] == {"schedule": "cosine", "learning_rate": True}
    words = ["opt.lr=auto", "noise.schedule=sqrt", "cron.schedule=linear warmup"]
    (job,) = jobs(app, *words, "text=str('a;b')")
    assert job["opt"] == {"lr": "auto"} and job["noise"]["schedule"] == "sqrt"  # type: ignore
    assert job["cron"] == {"schedule": "linear warmup"} and job["text"] == "a;b"
    done = jobs(app, "-m", "text=choice('1','2')")
    assert [job["text"] for job in done] == [1, 2]  # as with Hydra alone
    # what is an expression, mistakes and all, is checked there, too
    assert "unknown function `flor`" in refusal(app, "opt.lr=flor(epoch)")


def test_a_sweep_by_functions_of_hydra_keeps_expressions(app: Path) -> None:
    expressions = ["0.5^epoch", "cos(epoch)"]
    for words in ("choice('0.5^epoch','cos(epoch)')", "tag(a,choice(0.5^epoch,cos(epoch)))"):
        assert schedules(app, "-m", f"schedule={words}") == expressions
    assert sorted(schedules(app, "-m", "schedule=shuffle(0.5^epoch,cos(epoch))")) == expressions  # type: ignore


def test_sweeps_in_yaml(app: Path) -> None:
    sweep = "  sweeper:\n    params:\n      schedule: 0.1*0.5^epoch, cosine\n"
    write(app / "conf/config.yaml", dedent(CONFIG) + sweep)
    assert schedules(app, "-m", "schedule.params.end=1") == [
        {"expr": "0.1*0.5^epoch", "params": {"end": 1}}, cosine(end=1),
    ]  # fmt: skip
    write(app / "conf/config.yaml", dedent(CONFIG) + sweep.replace("cosine", "coz(epoch)"))
    assert "unknown function `coz`" in refusal(app, "-m")


def test_the_rest_of_hydra_is_there() -> None:
    import hydra as plain

    for name in ("utils", "compose", "initialize", "initialize_config_module", "errors", "core"):
        assert getattr(hydra, name) is getattr(plain, name)
    with pytest.raises(AttributeError):
        hydra.nothing  # noqa: B018
    assert hydra.main is not plain.main


def test_a_run_composes_no_more_than_with_hydra_alone(app: Path) -> None:
    counting = APP.replace(
        "@hydra.main",
        """
    read = OmegaConf.load
    def load(file):
        print("READ", file)
        return read(file)
    OmegaConf.load = load

    @hydra.main""",
    ).replace('print("JOB"', 'print("lark" in sys.modules, "JOB"')
    said = []
    for line in ("from lrdsl import hydra", "import hydra"):
        write(app / "app.py", counting.replace("from lrdsl import hydra", line))
        said.append(start(app, "n=3", "schedule=0.2", "optimizer.learning_rate=2").stdout)
    assert said[0] == said[1] and said[0].count("READ") and "False JOB" in said[0]


def test_instantiate_shows_the_place_of_a_mistake(app: Path) -> None:
    target = "rate: {_target_: lrdsl.Schedule, expr: 0.1 * coz(epoch)}"
    write(app / "conf/config.yaml", dedent(CONFIG) + target)
    write(app / "app.py", APP.replace("print(", "hydra.utils.instantiate(cfg.rate); print("))
    told = start(app).stderr
    assert "1 | 0.1 * coz(epoch)\n  |       ^^^\n" in told


def test_install(app: Path) -> None:
    write(
        app / "app.py",
        """
        import json
        from lrdsl import hydra
        from omegaconf import OmegaConf

        hydra.install()
        hydra.install()
        with hydra.initialize(config_path="conf", version_base="1.3"):
            words = ["schedule.params.end=0.5^2", "schedule=cosine", "optimizer.learning_rate=2^2"]
            print("JOB", json.dumps(OmegaConf.to_container(hydra.compose("config", words))))
        """,
    )
    (job,) = jobs(app)
    assert job["schedule"] == cosine(end="0.5^2")  # type: ignore[arg-type]
    assert job["optimizer"] == {"learning_rate": "2^2"}


def test_the_compose_api(app: Path) -> None:
    with initialize_config_dir(str(app / "conf"), version_base="1.3"):
        words = hydra.overrides([f"optimizer.learning_rate={STEP}", "schedule=mine"])
        cfg = hydra.resolve(compose("config", overrides=words))
        assert cfg.optimizer.learning_rate == STEP
        assert cfg.schedule.params.p == 3
        with pytest.raises(hydra.ConfigError) as caught:
            words = hydra.overrides(["schedule=coz(epoch)", "optimizer.learning_rate=2^x"])
            hydra.resolve(compose("config", overrides=words))
        words = ["schedule.params.peak=3", "optimizer.learning_rate=p", "schedule=cosine"]
        words = hydra.overrides([*words, "+optimizer.learning_rate.params.p=5ep"])
        cfg = compose("config", overrides=words)
        assert cfg.schedule == cosine(3)
        assert cfg.optimizer.learning_rate == {"expr": "p", "params": {"p": "5ep"}}
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
