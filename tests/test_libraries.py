"""Users' own library files: calls, positions in both texts, hiding, cycles, and travelling."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from pydantic import BaseModel, TypeAdapter, ValidationError

from lrdsl import Schedule, ScheduleError, Timeline
from lrdsl.cli import main
from lrdsl.errors.diagnostics import Span
from lrdsl.hydra import resolve
from lrdsl.language.user_library import load, problems

RUN = Timeline(steps_per_epoch=10, epochs=3)
MINE = """\
# Ours.

# Down from `peak` by `shape` after a warm-up.
# example: ours(0.1, cosine(1, 0), 1ep)
ours(peak, shape: schedule, w: time = 1ep) =
  linear(0, peak) for w
  then peak * shape

# Twice.
twice(x) = 2 * x
"""


def refused(expr: str, text: str, run: Timeline = RUN) -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        Schedule(expr, library={"mine.lrs": text}).value(0, run)
    return caught.value


def test_a_text_calls_a_users_definitions() -> None:
    schedule = Schedule("twice(ours(0.1, cosine(1, 0)))", library={"mine.lrs": MINE})
    assert schedule.value(5, RUN) == 0.1
    assert schedule.value(10, RUN) == 0.2 and schedule.value(20, RUN) == pytest.approx(0.1)
    assert schedule.check(RUN) == []


def test_files_are_read_and_travel_with_the_schedule(tmp_path: Path) -> None:
    path = tmp_path / "mine.lrs"
    path.write_text(MINE)
    schedule = Schedule("twice(0.1)", library=path)
    path.unlink()
    copy = pickle.loads(pickle.dumps(schedule))
    assert copy == schedule and hash(copy) == hash(schedule) and copy.value(0, RUN) == 0.2
    again = Schedule.model_validate_json(schedule.model_dump_json())
    assert again.value(0, RUN) == 0.2


def test_several_files_are_read_in_their_order(tmp_path: Path) -> None:
    for name, text in (("a.lrs", MINE), ("b.lrs", "thrice(x) = twice(x) + x\n")):
        (tmp_path / name).write_text(text)
    paths = [tmp_path / "a.lrs", str(tmp_path / "b.lrs")]
    schedule = Schedule("thrice(1)", library=paths)
    assert schedule.value(0, RUN) == 3 and [*schedule.library] == [str(each) for each in paths]
    assert Schedule("1", library=[]).library == {}


class Config(BaseModel):
    lr: Schedule


def test_a_field_takes_texts_by_name() -> None:
    given = {"expr": "twice(1)", "library": {"mine.lrs": MINE}}
    schedule = Schedule("twice(1)", library={"mine.lrs": MINE})
    assert Config.model_validate({"lr": given}).lr == schedule == Schedule(given)
    assert Config.model_validate_json(json.dumps({"lr": given})).lr == schedule


@pytest.mark.parametrize("path", [str, lambda path: [str(path)], lambda path: path])
def test_data_names_no_files(tmp_path: Path, path: Callable[[Path], Any]) -> None:
    (tmp_path / "mine.lrs").write_text(MINE)
    given = {"expr": "twice(1)", "library": path(tmp_path / "mine.lrs")}
    asked: list[Callable[[], Any]] = [
        lambda: Config.model_validate({"lr": given}),
        lambda: Config.model_validate_json(json.dumps({"lr": given}, default=str)),
        lambda: Config(lr=given),  # type: ignore[arg-type]
        lambda: Schedule.model_validate(given),
        lambda: TypeAdapter(list[Schedule]).validate_python([given]),
        lambda: Schedule(given),
    ]
    for ask in asked:
        with pytest.raises(ValidationError, match="holds the texts of library files by name"):
            ask()


def test_keras_keeps_the_text_of_the_library() -> None:
    import keras

    rate = Schedule("twice(0.1)", library={"mine.lrs": MINE}).to_keras(RUN)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(rate))
    assert float(copy(0)) == float(rate(0)) == pytest.approx(0.2)


def test_keras_reads_a_file_for_a_caller_and_none_for_a_saved_model(tmp_path: Path) -> None:
    import lrdsl.keras
    from lrdsl.convert import convert

    (tmp_path / "mine.lrs").write_text(MINE)
    library = str(tmp_path / "mine.lrs")
    rate = lrdsl.keras.Schedule("twice(0.1)", library=library)
    assert rate.get_config()["library"] == {library: MINE}
    config = {**rate.get_config(), "library": library}
    saved = {"class_name": "lrdsl>Schedule", "config": config}
    for ask in (lambda: type(rate).from_config(config), lambda: convert("keras", saved)):
        with pytest.raises(ValidationError, match="holds the texts of library files by name"):
            ask()


def test_loading_a_saved_model_opens_no_file(tmp_path: Path) -> None:
    import keras

    import lrdsl.keras

    secret = tmp_path / "secret"
    secret.write_text("a password")
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(lrdsl.keras.Schedule("0.1", library={"m.lrs": MINE})), "mse")
    model.save(tmp_path / "good.keras")
    with (
        zipfile.ZipFile(tmp_path / "good.keras") as good,
        zipfile.ZipFile(tmp_path / "bad.keras", "w") as bad,
    ):
        for name in good.namelist():
            text = good.read(name)
            if name == "config.json":
                config = json.loads(text)
                optimizer = config["compile_config"]["optimizer"]["config"]
                optimizer["learning_rate"]["config"]["library"] = str(secret)
                text = json.dumps(config).encode()
            bad.writestr(name, text)
    assert keras.saving.load_model(tmp_path / "good.keras").optimizer is not None
    with pytest.raises(Exception, match="holds the texts of library files by name") as caught:
        keras.saving.load_model(tmp_path / "bad.keras")
    assert "a password" not in str(caught.value)


def test_an_error_points_into_the_file_and_at_the_call() -> None:
    error = refused(
        "0.1 * outer(3)", "# A.\nouter(x) =\n  inner(x) + 1\n\n# B.\ninner(x) = flor(x)\n"
    )
    assert str(error) == (
        "error[LRD010]: unknown function `flor`\n"
        " --> mine.lrs:6:12\n"
        "  |\n"
        "6 | inner(x) = flor(x)\n"
        "  |            ^^^^\n"
        " ::: schedule:1:7\n"
        "  |\n"
        "1 | 0.1 * outer(3)\n"
        "  |       ----- called here\n"
        "  = help: did you mean `floor`?"
    )


def test_an_error_that_a_timeline_shows_points_at_both_too() -> None:
    error = refused("f(1)", "f(x) = x * 5% / 1ep\n", Timeline(steps_per_epoch=10))
    lines = str(error).splitlines()
    assert lines[0].startswith("error[LRD403]: in `f`: `5%` needs the length of the run")
    assert " --> schedule:1:1" in lines and " ::: mine.lrs:1:12" in lines


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("f(x) = x +\n", ["LRD002"]),
        ("f(x) = g(x)\ng(x) = f(x)\n", ["LRD019"]),
        ("f(x) = f(x)\n", ["LRD019"]),
        ("f(x: tme) = x\n", ["LRD020"]),
        ("f(x, x) = x\n", ["LRD020"]),
        ("hello\nf(x) = x\n", ["LRD020"]),
        ("x = 3\n", ["LRD020"]),
        ("f(x) = x\nf(y) = y\n", ["LRD015"]),
        ("f(x: time) = x\n", ["LRD101"]),
        ("f(x) = prev * x\n", ["LRD016"]),
        ("f(x: numbers) = x\n", ["LRD103"]),
        ("f(x = 5ep) = x\n", ["LRD101"]),
    ],
)
def test_files_are_checked_as_a_whole(text: str, codes: list[str]) -> None:
    found = [each for _, each in load((("mine.lrs", text),)).found]
    assert [each.code for each in found if each.severity == "error"] == codes
    for each in found:
        assert each.source is not None and each.source.name == "mine.lrs"
        assert 0 <= each.span.start < each.span.end <= len(text) + 1


def test_each_circle_of_definitions_is_named_once_where_it_begins() -> None:
    text = "a(x) = b(x) + d(x)\nb(x) = c(x) + 1\nc(x) = d(x) * b(x)\nd(x) = d(x) + 1\ne(x) = a(x)\n"
    found = [each.message for _, each in load((("mine.lrs", text),)).found]
    assert found == ["`b` calls itself through `c`", "`d` calls itself"]


def chain(count: int, body: str, first: str = "f0(x) = x") -> str:
    """Definitions of which each calls the one before."""
    rest = (f"f{k}(x) = {body.format(f'f{k - 1}(x)')}" for k in range(1, count))
    return "\n".join([first, *rest])


@pytest.mark.parametrize("body", ["{0} + 1", "{0} + {0}", "min({0}, {0}) * {0}"])
def test_long_chains_of_definitions_are_checked_in_no_time(body: str) -> None:
    for count, seconds in ((300, 1), (3_000, 10)):
        files = (("mine.lrs", chain(count, body)),)
        start = time.process_time()
        assert problems(f"f{count - 1}(step)", {}, files) == []
        assert time.process_time() - start < seconds


def test_a_long_circle_and_a_mistake_at_the_end_of_a_chain_are_found() -> None:
    ring = chain(3_000, "{0} + 1", "f0(x) = f2999(x)")
    (found,) = problems("f2999(1)", {}, (("mine.lrs", ring),))
    assert found.message == "`f0` calls itself through `f2999`"
    wrong = chain(3_000, "{0} + 1", "f0(x) = x + 5ep")
    (found,) = problems("1 + f2999(2)", {}, (("mine.lrs", wrong),))
    assert (found.code, found.labels[0].span) == ("LRD101", Span(4, 9))


def test_a_definition_in_two_files_is_refused() -> None:
    files = (("a.lrs", "f(x) = x\n"), ("b.lrs", "f(x) = 2 * x\n"))
    assert [each.code for _, each in load(files).found] == ["LRD015"]


def test_hiding_a_built_in_is_a_warning_and_does_not_reach_the_standard_library() -> None:
    text = "arc(a, b, u) = 7\n\nfloor(x) = 5\n"
    schedule = Schedule("cosine(0.1, 0) + arc(1, 2, 3) + floor(0.5)", library={"m.lrs": text})
    assert schedule.value(0, RUN) == 12.1
    found = schedule.check(RUN)
    assert [(each.code, each.severity) for each in found] == [("LRD014", "warning")] * 2


def test_a_schedule_argument_runs_where_it_is_put() -> None:
    text = "again(x: schedule, n: time) = cycle(x, n)\n\nonce(x, n: time) = cycle(x, n)\n"
    again = Schedule("again(t / 1st + 100 * lap, 4st)", library={"m.lrs": text})
    assert [again.value(step, RUN) for step in (3, 4, 9)] == [3, 100, 201]
    once = Schedule("once(t / 1st, 4st)", library={"m.lrs": text})
    assert [once.value(step, RUN) for step in (3, 4, 9)] == [3, 4, 9]


def command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, timeout=300
    )


def test_the_commands_take_library_files(tmp_path: Path) -> None:
    (tmp_path / "mine.lrs").write_text(MINE)
    (tmp_path / "c.yaml").write_text("lr: twice(0.1)\n")
    for words in (["-e", "twice(0.1)"], ["c.yaml"]):
        assert command("lrdsl", "check", *words, cwd=tmp_path).returncode == 1
        named = command("lrdsl", "check", *words, "--library", "mine.lrs", cwd=tmp_path)
        assert named.returncode == 0, named.stdout
    shown = command("lrdsl", "eval", "twice(3)", "--at", "0", "--library", "mine.lrs", cwd=tmp_path)
    assert shown.stdout == "0 6.0\n"
    listed = command("lrdsl", "functions", "--library", "mine.lrs", cwd=tmp_path)
    assert listed.returncode == 0 and "ours(peak, shape: schedule" in listed.stdout
    page = command("lrdsl", "explain", "twice", "--library", "mine.lrs", cwd=tmp_path)
    assert page.returncode == 0 and "twice(x) = 2 * x" in page.stdout
    (tmp_path / "broken.lrs").write_text("f(x) = flor(x)\n")
    broken = command("lrdsl", "functions", "--library", "broken.lrs", cwd=tmp_path)
    assert broken.returncode == 1 and "broken.lrs:1:8" in broken.stderr
    missing = command("lrdsl", "eval", "1", "--at", "0", "--library", "no.lrs", cwd=tmp_path)
    assert missing.returncode == 2 and "`no.lrs` cannot be read" in missing.stderr


def test_a_project_names_its_library_files(tmp_path: Path) -> None:
    (tmp_path / "mine.lrs").write_text(MINE)
    (tmp_path / "pyproject.toml").write_text('[tool.lrdsl]\nlibraries = ["mine.lrs"]\n')
    below = tmp_path / "conf"
    below.mkdir()
    for folder in (tmp_path, below):
        assert command("lrdsl", "check", "-e", "twice(0.1)", cwd=folder).returncode == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tool.lrdsl]\nlibraries = 3\n", "`tool.lrdsl.libraries` is a list of file names"),
        ('[tool.lrdsl]\nlibraries = "a.lrs"\n', "`tool.lrdsl.libraries` is a list of file names"),
        ("[tool.lrdsl]\nlibraries = [3]\n", "`tool.lrdsl.libraries` is a list of file names"),
        ("[tool.lrdsl.libraries]\n", "`tool.lrdsl.libraries` is a list of file names"),
        ('[tool]\nlrdsl = "a.lrs"\n', "`tool.lrdsl` is a table"),
        ("[[tool.lrdsl]]\nlibraries = []\n", "`tool.lrdsl` is a table"),
        ("tool = []  # lrdsl\n", "`tool` is a table"),
        ("tool = 5  # lrdsl\n", "`tool` is a table"),
        ('[tool.lrdsl]\nlibraries = ["no.lrs"]\n', "`no.lrs` cannot be read: No such file"),
        ('[tool.lrdsl]\nlibraries = ["."]\n', "`.` cannot be read: not a regular file"),
        ('[tool.lrdsl]\nlibraries = ["a\\u0000b"]\n', "no file has such a name"),
        ("[tool.lrdsl]\nx = " + "[" * 5000, "cannot be read"),
    ],
)
def test_a_project_that_cannot_be_used_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    text: str, says: str,
) -> None:  # fmt: skip
    (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["eval", "0.1", "--at", "0"]) == 2
    error = capsys.readouterr().err
    assert says in error and "internal error" not in error


def test_only_a_project_that_mentions_the_tool_must_be_readable(tmp_path: Path) -> None:
    for text, code in (("[tool.other", 0), ("[tool.lrdsl", 2), ("[tool.lrdsl]\n[tool.lrdsl]", 2)):
        (tmp_path / "pyproject.toml").write_text(text)
        assert command("lrdsl", "check", "-e", "0.1", cwd=tmp_path).returncode == code


def unreadable(folder: Path) -> dict[str, str]:
    """Paths that are no library files, and why."""
    (folder / "folder").mkdir()
    (folder / "large.lrs").write_text("# long\n" * 2**18)
    (folder / "binary.lrs").write_bytes(b"\xff\xfe")
    (folder / "loop.lrs").symlink_to(folder / "loop.lrs")
    found = {
        "no.lrs": "No such file or directory",
        "folder": "not a regular file",
        "large.lrs": "larger than 1 MiB",
        "binary.lrs": "not UTF-8",
        "loop.lrs": "Too many levels of symbolic links",
        "long" * 1000: "File name too long",
    }
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.lrs")
        found["pipe.lrs"] = "not a regular file"
    if os.path.exists("/dev/zero"):
        (folder / "zero.lrs").symlink_to("/dev/zero")
        found["zero.lrs"] = "not a regular file"
    return found


def test_what_is_no_library_file_is_refused_at_every_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for path, reason in unreadable(tmp_path).items():
        says = f"`{path}` cannot be read: {reason}"
        assert main(["eval", "0.1", "--at", "0", "--library", path]) == 2
        assert capsys.readouterr().err == f"error: {says}\n"
        with pytest.raises(ScheduleError) as caught:
            Schedule("0.1", library=path)
        (found,) = caught.value.diagnostics
        assert (found.code, found.message) == ("LRD021", says)
        config = OmegaConf.create({"lr": "0.1", "lrdsl": {"library": [path]}})
        with pytest.raises(ScheduleError) as caught:
            resolve(config)
        (found,) = caught.value.diagnostics
        assert (found.code, found.message) == ("LRD021", says)
        Path("pyproject.toml").write_text(f"[tool.lrdsl]\nlibraries = ['{path}']\n")
        assert main(["eval", "0.1", "--at", "0"]) == 2
        assert capsys.readouterr().err == f"error: {says}\n"
        Path("pyproject.toml").unlink()


@pytest.mark.parametrize("library", [5, False, "", [5], {"a.lrs": 5}, {5: "a"}])
def test_a_config_that_names_no_library_is_refused(library: object) -> None:
    with pytest.raises(ScheduleError) as caught:
        resolve(OmegaConf.create({"lr": "0.1", "lrdsl": {"library": library}}))
    assert [each.code for each in caught.value.diagnostics] == ["LRD021"]


def test_a_config_may_hold_the_texts_themselves() -> None:
    config = OmegaConf.create({"lr": "twice(0.1)", "lrdsl": {"library": {"mine": MINE}}})
    assert resolve(config) is config


def test_a_training_run_takes_library_files(tmp_path: Path) -> None:
    (tmp_path / "mine.lrs").write_text(MINE)
    words = ["schedule=twice(0.01)", "trainer.epochs=1", "data.limit=128", "trainer.progress=none"]
    refused = command("lrdsl.training.app", *words, cwd=tmp_path)
    assert refused.returncode == 1 and "unknown function `twice`" in refused.stderr
    done = command("lrdsl.training.app", *words, "lrdsl.library=mine.lrs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (rates,) = tmp_path.glob("outputs/*/*/lr.csv")
    assert rates.read_text().splitlines()[1].endswith(",0.02")
    gone = command("lrdsl.training.app", *words, "lrdsl.library=no.lrs", cwd=tmp_path)
    assert gone.returncode == 1 and "LRD021" in gone.stderr and "Traceback" not in gone.stderr
    inside = "schedule={expr: twice(0.01), library: mine.lrs}"
    assert command("lrdsl.training.app", inside, *words[1:], cwd=tmp_path).returncode == 0
