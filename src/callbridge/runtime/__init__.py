"""The only loop: inbox -> engine -> save -> act -> push. Whatever the engine decides is done here and nowhere else."""

from callbridge.runtime.loop import Runtime
from callbridge.runtime.pbx import Pbx

__all__ = ["Pbx", "Runtime"]
