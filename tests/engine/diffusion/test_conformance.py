"""The shipped conformance tests on the diffusion engine, with a tiny model."""

from midifrag.engine.conformance import WorkerConformance
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from tests.engine.stock import loaded

_MODELS: dict[str, Model] = {}


def _model() -> Model:
    return _MODELS.setdefault("tiny", loaded("rectified_flow"))


class TestDiffusionWorker(WorkerConformance):
    def make_worker(self):
        return DiffusionWorker.from_model(_model())
