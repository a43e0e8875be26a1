"""`lrdsl-train`: one Hydra config, one training run."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from lrdsl import Schedule, ScheduleError, Timeline, hydra
from lrdsl.training.data import count_images
from lrdsl.training.files import whole
from lrdsl.training.quiet import quiet
from lrdsl.training.settings import RunError, Settings, plan, read_schedule, read_settings

log = logging.getLogger(__name__)

# TensorFlow greets on stderr, and takes all of a GPU's memory, unless told before its import.
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


@hydra.main(config_path="pkg://lrdsl.conf", config_name="config", version_base="1.3")
def run(cfg: DictConfig) -> float:
    """One training run; returns the final validation accuracy."""
    from hydra.core.hydra_config import HydraConfig

    job = HydraConfig.get()
    folder = Path(job.runtime.output_dir)
    summary: dict[str, Any] = {"overrides": OmegaConf.to_container(job.overrides.task)}
    try:
        return _train(cfg, folder, summary)
    except Exception as error:
        expected = isinstance(error, RunError | ScheduleError | OmegaConfBaseException)
        summary["error"] = str(error)
        if not expected and not hydra.in_sweep(job):
            raise
        print(error if expected else traceback.format_exc(), file=sys.stderr)
        if not hydra.in_sweep(job):
            raise SystemExit(1) from None
        return float("nan")  # the other jobs of a sweep go on
    finally:
        with whole(folder / "summary.json") as draft:
            draft.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _train(cfg: DictConfig, folder: Path, summary: dict[str, Any]) -> float:
    """Everything that can be refused is, before data or TensorFlow is loaded."""
    settings = read_settings(OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True))
    schedule = read_schedule(settings.schedule, settings.lrdsl.library)
    planned = plan(count_images(settings.data), settings.trainer)
    _check(schedule, planned.timeline)
    summary |= {"schedule": schedule.expr, "params": dict(schedule.params)}
    summary |= {"timeline": planned.timeline.model_dump(exclude_none=True)}
    log.info("%s", _headline(settings, schedule, planned.timeline))

    with quiet():
        from lrdsl.training.fit import train
    from lrdsl.training.pictures import draw_history

    try:
        last = train(settings, schedule, planned, folder).rows[-1]
    except KeyboardInterrupt:
        print(f"interrupted; what there is lies in {_shown(folder)}", file=sys.stderr)
        raise SystemExit(130) from None
    draw_history(folder, _described(schedule))
    summary |= {key: last[key] for key in ("epoch", "step", "accuracy", "val_accuracy")}
    which = "accuracy" if last["val_accuracy"] is None else "val_accuracy"
    log.info("%s", _last_line(last, which, settings, folder))
    return float(last[which])


def _check(schedule: Schedule, timeline: Timeline) -> None:
    from lrdsl.errors.rendering import render_all

    found = schedule.check(timeline)
    if errors := [each for each in found if each.severity == "error"]:
        raise ScheduleError(errors, schedule.expr, "schedule")
    if found:
        log.warning("%s", render_all(found, schedule.expr, "schedule"))


def _headline(settings: Settings, schedule: Schedule, timeline: Timeline) -> str:
    epochs = "1 epoch" if timeline.epochs == 1 else f"{timeline.epochs} epochs"
    return (
        f"{settings.model.name} on {settings.data.name}, {settings.optimizer.name}: "
        f"{epochs} of {timeline.steps_per_epoch} steps, "
        f"learning rate {_described(schedule)}"
    )


def _described(schedule: Schedule) -> str:
    """The text on one line, and its numbers."""
    text = " ".join(schedule.expr.split())
    params = ", ".join(f"{name} = {value}" for name, value in schedule.params.items())
    return f"{text} where {params}" if params else text


def _last_line(last: dict[str, Any], which: str, settings: Settings, folder: Path) -> str:
    stopped = ""
    if last["epoch"] < settings.trainer.epochs:
        stopped = f"stopped in epoch {last['epoch']}: the loss is not a number; "
    accuracy = f"{which.replace('val_', 'validation ')} {last[which]:.4f}"
    return f"{stopped}{accuracy}; model, history and pictures are in {_shown(folder)}"


def _shown(folder: Path) -> str:
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)


def main() -> None:
    """The command `lrdsl-train`."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    run()
    from lrdsl.training.comparison import failures

    if failures:
        sys.exit(1)


if __name__ == "__main__":
    main()
