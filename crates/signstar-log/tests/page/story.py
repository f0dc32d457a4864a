#!/usr/bin/env python3
"""A visitor reads a log with the page, and somebody tampers with it.

    story.py ROOM            ROOM has the logs `log` and `fork` with the page in them, and the
                             checkpoints `log.0`, `log.3100` and
                             `log.4213`; see tests/page.rs
    PAGE_PICTURES=DIR        also takes pictures, as docs/log-page.md shows them
"""

import base64
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from browser import Browser, Server, chromium


class Story:
    def __init__(self, room):
        self.room = room
        self.folder = tempfile.TemporaryDirectory(prefix="signstar-page-")
        self.site = Path(self.folder.name) / "site"
        self.downloads = Path(self.folder.name) / "downloads"
        self.publish("log")
        self.server = Server(self.site)
        self.browser = Browser(chromium(), Path(self.folder.name) / "profile")
        self.fresh()

    def publish(self, name):
        """Puts another folder behind the same address. The server keeps its own, and so stays."""
        self.site.mkdir(exist_ok=True)
        for old in self.site.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copytree(self.room / name, self.site, dirs_exist_ok=True)

    def fresh(self):
        """A browser that remembers nothing."""
        self.browser.forget(self.downloads)
        self.browser.look(1440, 900, "light")

    def open(self, fragment=""):
        self.browser.open(self.server.address + fragment)
        self.browser.wait("document.querySelector('#view').getAttribute('aria-busy') === 'false'")

    def status(self):
        return self.browser.run("document.querySelector('#status').innerText.replace(/\\s+/g, ' ').trim()")

    def rows(self):
        return self.browser.run("document.querySelectorAll('.rows a').length")

    def save(self, label, name):
        """Presses the button and returns what it saves."""
        self.browser.run("[...document.querySelectorAll('button.save')]"
                         f".find((button) => button.textContent === {json.dumps(label)}).click()")
        path = self.downloads / name
        for _ in range(200):
            if path.exists() and path.stat().st_size > 0:
                break
            time.sleep(0.05)
        octets = path.read_bytes()
        path.unlink()
        return octets

    def file(self, text):
        path = Path(self.folder.name) / "package.pkg.tar.zst"
        path.write_text(text)
        return path

    @contextmanager
    def changed(self, path, change):
        path = self.site / path
        whole = path.read_bytes()
        path.write_bytes(change(whole))
        self.fresh()
        yield
        path.write_bytes(whole)
        self.fresh()

    def nothing_is_shown(self, words):
        self.browser.see(words)
        assert self.rows() == 0, "entries of a log that was refused"
        assert self.browser.run("document.querySelector('#tools').inert") is True
        assert "Refused" in self.status(), self.status()

    def close(self):
        self.browser.close()
        self.server.close()
        self.folder.cleanup()


def flip(octets, at=100):
    return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1:]


def a_visitor_browses(story):
    story.open()
    assert story.status() == "Verified 4,213 entries", story.status()
    assert story.rows() == 64
    browser = story.browser
    assert browser.run("document.title") == "Example packages"
    browser.click("a[rel=next]")
    browser.see("Entries 4,085 to 4,148")
    browser.click(".rows li:last-child a")
    browser.see("In the log.")
    assert browser.run("location.hash") == "#index=4085"
    browser.see("hashes lead from it to the root over 4,213 entries")
    assert not browser.problems, browser.problems


def a_visitor_searches(story):
    story.open()
    browser = story.browser
    for words, is_there in [("openssl-4?.*", True), ("OPENSSL-4", True), ("nothing-like-this", False)]:
        browser.type("#words", words)
        browser.press("Enter")
        browser.see("All 4,213 entries looked at")
        browser.see(f"Matches for “{words}”")
        rows = story.rows()
        names = browser.run("[...document.querySelectorAll('.rows .file')].map((file) => file.textContent)")
        assert all(name.startswith("openssl-4") for name in names), names
        assert (rows > 0) == is_there, (words, names)
    browser.see("Nothing found.")
    browser.type("#words", "4000")
    browser.press("Enter")
    browser.see("In the log.")
    assert browser.run("location.hash") == "#index=4000"
    browser.type("#words", hashlib.sha512(b"file 1234").hexdigest().upper())
    browser.press("Enter")
    browser.see("Signed. The log has a signature over this SHA-512: entry 1,234.")
    # The same by its permalink, in a browser that was never here.
    story.fresh()
    story.open("#sha512=" + hashlib.sha512(b"file 1234").hexdigest())
    story.browser.see("entry 1,234")
    assert not story.browser.problems, story.browser.problems


def a_visitor_has_a_file(story):
    story.open()
    browser = story.browser
    file = story.file("file 2718")
    browser.drop("#drop", file)
    browser.see("Signed. The log has a signature over package.pkg.tar.zst: entry 2,718.")
    browser.see("In the log.")
    browser.see("All 4,213 entries looked at")
    name = browser.run("document.querySelector('article h2').textContent")
    assert name == "zstd-29.1-1-x86_64.pkg.tar.zst", name
    proof = story.save("Proof", f"{name}.sig.proof").decode()
    entry = json.loads(story.save("Entry", f"{name}.json"))
    signature = story.save("Signature", f"{name}.sig")
    armored = story.save("Signature as text", f"{name}.asc").decode()
    assert entry["file-sha512"] == hashlib.sha512(b"file 2718").hexdigest()
    assert signature == base64.b64decode(entry["signature"])
    body = armored.split("\n\n")[1].split("\n=")[0].replace("\n", "")
    assert base64.b64decode(body) == signature
    (story.room / "saved.proof").write_text(proof)
    browser.choose("#file", story.file("nobody signed this"))
    browser.see("Not signed. No entry of this log is about package.pkg.tar.zst.")
    browser.drop("#drop", story.site)
    browser.see("The file cannot be read")
    assert not browser.problems, browser.problems


def other_kinds_are_told_apart(story):
    story.open("#index=4001")
    browser = story.browser
    browser.see("SSH signature")
    labels = browser.run("document.querySelector('.saves').textContent")
    assert labels == "SignatureProofEntry", labels
    seen = browser.run("document.querySelector('article').textContent")
    assert "The signature states the same time" not in seen, seen
    name = browser.run("document.querySelector('article h2').textContent")
    armored = story.save("Signature", f"{name}.sshsig").decode()
    assert armored.startswith("-----BEGIN SSH SIGNATURE-----\n"), armored
    story.save("Proof", f"{name}.sshsig.proof")
    # An entry of OpenPGP v6 has the digest of a salt and the file: only its length fits.
    story.open()
    browser.choose("#file", story.file("file 4002"))
    browser.see("Not found. No entry has this SHA-512. 1 entry has another digest")
    listed = browser.run("[...document.querySelectorAll('main .rows a')].map((a) => a.hash)")
    assert listed == ["#index=4002"], listed
    assert not browser.problems, browser.problems


def a_search_is_stopped(story):
    """With a bundle in the way that does not come before the button is pressed."""
    story.open()
    browser = story.browser
    browser.run("""(() => {
        const before = globalThis.fetch;
        const held = [];
        globalThis.fetch = async (...asked) => {
            if (/entries/.test(asked[0])) await new Promise((go) => held.push(go));
            return before(...asked);
        };
        globalThis.release = () => { globalThis.fetch = before; for (const go of held) go(); };
    })()""")
    browser.type("#words", "linux")
    browser.press("Enter")
    browser.wait("document.querySelector('.meter button') !== null")
    browser.click(".meter button")
    browser.run("release()")
    browser.see("The newest ")
    browser.wait("document.querySelector('.meter.over') !== null")
    assert "All 4,213" not in browser.run("document.body.innerText")


def the_keyboard_is_enough(story):
    story.open()
    browser = story.browser
    seen = []
    for _ in range(5):
        browser.press("Tab")
        seen.append(browser.run("(document.activeElement.id || document.activeElement.textContent.trim())"))
    assert seen[:4] == ["title", "words", "Find", "file"], seen
    assert "number mono" in browser.run("document.activeElement.innerHTML"), "the first entry"
    browser.press("Enter")
    browser.see("In the log.")
    # Every field and button has a name that can be read out.
    unnamed = browser.run("""[...document.querySelectorAll('button, input, a')].filter((one) =>
        !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)).length""")
    assert unnamed == 0


def nothing_moves_and_nothing_is_cut_off(story):
    browser = story.browser
    for width, height in [(390, 844), (1440, 900)]:
        browser.look(width, height, "light")
        for fragment in ["", "#index=4000", "#find=linux-4"]:
            story.open(fragment)
            wide = browser.run("document.documentElement.scrollWidth")
            assert wide <= width, f"{fragment} is {wide} wide on {width}"
            moved = browser.run("""new Promise((tell) => {
                let sum = 0;
                const observer = new PerformanceObserver((list) => {
                    for (const { value } of list.getEntries()) sum += value;
                });
                observer.observe({ type: 'layout-shift', buffered: true });
                setTimeout(() => tell(sum), 200);
            })""")
            assert moved < 0.01, f"{fragment} moves by {moved} on {width}"
    browser.look(1440, 900, "light")


def names_are_text(story):
    story.open("#find=onclick")
    story.browser.see("All 4,213 entries looked at")
    name = story.browser.run("document.querySelector('.rows .file').textContent")
    assert name == '<b onclick=alert(1)>"\\\\</b>.zst'.replace("/", "-"), name
    assert story.browser.run("document.querySelector('b[onclick]')") is None
    story.browser.click(".rows a")
    story.browser.see("In the log.")
    assert story.browser.run("document.querySelector('article h2').textContent") == name


def the_page_loads_nothing_from_elsewhere(story):
    story.open()
    # Another port is another origin. The server would answer.
    other = Server(story.site)
    blocked = story.browser.run(f"fetch('{other.address}checkpoint', {{ mode: 'no-cors' }})"
                                ".then(() => 'loaded', () => 'blocked')")
    other.close()
    assert blocked == "blocked"
    markup = "document.body.innerHTML = '<b>'"
    assert story.browser.run(f"(() => {{ try {{ {markup}; return 'set'; }} catch {{ return 'refused'; }} }})()") == "refused"


def damage_is_refused(story):
    with story.changed("tile/entries/015", flip):
        story.open()
        assert story.rows() == 64, "other bundles can be read"
        story.open("#index=4000")
        story.browser.see("Refused: not part of the log")
        story.browser.see("tile/entries/015")
        assert "linux" not in story.browser.run("document.querySelector('#view').innerText")
        story.browser.type("#words", "nothing-like-this")
        story.browser.press("Enter")
        story.browser.see("Refused: not part of the log")
        assert "Nothing found" not in story.browser.run("document.body.innerText")
    with story.changed("tile/0/015", flip):
        story.open("#index=4000")
        story.browser.see("Refused: not part of the log")
        story.browser.see("tile/0/015")
    for path in ["tile/0/016.p/117", "tile/1/000.p/16"]:
        with story.changed(path, flip):
            story.open()
            story.nothing_is_shown("Refused: not part of the log")
    with story.changed("checkpoint", lambda note: note.replace(b"4213", b"4212")):
        story.open()
        story.nothing_is_shown("Refused: the signature is wrong")
    with story.changed("checkpoint", lambda note: note[:-40]):
        story.open()
        story.nothing_is_shown("Refused: the checkpoint is damaged")


def another_key_is_refused(story):
    # The key of spec/vectors/tlog.json under the name of this log.
    other = base64.b64decode("AW8VgXCbt7HvAw0hDbGOOwuhx3b7pl2M2q0FQVFC0Yn4")
    name = "log.example.org/2026"
    digest = hashlib.sha256(name.encode() + b"\n" + other).hexdigest()[:8]
    config = json.dumps({"vkey": f"{name}+{digest}+{base64.b64encode(other).decode()}"})
    with story.changed("page/config.json", lambda _: config.encode()):
        story.open()
        story.nothing_is_shown("Refused: signed with another key")
    with story.changed("page/config.json", lambda _: config.replace(digest, "00000000").encode()):
        story.open()
        story.nothing_is_shown("The key of this page is not one of a log")


def a_log_that_takes_something_back_is_noticed(story):
    story.publish("log")
    story.fresh()
    story.open()
    (story.site / "checkpoint").write_bytes((story.room / "log.3100").read_bytes())
    story.open()
    story.browser.see("The log has become shorter")
    assert story.status() == "Contradicts itself 3,100 entries", story.status()
    # It is not forgotten by looking again, and both checkpoints can be kept.
    story.open()
    story.browser.see("This browser has seen it with 4,213 entries, signed.")
    before = story.save("Checkpoint seen before", "checkpoint.before")
    assert before == (story.room / "log.4213").read_bytes()
    story.publish("fork")
    story.open()
    story.browser.see("The log has been rewritten")
    # Who saw the shorter one first sees it grow.
    story.publish("log")
    (story.site / "checkpoint").write_bytes((story.room / "log.3100").read_bytes())
    story.fresh()
    story.open()
    (story.site / "checkpoint").write_bytes((story.room / "log.4213").read_bytes())
    story.open()
    assert story.status() == "Verified 4,213 entries", story.status()
    story.browser.click("#about summary")
    story.browser.see("It began as the log of 3,100 entries that this browser saw last.")


def a_browser_that_cannot_tell_says_so(story):
    browser = story.browser
    for script, words in [
        ("SubtleCrypto.prototype.importKey = async () => { throw new DOMException('no', 'NotSupportedError'); }",
         "This browser cannot verify Ed25519."),
        ("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })",
         "This browser offers no cryptography here"),
    ]:
        added = browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]
        story.open()
        browser.see(words)
        assert "Verified" not in story.status().replace("Not verified", ""), story.status()
        browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=added)
    assert story.rows() == 0


def an_empty_log_says_so(story):
    (story.site / "checkpoint").write_bytes((story.room / "log.0").read_bytes())
    story.fresh()
    story.open()
    story.browser.see("Nothing has been signed yet")
    assert story.status() == "Verified 0 entries", story.status()
    story.open("#index=0")
    story.browser.see("There is no entry 0")


def there_is_no_log_yet(story):
    (story.site / "checkpoint").unlink()
    story.fresh()
    story.open()
    story.browser.see("There is no log here yet")
    assert story.status() == "Nothing to check", story.status()
    assert story.rows() == 0


STORIES = [
    a_visitor_browses, a_visitor_searches, a_visitor_has_a_file,
    other_kinds_are_told_apart, a_search_is_stopped,
    the_keyboard_is_enough, nothing_moves_and_nothing_is_cut_off, names_are_text,
    the_page_loads_nothing_from_elsewhere, damage_is_refused,
    another_key_is_refused, a_log_that_takes_something_back_is_noticed,
    a_browser_that_cannot_tell_says_so, an_empty_log_says_so, there_is_no_log_yet,
]

VIEWS = {"list": "", "entry": "#index=4000", "find": "#find=openssl-4?.*",
         "signed": "#sha512=" + hashlib.sha512(b"file 2718").hexdigest()}


def pictures(story, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        for device, width, height in [("desk", 1440, 900), ("phone", 390, 844)]:
            story.browser.look(width, height, scheme)
            for name, fragment in VIEWS.items():
                story.open(fragment)
                story.browser.picture(folder / f"{name}-{device}-{scheme}.png")


def main():
    story = Story(Path(sys.argv[1]))
    try:
        if wanted := os.environ.get("PAGE_PICTURES"):
            pictures(story, Path(wanted))
        for tell in STORIES:
            tell(story)
            print(tell.__name__, "ok", flush=True)
    finally:
        story.close()


if __name__ == "__main__":
    main()
