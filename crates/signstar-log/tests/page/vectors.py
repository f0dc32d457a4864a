#!/usr/bin/env python3
"""Runs vectors.js in a browser: every vector of spec/vectors that the page has code for."""

import shutil
import sys
import tempfile
from pathlib import Path

from browser import Browser, Server, chromium

HERE = Path(__file__).resolve().parent
CRATE = HERE.parent.parent


def main():
    with tempfile.TemporaryDirectory(prefix="signstar-page-") as folder:
        folder = Path(folder)
        shutil.copytree(CRATE / "web/page", folder / "site/page")
        shutil.copytree(CRATE / "../../spec/vectors", folder / "site/vectors")
        for name in ("vectors.html", "vectors.js"):
            shutil.copy(HERE / name, folder / "site")
        server = Server(folder / "site")
        browser = Browser(chromium(), folder / "profile")
        try:
            browser.forget(folder / "downloads")
            browser.open(server.address + "vectors.html")
            outcome = browser.wait("globalThis.outcome")
        finally:
            browser.close()
            server.close()
    print(outcome["counts"])
    if "failed" in outcome:
        sys.exit(outcome["failed"])
    print(f"{outcome['passed']} checks hold")


if __name__ == "__main__":
    main()
