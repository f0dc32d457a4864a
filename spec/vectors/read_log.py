#!/usr/bin/env python3
"""Reads a whole public log, and proofs out of it, without the code that wrote them.

    read_log.py DIR VKEY [--witness VKEY]... [PROOF...]

Recomputes every hash from the entries up, compares each tile and the root, checks the signature of
the log and of each witness that is named, and leads every PROOF (a `.sig.proof`) to its checkpoint
and into DIR. Exits with 1 and a line about the first thing that does not hold. Needs nothing but
Python 3.9 and make_log.py beside it, for its Ed25519.
"""

import base64
import hashlib
import sys
from pathlib import Path

from make_log import BASE, ORDER, add, decoded, encoded, split, times

LOG, COSIGNATURE = 0x01, 0x04
WIDTH = 256


class Broken(Exception):
    """Something that does not hold."""


def demand(holds, what):
    if not holds:
        raise Broken(what)


def octets_of(text, what):
    try:
        octets = base64.b64decode(text, validate=True)
    except ValueError:
        raise Broken(f"{what} is no base64") from None
    demand(base64.b64encode(octets).decode() == text, f"{what} is spelled otherwise")
    return octets


# --- Ed25519, RFC 8032 §5.1.7 ----------------------------------------------------------------


def verifies(public, message, signature):
    first, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    hashed = hashlib.sha512(first + public + message).digest()
    challenge = int.from_bytes(hashed, "little") % ORDER
    left = times(scalar, BASE)
    right = add(decoded(first), times(challenge, decoded(public)))
    return scalar < ORDER and encoded(left) == encoded(right)


# --- C2SP signed-note, tlog-checkpoint, tlog-cosignature -------------------------------------


class Key:
    def __init__(self, vkey):
        parts = vkey.split("+", 2)
        demand(len(parts) == 3, f"{vkey} is no verifier key")
        self.name, identifier, typed = parts
        typed = octets_of(typed, "the key")
        self.kind, self.public = typed[0], typed[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]
        demand(self.id.hex() == identifier, f"{self.name} has another ID")
        demand(len(self.public) == 32, f"{self.name} is of another length")

    def signed(self, text, signature):
        if self.kind == COSIGNATURE:
            demand(len(signature) == 72, "a cosignature of another length")
            time = int.from_bytes(signature[:8], "big")
            text, signature = f"cosignature/v1\ntime {time}\n{text}", signature[8:]
        return len(signature) == 64 and verifies(self.public, text.encode(), signature)


def checkpoint(note, keys):
    """The size and the root of a checkpoint that all `keys` signed, the log first."""
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    signatures = {}
    for line in lines.splitlines():
        dash, name, blob = line.split(" ")
        demand(dash == "—", "no signature line")
        blob = octets_of(blob, "a signature")
        signatures[(name, blob[:4])] = blob[4:]
    for key in keys:
        signature = signatures.get((key.name, key.id))
        demand(signature is not None, f"{key.name} did not sign")
        demand(key.signed(text, signature), f"the signature of {key.name} does not verify")
    origin, size, root = text.splitlines()[:3]
    demand(origin == keys[0].name, "the checkpoint of another log")
    demand(size == str(int(size)), "a size that is spelled otherwise")
    return int(size), octets_of(root, "the root")


# --- RFC 6962 §2.1, C2SP tlog-tiles ----------------------------------------------------------


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256().digest()
    left = split(len(hashes))
    return node(root_of(hashes[:left]), root_of(hashes[left:]))


def stored(folder, kind, number, count):
    """The octets of a tile or bundle of `count`, or of the full one that took its place."""
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    full = folder / "tile" / kind / "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    partial = full.with_name(full.name + ".p") / str(count)
    path = partial if count < WIDTH and partial.exists() else full
    demand(path.exists(), f"{path.relative_to(folder)} is missing")
    return path.read_bytes()


def entries_of(folder, size):
    for number in range(-(-size // WIDTH)):
        count = min(WIDTH, size - number * WIDTH)
        octets, read = stored(folder, "entries", number, count), 0
        while read < count:
            length = int.from_bytes(octets[:2], "big")
            demand(len(octets) >= 2 + length, f"bundle {number} ends early")
            yield octets[2 : 2 + length]
            octets, read = octets[2 + length :], read + 1


def log(folder, keys):
    """The leaf hashes of a log in which everything holds."""
    size, root = checkpoint((folder / "checkpoint").read_text(), keys)
    leaves = hashes = [leaf(entry) for entry in entries_of(folder, size)]
    demand(root_of(leaves) == root, "the entries have another root")
    level = 0
    while hashes:
        for number in range(-(-len(hashes) // WIDTH)):
            own = b"".join(hashes[number * WIDTH : (number + 1) * WIDTH])
            count = len(own) // 32
            there = stored(folder, str(level), number, count)[: len(own)]
            demand(there == own, f"tile {number} of level {level} is another")
        full = len(hashes) // WIDTH
        hashes = [root_of(hashes[at * WIDTH : (at + 1) * WIDTH]) for at in range(full)]
        level += 1
    return leaves, root


# --- C2SP tlog-proof, RFC 9162 §2.1.3.2 ------------------------------------------------------


def proof(text, keys, leaves):
    """The index of an entry whose proof holds, alone and in the log."""
    head, _, note = text.partition("\n\n")
    magic, extra, index, *hashes = head.splitlines()
    demand(magic == "c2sp.org/tlog-proof@v1", "no proof")
    demand(extra.startswith("extra ") and index.startswith("index "), "no proof with an entry")
    size, root = checkpoint(note, keys)
    index = int(index[6:])
    demand(index < size <= len(leaves), "an index or a size beyond the log")
    demand(root_of(leaves[:size]) == root, "the checkpoint of a fork")

    current = leaf(octets_of(extra[6:], "the entry"))
    demand(current == leaves[index], "another entry stands in the log")
    first, last = index, size - 1
    for sibling in (octets_of(line, "a hash") for line in hashes):
        demand(last > 0, "a proof that is too long")
        if first % 2 or first == last:
            current = node(sibling, current)
            while not first % 2 and first:
                first, last = first >> 1, last >> 1
        else:
            current = node(current, sibling)
        first, last = first >> 1, last >> 1
    demand(last == 0 and current == root, "the hashes lead to another root")
    return index


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    folder, keys, proofs = Path(arguments[0]), [Key(arguments[1])], []
    rest = iter(arguments[2:])
    for argument in rest:
        if argument == "--witness":
            keys.append(Key(next(rest, "")))
        else:
            proofs.append(Path(argument))
    try:
        demand(keys[0].kind == LOG, "the key of a log has type 0x01")
        leaves, root = log(folder, keys)
        print(f"{len(leaves)} entries, root {base64.b64encode(root).decode()}")
        for path in proofs:
            print(f"{path.name}: entry {proof(path.read_text(), keys, leaves)}")
    except (Broken, ValueError) as broken:
        sys.exit(f"error: {broken}")


if __name__ == "__main__":
    main(sys.argv[1:])
