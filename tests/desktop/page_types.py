"""The page's types are written from the API's document: `make page-types`."""

import hashlib
import json
import sys
from pathlib import Path

from callbridge.desktop import bundle
from callbridge.web.table import document

API = bundle.PAGE / "src" / "api"
WRITTEN = API / "schema.d.ts"
MARK = API / "schema.sha256"
"""Of the document that the types were written from, and of the types, so that a test needs no Node."""


def text() -> str:
    return json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def digest() -> str:
    return hashlib.sha256(text().encode() + WRITTEN.read_bytes()).hexdigest()


def main() -> int:
    source = bundle.PAGE / "openapi.json"
    source.write_text(text())
    done = bundle.main(["run", "--silent", "types"])
    source.unlink()
    if done == 0:
        MARK.write_text(digest() + "\n")
        sys.stdout.write(f"written: {WRITTEN.relative_to(Path.cwd())}\n")
    return done


if __name__ == "__main__":
    sys.exit(main())
