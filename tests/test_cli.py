"""The command `lrdsl` as a user runs it: output, exit codes, and what it does not load."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lrdsl import Schedule, Timeline, __version__
from lrdsl.cli import COMMANDS, main
from lrdsl.errors.codes import CODES
from lrdsl.language.library import STANDARD

RUN = ["--steps-per-epoch", "391", "--epochs", "90"]
Output = pytest.CaptureFixture[str]


def lrdsl(*words: str, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lrdsl", *words],
        input=stdin, capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, **variables}, timeout=60,
    )  # fmt: skip


def test_check_exit_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "a.yaml").write_text("lr: 0.1 * 0.5^epoch")
    (tmp_path / "good" / ".hidden.yaml").write_text("lr: flor(1)")
    (tmp_path / "bad.yml").write_text("lr: flor(1)")
    (tmp_path / "warned.yaml").write_text("lr: yes")
    (tmp_path / "told.yaml").write_text("schedule: every day")
    (tmp_path / "none.yaml").write_text("a: 1")
    (tmp_path / "other.txt").write_text("lr: flor(1)")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "good"]) == 0
    assert main(["check"]) == 1
    assert main(["check", "warned.yaml"]) == 1
    assert main(["check", "told.yaml"]) == 0
    assert main(["check", "none.yaml"]) == 3
    assert main(["check", "missing.yaml", "good"]) == 2
    assert main(["check", "other.txt"]) == 1
    assert main(["check", "-e", "0.1", "-e", "-epoch"]) == 0
    assert main(["check", "--expr", "flor(1)"]) == 1
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_check_reports_in_a_fixed_order(tmp_path: Path, capsys: Output) -> None:
    for name in ("b.yaml", "a/z.yml", "a.yaml", "c/d/e.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("lr: flor(1)")
    main(["check", str(tmp_path)])
    lines = [line for line in capsys.readouterr().out.splitlines() if "-->" in line]
    names = [line.split()[1].removeprefix(f"{tmp_path.as_posix()}/") for line in lines]
    assert names == ["a.yaml:1:5", "b.yaml:1:5", "a/z.yml:1:5", "c/d/e.yaml:1:5"]


def test_check_shows_a_path_as_it_is_usually_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.yaml").write_text("lr: flor(1)")
    (tmp_path / "a" / "c.yaml").write_bytes(b"lr: \xff")
    monkeypatch.chdir(tmp_path)
    main(["check", "./a//b.yaml", "a/./c.yaml", "./", ".//missing.yaml", ""])
    shown = capsys.readouterr()
    assert [line.split()[1] for line in shown.out.splitlines() if "-->" in line] == [
        "a/b.yaml:1:5", "a/c.yaml:1:5", "a/b.yaml:1:5", "a/c.yaml:1:5"
    ]  # fmt: skip
    assert shown.err.split("`")[1::2] == ["missing.yaml", "."]


def test_check_stops_at_a_hundred_problems_a_file(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "a.yaml").write_text("".join(f"- lr: flor({n})\n" for n in range(150)))
    assert main(["check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert out.count("error[LRD010]") == 100
    assert "50 more problems" in out and "150 errors" in out


def test_check_with_a_timeline_and_params(capsys: Output) -> None:
    assert main(["check", "-e", "peak - 0.001 * epoch", "--param", "peak=0.01", *RUN]) == 1
    assert "LRD203" in capsys.readouterr().out
    assert main(["check", "-e", "peak", "--param", "peak=5ep"]) == 1
    assert "a time where a number is needed" in capsys.readouterr().out
    assert main(["check", "-e", "peak", "--param", "peak=high"]) == 1
    assert "LRD017" in capsys.readouterr().out


def test_check_says_what_it_did_not_check(capsys: Output) -> None:
    main(["check", "-e", "cosine(0.1)"])
    assert "not checked: lengths and rates over a run" in capsys.readouterr().out
    main(["check", "-e", "cosine(0.1)", *RUN])
    assert "not checked" not in capsys.readouterr().out


def test_eval_at_times() -> None:
    text = "linear(0, 0.1) for 5ep then cosine(0.1, 0)"
    done = lrdsl("eval", text, *RUN, "--at", "0,5ep,50%, 1955,1e3")
    schedule, run = Schedule(text), Timeline(steps_per_epoch=391, epochs=90)
    steps = (0, 1955, 17595, 1955, 1000)
    assert done.stdout.splitlines() == [f"{n} {schedule.value(n, run)!r}" for n in steps]
    assert (done.returncode, done.stderr) == (0, "")


def test_eval_every_step_as_json(capsys: Output) -> None:
    run = Timeline(steps_per_epoch=2, epochs=3)
    words = ["--steps-per-epoch", "2", "--epochs", "3", "--json"]
    assert main(["eval", "0.1*0.5**epoch", *words]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["expr"] == "0.1 * 0.5^epoch"
    values = Schedule("0.1*0.5**epoch").values(run).tolist()
    assert data["values"] == [{"step": n, "value": value} for n, value in enumerate(values)]


def test_eval_prints_a_long_run(capsys: Output) -> None:
    assert main(["eval", "step", "--total-steps", "140_001"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{step} {float(step)}" for step in range(140_001)]


def test_eval_has_no_nan_in_json(capsys: Output) -> None:
    assert main(["eval", "(1 - step)^0.5", "--at", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["values"] == [{"step": 2, "value": None}]


def test_eval_refuses(capsys: Output) -> None:
    assert main(["eval", "0.1 * flor(1)", "--at", "0"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and "  |       ^^^^" in captured.err
    assert main(["eval", "0.1"]) == 2
    assert "--total-steps" in capsys.readouterr().err
    assert main(["eval", "epoch", "--at", "0"]) == 1
    assert "give `steps_per_epoch`" in capsys.readouterr().err
    assert main(["eval", "0.1", "--at", "5ep"]) == 1
    assert "`5ep` needs the length of an epoch" in capsys.readouterr().err
    for at in ("x", "-1", "1,,2", "", " ", "0,", "epoch", "5 %", "nan", "inf", "1e999", "9" * 500):
        assert main(["eval", "0.1", f"--at={at}"]) == 2, at
        assert "write steps and times, such as `--at 0,100,5ep,50%`" in capsys.readouterr().err
    for at in ("1e300", "1e300ep", "1e300%", "0,1099511627777", "2e12ep"):
        assert main(["eval", "0.1", *RUN, f"--at={at}"]) == 2, at
        assert "steps go from 0 to 1,099,511,627,776" in capsys.readouterr().err
    assert main(["eval", "0.1", "--at", "1099511627776"]) == 0
    assert main(["eval", "p", "--param", "p"]) == 2
    assert main(["eval", "0.1", "--epochs", "0"]) == 2
    assert main(["eval", "0.1", "--epochs", "1.5"]) == 2
    capsys.readouterr()
    assert main(["eval", "0.1", *RUN, "--total-steps", "7"]) == 2
    assert "leave one of them out" in capsys.readouterr().err


def test_eval_into_a_closed_pipe() -> None:
    command = [sys.executable, "-m", "lrdsl", "eval", "step", "--total-steps", "1e9"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == b"0 0.0\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=60) == 141


def test_functions(capsys: Output) -> None:
    assert main(["functions"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name}(" in out for name in STANDARD.names())
    assert "  progress " in out
    assert main(["functions", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in data] == STANDARD.names()
    assert all(each["doc"] and each["example"] and each["usage"] for each in data)
    assert main(["functions", "cosine"]) == 0
    assert "cosine(0.1, 0.001)" in capsys.readouterr().out
    assert main(["functions", "progress"]) == 0
    assert main(["functions", "cosin"]) == 2
    assert "did you mean `cosine`?" in capsys.readouterr().err


@pytest.mark.parametrize("name", CODES)
def test_explain_code(name: str, capsys: Output) -> None:
    assert main(["explain", name.lower()]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{name}: {CODES[name].title}\n")
    assert (f"[{name}]: " in out) == bool(CODES[name].example)
    assert len(out) < 4000


def test_explain_function_and_name(capsys: Output) -> None:
    assert main(["explain", "cosine"]) == 0
    assert "Half a cosine" in capsys.readouterr().out
    assert main(["explain", "epoch"]) == 0
    assert "steps_per_epoch" in capsys.readouterr().out
    assert main(["explain", "LRD998"]) == 2


def test_explain_expression(capsys: Output) -> None:
    text = "linear(0,peak) for 5 then cosine(peak) for 30ep then 0.001 where peak=0.1"
    assert main(["explain", text]) == 0
    out = capsys.readouterr().out
    assert "linear(0, peak) for 5 then cosine(peak) for 30ep then 0.001" in out
    assert "Half a cosine" in out and "needs the length of an epoch" in out
    assert main(["explain", text, *RUN]) == 0
    out = capsys.readouterr().out
    assert "steps 0 to 1,954: linear(0, peak)\n" in out
    assert "steps 1,955 to 13,684: cosine(peak)\n" in out
    assert "steps 13,685 to 35,189: 0.001\n" in out
    assert "highest 0.1 at step 1,955" in out
    assert main(["explain", "cosin(0.1)"]) == 1
    assert main(["explain", "0.1 - step", *RUN]) == 0
    assert "LRD203" in capsys.readouterr().out


def test_fmt_expression(capsys: Output) -> None:
    assert main(["fmt", "0.01*0.5**floor( epoch/10 )"]) == 0
    assert capsys.readouterr().out == "0.01 * 0.5^floor(epoch / 10)\n"
    assert main(["fmt", "--check", "0.1*2"]) == 1
    assert main(["fmt", "--check", "0.1 * 2", "epoch"]) == 0
    assert main(["fmt", "0.1 *"]) == 1
    assert main(["fmt", "missing.yaml"]) == 2
    capsys.readouterr()
    assert main(["fmt", "0.1*2 # two"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "0.1*2 # two\n" and "comments" in captured.err


BEFORE = """\
# Comments stay, so does the rest.
optimizer: {lr: 0.1*0.5**epoch, b: 'x*y'}   # spaces
learning_rate:   '0.1*2'
schedule:
  expr: "cosine( 0.1 )"
other:
  - lr: |
      0.1*2   # lines stay
  - lr: flor*(1
  - lr: 0.1*2 # why
  - {lr: "${a}*2", schedule: cosine}
"""
AFTER = """\
# Comments stay, so does the rest.
optimizer: {lr: 0.1 * 0.5^epoch, b: 'x*y'}   # spaces
learning_rate:   '0.1 * 2'
schedule:
  expr: "cosine(0.1)"
other:
  - lr: |
      0.1*2   # lines stay
  - lr: flor*(1
  - lr: 0.1 * 2 # why
  - {lr: "${a} * 2", schedule: cosine}
"""


def test_fmt_file(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + BEFORE.replace("\n", "\r\n").encode())
    assert main(["fmt", str(tmp_path)]) == 0
    assert "+learning_rate:   '0.1 * 2'" in capsys.readouterr().out
    assert main(["fmt", "--check", str(path)]) == 1
    assert path.read_bytes().endswith(BEFORE.replace("\n", "\r\n").encode())
    assert main(["fmt", "--write", str(path)]) == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + AFTER.replace("\n", "\r\n").encode()
    assert main(["fmt", "--check", str(path)]) == 0


def test_fmt_keeps_what_it_does_not_understand(tmp_path: Path, capsys: Output) -> None:
    """A file is written in its own encoding, and one that is only read in part is not."""
    path = tmp_path / "a.yaml"
    path.write_text("lr: 0.1*2\n", encoding="utf-16")
    assert main(["fmt", "--write", str(path)]) == 0
    assert path.read_bytes() == "lr: 0.1 * 2\n".encode("utf-16")
    large = "lr: 0.1*2\n" + "# more\n" * 150_000
    path.write_text(large)
    assert main(["fmt", "--write", str(path)]) == 2
    assert path.read_text() == large
    assert "is larger than 1,048,576 bytes and was left as it is" in capsys.readouterr().err


def test_quote(capsys: Output) -> None:
    assert main(["quote", "lr=0.1 * 0.5^epoch"]) == 0
    assert capsys.readouterr().out == "'lr=\"0.1 * 0.5^epoch\"'\n"
    assert main(["quote", "no override"]) == 2


def test_one_command_is_parsed_as_among_all(capsys: Output) -> None:
    for words in (["--help"], ["chekc"], []):
        with contextlib.suppress(SystemExit):
            main(words)
        captured = capsys.readouterr()
        assert "check" in captured.out or words != ["--help"]
        if words == ["chekc"]:
            assert "'check', 'eval', 'explain', 'functions', 'fmt'" in captured.err
    main(["check", "--nope"])
    assert "usage: lrdsl" in capsys.readouterr().err


def test_usage(capsys: Output) -> None:
    for words in ([], ["chekc"], ["check", "--nope"], ["eval"], ["check", "--epochs", "x"]):
        assert main(words) == 2
        assert capsys.readouterr().err.startswith("error: ")
    for words in (["--help"], ["check", "--help"], ["--version"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 0
    assert capsys.readouterr().out.endswith(f"lrdsl {__version__}\n")


class BrokenInput:
    def read(self) -> str:
        raise KeyError("\x1b[31m")


def test_an_internal_error_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setattr("sys.stdin", BrokenInput())
    assert main(["check", "-"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error[LRD999]: internal error: KeyError") and "Traceback" not in err
    monkeypatch.setenv("LRDSL_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main(["check", "-"])


@pytest.mark.parametrize(
    "words",
    [
        ["eval", "0.1\x1b[31m", "--at", "0"],
        ["eval", "0.1", "--at", "\x1b[31m"],
        ["check", "\x1b[31m.yaml"],
        ["check", "--\x1b[31m"],
        ["explain", "\u202e0.1"],
        ["functions", "\x1b[31m"],
        ["fmt", "0.1 # \x1b[31m"],
    ],
)
def test_nothing_steers_the_terminal(words: list[str], capsys: Output) -> None:
    main(words)
    captured = capsys.readouterr()
    assert not {"\x1b", "\u202e"} & set(captured.out + captured.err)


def test_an_ascii_terminal_gets_escapes() -> None:
    done = lrdsl("check", "-e", "0.1 \xd7 2", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 1 and "\\xd7" in done.stdout


def test_stdin_is_one_expression() -> None:
    done = lrdsl("check", "-", stdin="linear(0, 0.1) for 5ep # up\nthen cosine(0.1)\n")
    assert done.returncode == 0
    assert lrdsl("fmt", "-", stdin="0.1*2\n").stdout == "0.1 * 2\n"


LIGHT = {"numpy", "pydantic", "tensorflow", "keras", "hydra", "omegaconf", "matplotlib"}


def loaded(*words: str) -> set[str]:
    code = f"import sys; from lrdsl.cli import main; main({list(words)!r}); print(); "
    code += "print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return set(done.stdout.splitlines()[-1].split())


def test_a_command_loads_no_other() -> None:
    commands = {f"lrdsl.cli.{name}" for name in COMMANDS}
    assert commands & loaded("check", "-e", "0.1") == {"lrdsl.cli.check"}
    assert commands & loaded("quote", "lr=0.1") == {"lrdsl.cli.quote"}


def test_what_commands_load(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("lr: 0.1 * cosine(0.1)")
    assert not LIGHT & loaded("check", str(tmp_path), "-e", "cosine(0.1)")
    assert not LIGHT & loaded("fmt", "0.1*2")
    assert not LIGHT & loaded("functions")
    assert not LIGHT & loaded("quote", "lr=0.1")
    assert not {"lark", "yaml"} & loaded("explain", "pi")
    assert not (LIGHT - {"pydantic", "numpy"}) & loaded("eval", "0.1", *RUN, "--at", "5ep")
    heavy = {"tensorflow", "keras", "hydra", "omegaconf", "matplotlib"}
    assert not heavy & loaded("check", str(tmp_path), *RUN)
    assert not heavy & loaded("eval", "0.1", "--total-steps", "3")
