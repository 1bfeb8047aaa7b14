"""The process that reads hostile files: one line of JSON in, what became of it out.

The image libraries can end a process or fill its memory, so that the tests must not read such files themselves.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

ADDRESS_SPACE = 4 << 30  # beyond what the process has mapped when it begins
MODEL = Path(__file__).parents[1] / "data" / "tiny.dcmmodel"


def read_image(path: Path, output: Path) -> None:
    """What `predict` does, with a small network."""
    from DCMMultiTaskLib.batch.one_by_one import predict_study
    from DCMMultiTaskLib.batch.studies import find_studies
    from DCMMultiTaskLib.inference.package import load_package
    from DCMMultiTaskLib.inference.predictor import Predictor

    predictor = Predictor(load_package(MODEL), device="cpu")
    for study in find_studies([path]):
        predict_study(predictor, study, output, {"activation": False, "phase": "first"})


def read_model(path: Path, _output: Path) -> None:
    from DCMMultiTaskLib.inference.model_file import read_model_facts
    from DCMMultiTaskLib.inference.package import load_package

    read_model_facts(path)
    load_package(path).build_network()


def read_table(path: Path, _output: Path) -> None:
    from DCMMultiTaskLib.datasets.manifest import read_manifest

    read_manifest(path)


KINDS: dict[str, Callable[[Path, Path], None]] = {"image": read_image, "model": read_model, "table": read_table}


def peak_bytes() -> int:
    """The most memory that was in use since `forget_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def serve() -> None:
    import torch

    from DCMMultiTaskLib.errors import InputError
    from DCMMultiTaskLib.inference.package import load_package

    torch.set_num_threads(1)
    load_package(MODEL)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (mapped + ADDRESS_SPACE, resource.RLIM_INFINITY))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        forget_peak()
        began = time.process_time()
        try:
            KINDS[wish["kind"]](Path(wish["path"]), Path(wish["output"]))
            outcome, text = "read", ""
        except InputError as error:
            outcome, text = "refused", str(error)
        except BaseException as error:
            outcome, text = "raised", f"{type(error).__name__}: {error}"
            where = error.__traceback__
            while where is not None:
                text += f"\n  {where.tb_frame.f_code.co_filename}:{where.tb_lineno}"
                where = where.tb_next
        answer = {"outcome": outcome, "text": text, "seconds": time.process_time() - began, "bytes": peak_bytes()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    serve()
