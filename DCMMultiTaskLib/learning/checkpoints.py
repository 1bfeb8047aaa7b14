"""Checkpoints of a training: whole or not there at all, and gone on with by the same training alone."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch import Tensor

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.learning.settings import TrainingSettings
from DCMMultiTaskLib.storage import atomic_path

FOLDER, LAST, KEY = "checkpoints", "last.ckpt", "training"
# These may change from one start of a training to the next.
FREE = ("epochs", "patience", "repeats")
DATA = {
    "train": "other patients or files to learn from",
    "validation": "other held-out patients or files",
    "also": "other patients or files of --also",
    "start": "another model to start from",
}


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside the old checkpoint first, so that neither a full disk nor a kill leaves half of one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """As Lightning's.

        Raises:
            InputError: It cannot be written.
        """
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with atomic_path(Path(path)) as temporary:
            temporary.write_bytes(content.getbuffer())


def identity(settings: TrainingSettings, start: Mapping[str, Tensor] | None, **data: str) -> dict[str, Any]:
    """What makes a training the same one, JSON-ready: its settings, and a digest of each part of its data.

    Args:
        settings: All of them.
        start: Weights that it starts from.
        data: Digests, by the names of `DATA`.
    """
    digest = hashlib.sha256()
    for weight in (start or {}).values():
        digest.update(weight.contiguous().numpy().tobytes())
    return json.loads(json.dumps({"settings": settings.to_dict(), "start": digest.hexdigest(), **data}))


def goes_on(last: Path, settings: TrainingSettings, own: Mapping[str, Any]) -> TrainingSettings:
    """The settings to go on with from a checkpoint.

    Args:
        last: The checkpoint.
        settings: As asked for; more passes than at the first start are allowed.
        own: `identity` of what was asked for.

    Raises:
        InputError: There is no checkpoint, it is damaged, or it is of another training.
    """
    if not last.is_file():
        raise InputError(f"{last}: there is no checkpoint to resume from.")
    try:
        checkpoint = torch.load(last, map_location="cpu", weights_only=True)
        began, done = json.loads(checkpoint[KEY]), checkpoint["epoch"] + 1
    except (RuntimeError, pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"{last} is damaged, not complete or of an earlier version, so that the training cannot be resumed; "
            "--overwrite starts it anew."
        ) from error
    changed = [what for name, what in DATA.items() if began[name] != own[name]]
    changed += _differences(began["settings"], own["settings"])
    if changed:
        named = ", ".join(changed[:4]) + ", ..." * (len(changed) > 4)
        raise InputError(
            f"{last.parent.parent} holds a training of other choices: {named}; --resume goes on with the same alone."
        )
    passes = began["settings"]["repeats"]
    if settings.epochs < done * passes or settings.epochs % passes:
        raise InputError(
            f"{last.parent.parent} has {done * passes} passes done and goes on by {passes} at a time; there is no way "
            f"to {settings.epochs}."
        )
    return replace(settings, repeats=passes)


def _differences(began: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    found = []
    for name in [name for name in own if name not in FREE]:
        old, new = began.get(name), own[name]
        if isinstance(new, Mapping) and isinstance(old, Mapping):
            found += _differences(old, new)
        elif old != new:
            found.append(f"{name.replace('_', ' ')} {old}, now {new}")
    return found


def adapt(checkpoint: dict[str, Any], folder: Path) -> None:
    """Change a checkpoint that is loaded for this start: the rate's cycle gets as long as this training is now.

    The run's folder may have been moved or copied: its best checkpoint is still the one in `folder`.
    """
    for schedule in checkpoint.get("lr_schedulers", ()):
        for name in ("total_steps", "_schedule_phases"):
            schedule.pop(name, None)
    for state in checkpoint.get("callbacks", {}).values():
        if isinstance(state, dict) and "best_model_path" in state:
            state["dirpath"] = str(folder)
            for name in ("best_model_path", "kth_best_model_path", "last_model_path"):
                state[name] = str(folder / Path(state[name]).name) if state.get(name) else ""
            state["best_k_models"] = {str(folder / Path(p).name): s for p, s in state.get("best_k_models", {}).items()}


@contextmanager
def left_as_it_was(directory: Path) -> Iterator[None]:
    """Make a run's folder; where writing fails before this start has a checkpoint, take away what it has made.

    Raises:
        InputError: The disk is full, or the folder cannot be written to.
    """
    last, logs = directory / FOLDER / LAST, directory / "logs"
    made = [folder for folder in (last.parent, logs, directory, *directory.parents) if not folder.exists()]
    before, old_logs = _changed(last), set(logs.glob("*"))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, InputError) as error:
        if _changed(last) == before:
            for folder in set(logs.glob("*")) - old_logs:
                shutil.rmtree(folder, ignore_errors=True)
            if last.parent in made:
                shutil.rmtree(last.parent, ignore_errors=True)
            for folder in made:
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
        if isinstance(error, OSError):
            raise InputError(f"{directory} cannot be written to: {error.strerror or error}.") from error
        raise


def _changed(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.is_file() else None
