"""Builds the agents' page with the package, so that a wheel needs no Node."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "src" / "callbridge" / "desktop"))
import bundle

LATER = "CALLBRIDGE_PAGE_LATER"
"""Set by the Makefile, which builds the page itself and says so."""


class PageHook(BuildHookInterface):
    """For wheels and editable installs; an archive of the sources is made without Node."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, only where it is needed and the machine has none."""
        return [bundle.NODE_PACKAGE] if self._wanted() and bundle.find_node() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self._wanted():
            self.app.display_waiting("Building the agents' page ...")
            bundle.build()

    def _wanted(self) -> bool:
        return self.target_name == "wheel" and not os.environ.get(LATER) and not bundle.is_current()
