#!/usr/bin/env python3
"""Signatures of all formats, made by programs that share no code with ours.

    foreign.py [--sop PROGRAM]    writes signatures.json beside itself

Needs gpg, ssh-keygen, openssl and, for OpenPGP version 6, a program with the interface of
draft-dkg-openpgp-stateless-cli that knows RFC 9580, such as sqop (sequoia-sop 0.38). All keys are
made anew and thrown away: the file differs after each run. What the members mean is described in
README.md.
"""

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FILE = b"what a build host has built\n"
NAMESPACE = "packages@example.org"
USER_ID = "Example Packaging <packages@example.org>"
HASHES = ("sha512", "sha256")
CURVES = (("nistp256", "P-256"), ("nistp384", "P-384"), ("nistp521", "P-521"))


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, **more).stdout


def version(*command):
    done = subprocess.run(command, capture_output=True, check=False)
    return (done.stdout or done.stderr).decode().splitlines()[0].strip()


def ssh(folder):
    maker = version("ssh", "-V")
    for kind, bits in (("ed25519", 256), ("rsa", 2048), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521)):
        key = folder / f"ssh-{kind}-{bits}"
        run("ssh-keygen", "-q", "-t", kind, "-b", str(bits), "-N", "", "-C", "", "-f", key)
        public = key.with_name(key.name + ".pub").read_text().strip()
        for name in HASHES:
            (folder / "file.sig").unlink(missing_ok=True)
            run("ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", NAMESPACE, "-O", f"hashalg={name}", folder / "file")
            yield {
                "name": f"SSHSIG, {kind} {bits}, {name}", "maker": maker, "output": "SSHSIG", "hash": name,
                "namespace": NAMESPACE, "key": public, "signature": (folder / "file.sig").read_text(),
            }  # fmt: skip


def raw(folder):
    maker = version("openssl", "version")
    rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    pss = ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]
    kinds = [("pkcs1", "RSA 2048", rsa), ("pss", "RSA 2048", rsa), ("ed25519", "Ed25519", ["-algorithm", "ed25519"])]
    kinds += [("ecdsa", curve, ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}"]) for _, curve in CURVES]
    for mechanism, kind, how in kinds:
        key, digest, signature = folder / "key.pem", folder / "digest", folder / "signature"
        run("openssl", "genpkey", *how, "-out", key)
        public = run("openssl", "pkey", "-in", key, "-pubout").decode()
        for name in HASHES:
            digest.write_bytes(hashlib.new(name, FILE).digest())
            options = ["-pkeyopt", f"digest:{name}"] if mechanism in ("pkcs1", "pss") else []
            options += pss if mechanism == "pss" else []
            options += ["-rawin"] if mechanism == "ed25519" else []
            run("openssl", "pkeyutl", "-sign", "-inkey", key, "-in", digest, "-out", signature, *options)
            yield {
                "name": f"raw, {mechanism}, {kind}, {name}", "maker": maker, "output": "raw", "hash": name,
                "mechanism": mechanism, "key": public, "signature": base64.b64encode(signature.read_bytes()).decode(),
            }  # fmt: skip


def gpg(folder):
    maker = version("gpg", "--version")
    home = folder / "gnupg"
    home.mkdir(mode=0o700)
    environment = {**os.environ, "GNUPGHOME": str(home)}
    quiet = ("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
    try:
        for algorithm in ("ed25519", "rsa2048", *(name for name, _ in CURVES)):
            user_id = f"{algorithm} <{algorithm}@example.org>"
            run(*quiet, "--quick-generate-key", user_id, algorithm, "cert,sign", "never", env=environment)
            chosen = ("--digest-algo", "SHA512", "--local-user", f"{algorithm}@example.org")
            signature = run(*quiet, *chosen, "--armor", "--output", "-", "--detach-sign", folder / "file", env=environment)
            certificate = run(*quiet, "--armor", "--export", f"{algorithm}@example.org", env=environment)
            yield {
                "name": f"OpenPGPv4, {algorithm}", "maker": maker, "output": "OpenPGPv4",
                "key": certificate.decode(), "signature": signature.decode(),
            }  # fmt: skip
    finally:
        subprocess.run(("gpgconf", "--kill", "all"), env=environment, check=False)


def sop(folder, program):
    maker = version(program, "version")
    key = folder / "key.pgp"
    key.write_bytes(run(program, "generate-key", "--profile", "rfc9580", "--signing-only", USER_ID))
    certificate = run(program, "extract-cert", input=key.read_bytes())
    signature = run(program, "sign", key, input=FILE)
    yield {
        "name": "OpenPGPv6, Ed25519", "maker": maker, "output": "OpenPGPv6",
        "key": certificate.decode(), "signature": signature.decode(),
    }  # fmt: skip


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--sop", default="sqop", help="program for OpenPGP version 6 (default: sqop)")
    program = arguments.parse_args().sop
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "file").write_bytes(FILE)
        vectors = [*gpg(folder), *sop(folder, program), *ssh(folder), *raw(folder)]
    lines = [json.dumps({**vector, "file": FILE.decode()}, separators=(",", ":")) for vector in vectors]
    path = Path(__file__).resolve().parent / "signatures.json"
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
