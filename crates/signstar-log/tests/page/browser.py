"""A headless Chromium, driven through a pipe with the DevTools protocol. Needs nothing but Python."""

import base64
import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 60


class Browser:
    def __init__(self, program, profile):
        to_it, ours = os.pipe()
        theirs, from_it = os.pipe()

        def pipes():
            # The protocol speaks on 3 and 4. Copies first: the numbers may be in each other's way.
            question, answer = os.dup(to_it), os.dup(from_it)
            os.dup2(question, 3)
            os.dup2(answer, 4)

        arguments = [
            program, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}",
            "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--lang=en",
        ]
        if os.geteuid() == 0:
            # Chromium refuses to be root with its sandbox. What it opens here is ours.
            arguments.append("--no-sandbox")
        self.process = subprocess.Popen(
            arguments, close_fds=False, preexec_fn=pipes,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(to_it)
        os.close(from_it)
        self.questions, self.answers = os.fdopen(ours, "wb", 0), os.fdopen(theirs, "rb")
        self.count, self.rest, self.problems = 0, b"", []
        self.session = self.context = None

    def forget(self, downloads):
        """Begins anew, with an empty cache and nothing remembered. Saves files to `downloads`."""
        self.session = None
        if self.context:
            self.call("Target.disposeBrowserContext", browserContextId=self.context)
        self.context = self.call("Target.createBrowserContext")["browserContextId"]
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads),
                  browserContextId=self.context)
        target = self.call("Target.createTarget", url="about:blank", browserContextId=self.context)
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self.count += 1
        question = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        self.questions.write(json.dumps(question).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.notice(answer)

    def receive(self):
        while b"\0" not in self.rest:
            piece = self.answers.read1(1 << 16)
            if not piece:
                raise RuntimeError("the browser has ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def notice(self, event):
        """Keeps what a developer would see in red."""
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])
        if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            self.problems.append(f"{entry['text']} {entry.get('url', '')}")

    def open(self, address):
        self.problems.clear()
        # By way of an empty page: a change of the fragment alone would not load anything.
        for step in ("about:blank", address):
            self.call("Page.navigate", url=step)
            self.wait(f"location.href.startsWith({json.dumps(step.split('#')[0])})"
                      " && document.readyState === 'complete'")

    def run(self, script):
        outcome = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in outcome:
            raise RuntimeError(f"{script}: {outcome['exceptionDetails']}")
        return outcome["result"].get("value")

    def wait(self, condition):
        """Waits until it holds, and returns its value."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                value = self.run(condition)
            except RuntimeError:
                value = None  # The page is being replaced.
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"never came true: {condition}\n{self.run('document.body.innerText')}\n"
                             + "\n".join(self.problems))

    def see(self, words):
        """Waits until a person can read it."""
        return self.wait(f"document.body.innerText.includes({json.dumps(words)})")

    def type(self, selector, words):
        self.run(f"(() => {{ const field = document.querySelector({json.dumps(selector)});"
                 f" field.focus(); field.select(); }})()")
        self.call("Input.insertText", text=words)

    def press(self, key):
        text = {"Enter": "\r"}.get(key)
        code = {"Enter": 13, "Tab": 9}[key]
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code, **more)

    def click(self, selector):
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def choose(self, selector, file):
        """Gives a file to the field, as its dialogue would."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        field = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=field, files=[str(file)])

    def drop(self, selector, file):
        """Drops a file there, as a hand would."""
        box = self.run(f"(() => {{ const box = document.querySelector({json.dumps(selector)})"
                       ".getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()")
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=box[0], y=box[1], data=data)

    def look(self, width, height, scheme):
        """Makes the window so large, and light or dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=2 if width < 500 else 1, mobile=width < 500)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def picture(self, path):
        shot = self.call("Page.captureScreenshot", format="png")
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


class Server:
    """`python3 -m http.server` with a folder, on loopback."""

    def __init__(self, folder):
        command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1",
                   "--directory", str(folder), "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        words = self.process.stdout.readline().split()
        self.address = f"http://localhost:{words[words.index('port') + 1]}/"

    def close(self):
        self.process.kill()
        self.process.wait()


@functools.cache
def chromium():
    """The program, or None."""
    from shutil import which
    return which("chromium") or which("chromium-browser") or which("google-chrome")
