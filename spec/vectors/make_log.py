#!/usr/bin/env python3
"""The test vectors of the formats of the public log, made without the code that they test.

    make_log.py            writes log.json beside itself
    make_log.py --check    exits with 1 if the file differs from what would be written

Needs nothing but Python 3.9. What the members mean is described in README.md. The keys are made of
known seeds: they protect nothing.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# --- Ed25519, RFC 8032 §5.1 ------------------------------------------------------------------

FIELD = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, -1, FIELD) % FIELD


def add(p, q):
    """The sum of two points, as they are defined: slow, and easy to see through."""
    (x, y), (u, v) = p, q
    both = CURVE * x * y * u * v % FIELD
    left = (x * v + y * u) * pow(1 + both, -1, FIELD)
    right = (y * v + x * u) * pow(1 - both, -1, FIELD)
    return left % FIELD, right % FIELD


def times(scalar, point):
    total = (0, 1)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def decoded(octets):
    """The point of an encoding (RFC 8032 §5.1.3)."""
    number = int.from_bytes(octets, "little")
    y, odd = number & (2**255 - 1), number >> 255
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if x * x % FIELD != square:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if y >= FIELD or x * x % FIELD != square or odd > x:
        raise ValueError("no point of the curve")
    return (x if x % 2 == odd else FIELD - x, y)


BASE = decoded((4 * pow(5, -1, FIELD) % FIELD).to_bytes(32, "little"))


def encoded(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Ed25519:
    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        low = int.from_bytes(digest[:32], "little")
        self.scalar = low & ((1 << 254) - 8) | 1 << 254
        self.prefix = digest[32:]
        self.public = encoded(times(self.scalar, BASE))

    def sign(self, message):
        number = lambda *parts: int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER
        nonce = number(self.prefix, message)
        point = encoded(times(nonce, BASE))
        response = (nonce + number(point, self.public, message) * self.scalar) % ORDER
        return point + response.to_bytes(32, "little")


# RFC 8032 §7.1, test 1.
EMPTY = Ed25519(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
assert EMPTY.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
assert EMPTY.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac")

# --- Trees, RFC 6962 §2.1 --------------------------------------------------------------------


def split(count):
    return 1 << (count - 1).bit_length() - 1


def root(entries):
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    at = split(len(entries))
    return hashlib.sha256(b"\1" + root(entries[:at]) + root(entries[at:])).digest()


def path(index, entries):
    if len(entries) == 1:
        return []
    at = split(len(entries))
    if index < at:
        return path(index, entries[:at]) + [root(entries[at:])]
    return path(index - at, entries[at:]) + [root(entries[:at])]


# --- Notes, checkpoints, cosignatures --------------------------------------------------------

SIGNS, COSIGNS, ML_DSA = 1, 4, 6


def b64(octets):
    return base64.b64encode(octets).decode()


class Key:
    def __init__(self, name, kind=SIGNS, seed=None):
        self.name, self.kind = name, kind
        self.ed25519 = Ed25519(hashlib.sha256((seed or name).encode()).digest())
        public = self.ed25519.public if kind != ML_DSA else hashlib.shake_128(name.encode()).digest(1312)
        self.typed = bytes([kind]) + public
        self.id = hashlib.sha256(name.encode() + b"\n" + self.typed).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(self.typed)}"

    def line(self, text, time=1700000000):
        if self.kind == SIGNS:
            signature = self.ed25519.sign(text.encode())
        elif self.kind == COSIGNS:
            message = f"cosignature/v1\ntime {time}\n{text}"
            signature = time.to_bytes(8, "big") + self.ed25519.sign(message.encode())
        else:
            signature = time.to_bytes(8, "big") + hashlib.shake_128(text.encode()).digest(2420)
        return line(self.name, self.id + signature)


def line(name, octets):
    return f"\u2014 {name} {b64(octets)}\n"


def note(text, *lines):
    return text + "\n" + "".join(lines)


def checkpoint_text(origin, entries, *extensions):
    return "\n".join([origin, str(len(entries)), b64(root(entries)), *extensions]) + "\n"


LOG = Key("log.example.org/2026")
OTHER = Key("log.example.org/2027")
NAMESAKE = Key("log.example.org/2026", seed="another key")
WITNESSES = [Key(f"witness.example.org/{letter}", COSIGNS) for letter in "abcd"]
QUANTUM = Key("witness.example.org/q", ML_DSA)
A, B, C, D = WITNESSES
TEXT = "a text\n\nwith an empty line and größe\n"
ENTRIES = [f"entry {index}".encode() for index in range(11)]
CHECKPOINT = checkpoint_text(LOG.name, ENTRIES)

vectors = []


def vector(kind, name, octets, outcome, **extra):
    text = {"octets_base64": b64(octets)} if isinstance(octets, bytes) else {"octets": octets}
    vectors.append({"kind": kind, "name": f"{kind}: {name}", **text, **extra, **outcome})


REFUSED = {"refused": True}


def accepted(**members):
    return {"accepted": members}


# --- Keys ------------------------------------------------------------------------------------


def keys():
    def good(name, key):
        vector("key", name, key.vkey, accepted(name=key.name, id=key.id.hex(), type=key.kind, public=key.typed[1:].hex()))

    def bad(name, text):
        vector("key", name, text, REFUSED)

    good("a log", LOG)
    good("a witness", A)
    good("a witness with ML-DSA-44", QUANTUM)
    good("a name beyond ASCII", Key("größe.example"))
    v = LOG.vkey
    name, ident, key = v.split("+", 2)
    bad("nothing", "")
    bad("a name alone", name)
    bad("no key", f"{name}+{ident}")
    bad("no name", f"+{ident}+{key}")
    bad("ID in upper case", f"{name}+{ident.upper()}+{key}")
    bad("ID too short", f"{name}+{ident[1:]}+{key}")
    bad("another ID", f"{name}+{OTHER.id.hex()}+{key}")
    bad("another name", f"{OTHER.name}+{ident}+{key}")
    bad("space in the name", v.replace(".org/", ".org /"))
    bad("no-break space in the name", v.replace(".org/", ".org\u00a0/"))
    bad("line feed at the end", v + "\n")
    bad("space before", " " + v)
    bad("base64 without padding", Key("x", COSIGNS).vkey.rstrip("=") + "A")
    bad("URL-safe base64", f"{name}+{ident}+{key[:-1]}_")
    for kind in (0, 2, 3, 5, 7, 255):
        odd = Key(name)
        odd.typed = bytes([kind]) + odd.typed[1:]
        bad(f"type {kind}", vkey(name, odd.typed))
    bad("no type", vkey(name, b""))
    bad("key too short", vkey(name, LOG.typed[:-1]))
    bad("key too long", vkey(name, LOG.typed + b"\0"))
    bad("ML-DSA-44 key too short", vkey(name, QUANTUM.typed[:-1]))
    bad("no point of the curve", vkey(name, b"\1" + b"\2" + bytes(31)))
    for title, point in (("neutral element", b"\1" + bytes(31)), ("point of order 4", bytes(32)), ("point of order 2", b"\xec" + b"\xff" * 30 + b"\x7f")):
        bad(title, vkey(name, b"\1" + point))


def vkey(name, typed):
    return f"{name}+{hashlib.sha256(name.encode() + bytes([10]) + typed).digest()[:4].hex()}+{b64(typed)}"


# --- Notes -----------------------------------------------------------------------------------


def notes():
    known = [LOG, A, QUANTUM]

    def good(name, octets, text, *verified):
        vector("note", name, octets, accepted(text=text, verified=list(verified)), keys=[key.vkey for key in known])

    def bad(name, octets):
        vector("note", name, octets, REFUSED, keys=[key.vkey for key in known])

    signed = note(TEXT, LOG.line(TEXT))
    no = "missing"
    good("signed once", signed, TEXT, "signed", no, no)
    good("signed and cosigned", note(TEXT, LOG.line(TEXT), A.line(TEXT)), TEXT, "signed", 1700000000, no)
    good("cosigned at time 0", note(TEXT, A.line(TEXT, 0)), TEXT, no, 0, no)
    good("cosigned at the last second", note(TEXT, A.line(TEXT, 2**63 - 1)), TEXT, no, 2**63 - 1, no)
    good("cosigned after the last second", note(TEXT, A.line(TEXT, 2**63)), TEXT, no, "wrong", no)
    good("with ML-DSA-44", note(TEXT, LOG.line(TEXT), QUANTUM.line(TEXT)), TEXT, "signed", no, "unsupported")
    good("signed by another", note(TEXT, OTHER.line(TEXT)), TEXT, no, no, no)
    good("signed by a namesake", note(TEXT, NAMESAKE.line(TEXT), LOG.line(TEXT)), TEXT, "signed", no, no)
    good("another text", note(TEXT.upper(), LOG.line(TEXT)), TEXT.upper(), "wrong", no, no)
    good("signed twice", note(TEXT, LOG.line(TEXT), LOG.line(TEXT)), TEXT, "signed", no, no)
    wrong = line(LOG.name, LOG.id + bytes(64))
    good("signed twice, once wrongly", note(TEXT, LOG.line(TEXT), wrong), TEXT, "wrong", no, no)
    good("signed twice, first wrongly", note(TEXT, wrong, LOG.line(TEXT)), TEXT, "wrong", no, no)
    good("a signature of one octet", note(TEXT, line(LOG.name, LOG.id + b"x")), TEXT, "wrong", no, no)
    good("a signature with an octet more", note(TEXT, line(LOG.name, LOG.id + LOG.ed25519.sign(TEXT.encode()) + b"x")), TEXT, "wrong", no, no)
    malleable = LOG.ed25519.sign(TEXT.encode())
    malleable = malleable[:32] + (int.from_bytes(malleable[32:], "little") + ORDER).to_bytes(32, "little")
    good("a signature with S beyond the order", note(TEXT, line(LOG.name, LOG.id + malleable)), TEXT, "wrong", no, no)
    neutral = b"\1" + bytes(31)
    challenge = hashlib.sha512(neutral + LOG.ed25519.public + TEXT.encode()).digest()
    response = int.from_bytes(challenge, "little") * LOG.ed25519.scalar % ORDER
    small = neutral + response.to_bytes(32, "little")
    good("a signature with R of small order", note(TEXT, line(LOG.name, LOG.id + small)), TEXT, "wrong", no, no)
    plain = line(A.name, A.id + A.ed25519.sign(TEXT.encode()))
    good("a witness that signs as a log", note(TEXT, plain), TEXT, no, "wrong", no)
    good("a text of one line feed", note("\n", LOG.line("\n")), "\n", "signed", no, no)
    good("an empty line at the end of the text", note("a\n\n", LOG.line("a\n\n")), "a\n\n", "signed", no, no)
    good("a text that looks like a signature", note(signed, LOG.line(signed)), signed, "signed", no, no)
    good("16 signatures", note(TEXT, LOG.line(TEXT), *[line(f"w{n}.example", bytes(72)) for n in range(15)]), TEXT, "signed", no, no)
    bad("nothing", "")
    bad("a text alone", TEXT)
    bad("no signature", TEXT + "\n")
    bad("no empty line", TEXT.replace("\n\n", "\n") + LOG.line(TEXT))
    bad("no line feed at the end", signed[:-1])
    bad("two line feeds at the end", signed + "\n")
    bad("a line behind the signatures", signed + "x\n")
    bad("hyphen for the dash", signed.replace("\u2014", "-"))
    bad("no space behind the dash", signed.replace("\u2014 ", "\u2014"))
    bad("two spaces behind the dash", signed.replace("\u2014 ", "\u2014  "))
    bad("two spaces before the signature", signed.replace("2026 ", "2026  "))
    bad("space at the end of the line", signed[:-1] + " \n")
    bad("carriage returns", signed.replace("\n", "\r\n"))
    bad("tab in the text", note("a\tb\n", LOG.line("a\tb\n")))
    bad("NUL in the text", note("a\0b\n", LOG.line("a\0b\n")))
    bad("not UTF-8", signed.encode().replace("ö".encode(), b"\xf6"))
    bad("plus in the name", note(TEXT, line("a+b", bytes(68))))
    bad("ID alone", note(TEXT, line(LOG.name, LOG.id)))
    bad("no ID", note(TEXT, line(LOG.name, b"abc")))
    bad("base64 without padding", note(TEXT, line(LOG.name, LOG.id + b"x").replace("=", "")))
    bad("base64 with other last bits", note(TEXT, f"\u2014 {LOG.name} AAAAAAB=\n"))
    bad("URL-safe base64", note(TEXT, f"\u2014 {LOG.name} AAAA__==\n"))
    bad("65 signatures", note(TEXT, *[line(f"w{n}.example", bytes(72)) for n in range(65)]))


# --- Checkpoints -----------------------------------------------------------------------------


def checkpoints():
    def good(name, octets, size, extensions=()):
        roots = b64(root(ENTRIES[:size])) if size <= len(ENTRIES) else b64(bytes(32))
        vector("checkpoint", name, octets, accepted(size=size, root=roots, extensions=list(extensions)), key=LOG.vkey)

    def bad(name, text, key=LOG):
        vector("checkpoint", name, note(text, key.line(text)), REFUSED, key=LOG.vkey)

    for size in (0, 1, 2, 11):
        text = checkpoint_text(LOG.name, ENTRIES[:size])
        good(f"{size} entries", note(text, LOG.line(text)), size)
    text = checkpoint_text(LOG.name, ENTRIES, "more", "and more \u2014 of it")
    good("extension lines", note(text, LOG.line(text)), 11, ["more", "and more \u2014 of it"])
    good("with cosignatures", note(CHECKPOINT, LOG.line(CHECKPOINT), A.line(CHECKPOINT), QUANTUM.line(CHECKPOINT)), 11)
    text = f"{LOG.name}\n{2**63 - 1}\n{b64(bytes(32))}\n"
    good("the largest size", note(text, LOG.line(text)), 2**63 - 1)
    bad("beyond the largest size", text.replace(str(2**63 - 1), str(2**63)))
    bad("a size beyond 64 bits", text.replace(str(2**63 - 1), str(2**64)))
    bad("another key", CHECKPOINT, OTHER)
    bad("a namesake", CHECKPOINT, NAMESAKE)
    bad("another origin", CHECKPOINT.replace("2026", "2027"))
    for title, size in (("sign", "+11"), ("minus", "-11"), ("leading zero", "011"), ("space", " 11"), ("hexadecimal", "0xb"), ("nothing", ""), ("fraction", "11.0"), ("Arabic digits", "\u0661\u0661")):
        bad(f"size with {title}", CHECKPOINT.replace("\n11\n", f"\n{size}\n"))
    hash_ = CHECKPOINT.split("\n")[2]
    bad("root without padding", CHECKPOINT.replace(hash_, hash_.rstrip("=")))
    bad("root of 31 octets", CHECKPOINT.replace(hash_, b64(bytes(31))))
    bad("root of 33 octets", CHECKPOINT.replace(hash_, b64(bytes(33))))
    bad("root in hexadecimal", CHECKPOINT.replace(hash_, root(ENTRIES).hex()))
    bad("root with other last bits", CHECKPOINT.replace(hash_, "A" * 42 + "B="))
    bad("no root", f"{LOG.name}\n11\n")
    bad("no origin", "\n".join(["", *CHECKPOINT.split("\n")[1:]]))
    bad("an empty extension line", CHECKPOINT + "\n")
    bad("an empty line before an extension", CHECKPOINT + "\nmore\n")
    bad("one line", LOG.name + "\n")


# --- Policies --------------------------------------------------------------------------------


def policies():
    signed = [LOG.line(CHECKPOINT)]
    cosigned = {key.name[-1]: key.line(CHECKPOINT) for key in [*WITNESSES, QUANTUM]}

    def checked(name, policy, letters, outcome, first=signed):
        sent = note(CHECKPOINT, *first, *[cosigned[letter] for letter in letters])
        vector("policy", f"{name}, seen by {letters or 'nobody'}", policy, {"outcome": outcome}, checkpoint=sent)

    def bad(name, policy):
        vector("policy", name, policy, {"outcome": "malformed"}, checkpoint=note(CHECKPOINT, *signed))

    log = f"log {LOG.vkey}\n"
    witness = lambda key, name=None: f"witness {name or key.name[-1].upper()} {key.vkey}\n"
    four = "".join(witness(key) for key in WITNESSES)
    checked("no quorum needed", log + "quorum none\n", "", "accepted")
    checked("with addresses", f"log {LOG.vkey} https://log.example.org/\nwitness A {A.vkey} https://a.example.org/\nquorum A\n", "a", "accepted")
    checked("comments, tabs and empty lines", f"# a comment\n\n \t\n  # another\n\tlog\t {LOG.vkey} \nquorum \t none\n", "", "accepted")
    checked("no line feed at the end", log + "quorum none", "", "accepted")
    checked("two logs", f"log {OTHER.vkey}\n" + log + "quorum none\n", "", "accepted")
    checked("another log", f"log {OTHER.vkey}\nquorum none\n", "", "refused")
    checked("a namesake of the log", f"log {NAMESAKE.vkey}\nquorum none\n", "", "refused")
    checked("no log", "quorum none\n", "", "refused")
    checked("a log without a signature", log + witness(A) + "quorum A\n", "a", "refused", first=[])
    for letters, outcome in (("", "refused"), ("a", "accepted"), ("b", "refused"), ("ab", "accepted")):
        checked("one witness", log + witness(A) + witness(B) + "quorum A\n", letters, outcome)
    for needed, least in (("any", 1), ("1", 1), ("2", 2), ("3", 3), ("all", 4), ("4", 4)):
        for letters in ("", "a", "cd", "abd", "abcd"):
            outcome = "accepted" if len(letters) >= least else "refused"
            checked(f"{needed} of four", log + four + f"group G {needed} A B C D\nquorum G\n", letters, outcome)
    tree = log + four + "group X all A B\ngroup Y any C D\ngroup Z all X Y\nquorum Z\n"
    for letters, outcome in (("abc", "accepted"), ("abd", "accepted"), ("acd", "refused"), ("ab", "refused"), ("cd", "refused")):
        checked("groups of groups", tree, letters, outcome)
    checked("a group beside the quorum", log + four + "group X all A B\nquorum C\n", "c", "accepted")
    checked("a group beside the quorum", log + four + "group X all A B\nquorum C\n", "ab", "refused")
    checked("the quorum before the logs", four + "quorum A\n" + log, "a", "accepted")
    checked("a witness with ML-DSA-44 does not count here", log + witness(QUANTUM) + "quorum Q\n", "q", "refused")
    checked("one with ML-DSA-44 beside another", log + witness(QUANTUM) + witness(A) + "group G any Q A\nquorum G\n", "qa", "accepted")
    checked("the same witness twice is one", log + four + "group G 2 A B\nquorum G\n", "aa", "refused")
    cosigned["x"] = line(A.name, A.id + bytes(72))
    checked("a known witness with a wrong cosignature, though not needed", log + four + "group G any A B\nquorum G\n", "bx", "refused")
    checked("an unknown witness with a wrong cosignature", log + witness(B) + "quorum B\n", "bx", "accepted")
    named = f"witness größe {A.vkey}\nquorum größe\n"
    checked("a name beyond ASCII", log + named, "a", "accepted")
    checked("a name that is not UTF-8", (log + named).encode("latin-1"), "a", "accepted")

    bad("nothing", "")
    bad("no quorum", log)
    bad("two quorums", log + "quorum none\nquorum none\n")
    bad("quorum without a name", log + "quorum\n")
    bad("quorum with two names", log + four + "quorum A B\n")
    bad("quorum of an unknown name", log + "quorum A\n")
    bad("quorum before its witness", log + "quorum A\n" + four)
    bad("an unknown line", log + "quorum none\nfoo bar\n")
    bad("upper case", log.upper() + "quorum none\n")
    bad("a comment behind a line", log + "quorum none # nobody\n")
    bad("carriage returns", (log + "quorum none\n").replace("\n", "\r\n"))
    bad("NUL", log + "quorum none\n\0")
    bad("DEL", log + "# \x7f\nquorum none\n")
    bad("log without a key", "log\nquorum none\n")
    bad("log with too much", f"log {LOG.vkey} https://a.example/ b\nquorum none\n")
    bad("log with the key of a witness", f"log {A.vkey}\nquorum none\n")
    bad("log with a broken key", log.replace("+", "-") + "quorum none\n")
    bad("a log twice", log + log + "quorum none\n")
    bad("a log twice under two names", log + f"log {Key('b.example', seed=LOG.name).vkey}\nquorum none\n")
    bad("witness with the key of a log", f"witness A {LOG.vkey}\nquorum A\n")
    bad("witness without a name", f"witness {A.vkey}\nquorum none\n")
    bad("a witness twice", witness(A) + witness(A, "B") + "quorum A\n")
    bad("a witness twice under two names", witness(A) + f"witness B {Key('b.example', COSIGNS, seed=A.name).vkey}\nquorum A\n")
    bad("a name twice", witness(A) + witness(B, "A") + "quorum A\n")
    bad("a name for witness and group", four + "group A any B\nquorum A\n")
    bad("a witness called none", witness(A, "none") + "quorum none\n")
    bad("a group called none", four + "group none any A\nquorum none\n")
    bad("none in a group", four + "group G any none\nquorum G\n")
    bad("a group of nobody", four + "group G all\nquorum G\n")
    bad("a group of itself", four + "group G any G\nquorum G\n")
    bad("a member that comes later", "group G any A\n" + four + "quorum G\n")
    bad("a member twice", four + "group G 2 A A\nquorum G\n")
    bad("a member of two groups", four + "group G any A B\ngroup H any B C\nquorum G\n")
    for number in ("0", "5", "-1", "+1", "01", "1.0", "two", "4294967297", "18446744073709551617"):
        bad(f"{number} of four", four + f"group G {number} A B C D\nquorum G\n")


# --- Proofs ----------------------------------------------------------------------------------


def proof_text(index, hashes, checkpoint, extra=None):
    lines = ["c2sp.org/tlog-proof@v1"]
    if extra is not None:
        lines.append(f"extra {b64(extra)}")
    lines.append(f"index {index}")
    return "\n".join([*lines, *map(b64, hashes)]) + "\n\n" + checkpoint


def proofs():
    signed = note(CHECKPOINT, LOG.line(CHECKPOINT))

    def good(name, octets, entry, index, size=len(ENTRIES)):
        outcome = accepted(index=index, size=size)
        vector("proof", name, octets, outcome, key=LOG.vkey, entry=entry.decode())

    def bad(name, octets, entry=ENTRIES[3]):
        vector("proof", name, octets, REFUSED, key=LOG.vkey, entry=entry.decode())

    for index, entry in enumerate(ENTRIES):
        good(f"entry {index}", proof_text(index, path(index, ENTRIES), signed, entry), entry, index)
    three = path(3, ENTRIES)
    good("without the entry", proof_text(3, three, signed), ENTRIES[3], 3)
    good("with something else in its place", proof_text(3, three, signed, b"else"), ENTRIES[3], 3)
    one = checkpoint_text(LOG.name, ENTRIES[:1])
    one = note(one, LOG.line(one))
    good("the only entry", proof_text(0, [], one, ENTRIES[0]), ENTRIES[0], 0, 1)
    good("with cosignatures", proof_text(3, three, signed + A.line(CHECKPOINT)), ENTRIES[3], 3)
    text = proof_text(3, three, signed, ENTRIES[3])
    bad("another entry", text, ENTRIES[4])
    bad("another index", proof_text(2, three, signed))
    bad("an index beyond the size", proof_text(11, three, signed))
    bad("the largest index", proof_text(2**64 - 1, three, signed))
    bad("an index of more than 64 bits", proof_text(2**64 + 3, three, signed))
    bad("a hash less", proof_text(3, three[:-1], signed))
    bad("a hash more", proof_text(3, three + [bytes(32)], signed))
    bad("hashes in another order", proof_text(3, three[::-1], signed))
    bad("64 hashes", proof_text(3, [bytes(32)] * 64, signed))
    unsigned = note(CHECKPOINT, OTHER.line(CHECKPOINT))
    bad("a checkpoint of another log", proof_text(3, three, unsigned))
    bad("another version", text.replace("@v1", "@v2"))
    bad("no first line", text.split("\n", 1)[1])
    bad("no index", text.replace("index 3\n", ""))
    bad("two indexes", text.replace("index 3\n", "index 3\nindex 3\n"))
    bad("extra behind the index", proof_text(3, three, signed).replace("index 3\n", f"index 3\nextra {b64(ENTRIES[3])}\n"))
    bad("two extras", text.replace("extra", f"extra {b64(b'x')}\nextra", 1))
    bad("empty extra", text.replace(b64(ENTRIES[3]), ""))
    bad("extra without a space", text.replace("extra ", "extra"))
    bad("extra without padding", text.replace(b64(ENTRIES[3]), "eA"))
    for spelling in ("03", "+3", "-3", " 3", "3 ", "0x3", ""):
        bad(f"index {spelling!r}", text.replace("index 3\n", f"index {spelling}\n"))
    bad("no empty line", text.replace("\n\n", "\n", 1))
    bad("an empty line more", text.replace("\n\n", "\n\n\n", 1))
    bad("carriage returns", text.replace("\n", "\r\n"))
    bad("a line behind it", text + "x\n")
    bad("nothing", "")
    bad("a checkpoint alone", signed)
    for at in range(len(three)):
        forged = [*three[:at], bytes([three[at][0] ^ 1]) + three[at][1:], *three[at + 1 :]]
        bad(f"hash {at} with a bit flipped", proof_text(3, forged, signed))


# --- Bundles and entries ---------------------------------------------------------------------


def bundles():
    pack = lambda entries: b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)

    def good(name, entries):
        shown = [hashlib.sha256(b"\0" + entry).hexdigest() for entry in entries]
        vector("bundle", name, pack(entries), accepted(leaves=shown))

    def bad(name, octets):
        vector("bundle", name, octets, REFUSED)

    good("one entry", ENTRIES[:1])
    good("eleven entries", ENTRIES)
    good("an empty entry", [b""])
    good("256 entries", [b"x"] * 256)
    good("300 octets", [b"x" * 300])
    bad("nothing", b"")
    bad("257 entries", pack([b""] * 257))
    bad("half a length", pack(ENTRIES) + b"\0")
    bad("cut off", pack(ENTRIES)[:-1])
    bad("a length alone", b"\0\1")


MEMBERS = {
    "client": "builder",
    "file-length": 4096,
    "file-name": "linux-6.17-1-x86_64.pkg.tar.zst",
    "file-sha512": hashlib.sha512(b"file").hexdigest(),
    "hsm-input": b64(hashlib.sha512(b"digest").digest()),
    "issuer": hashlib.sha1(b"key").hexdigest(),
    "key": "packages",
    "output": "OpenPGPv4",
    "request-id": "01J9ZC3V7E",
    "signature": b64(b"\xc2\x03any"),
    "time": 1767229200,
    "version": 1,
}


SALTED = {
    "output": "OpenPGPv6",
    "file-salted-sha512": hashlib.sha512(b"s" * 32 + b"file").hexdigest(),
    "issuer": hashlib.sha256(b"key").hexdigest(),
}
SSH = {"output": "SSHSIG", "issuer": hashlib.sha256(b"key").hexdigest()}
RAW = {**SSH, "output": "raw", "mechanism": "ed25519"}
SHA256 = {"file-sha256": hashlib.sha256(b"file").hexdigest()}


def canonical(members):
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def entries():
    def good(name, changes=(), without=()):
        members = {**MEMBERS, **dict(changes)}
        for member in without:
            del members[member]
        vector("entry", name, canonical(members), accepted(leaf=hashlib.sha256(b"\0" + canonical(members).encode()).hexdigest()))

    def bad(name, text):
        vector("entry", name, text, REFUSED)

    def mixed(name, changes, without=()):
        members = {**MEMBERS, **changes}
        for member in without:
            del members[member]
        bad(name, canonical(members))

    def wrong(member, *values):
        for value in values:
            bad(f"{member} {str(value)[:24]!r}", canonical({**MEMBERS, member: value}))

    commitment = hashlib.sha256(b"signstar/file-name/v1\n" + b"s" * 32 + b"x.iso").hexdigest()
    good("all members")
    good("without the name", without=["file-name"])
    good("a commitment to the name", {"file-name-commitment": commitment}, ["file-name"])
    good("without what may be absent", without=["file-name", "request-id", "file-length"])
    good("a name that needs escapes", {"file-name": 'a "quoted" \\ name'})
    good("a name beyond ASCII", {"file-name": "größe \U0001f680.iso"})
    good("an empty file", {"file-length": 0})
    good("the longest file", {"file-length": 2**50 - 1})
    good("OpenPGP version 6", SALTED, ["file-sha512"])
    good("an SSH signature", SSH)
    good("an SSH signature over a SHA-256", {**SSH, **SHA256}, ["file-sha512", "file-length"])
    for mechanism in ("pkcs1", "pss", "ecdsa", "ed25519"):
        good(f"a raw signature, {mechanism}", {**RAW, "mechanism": mechanism})
    good("a raw signature over a SHA-256", {**RAW, **SHA256}, ["file-sha512", "file-length"])
    text = canonical(MEMBERS)
    for member in MEMBERS:
        if member not in ("file-name", "request-id", "file-length"):
            bad(f"without {member}", canonical({name: value for name, value in MEMBERS.items() if name != member}))
    mixed("version 4 with a SHA-256", SHA256)
    mixed("version 4 with a SHA-256 alone", SHA256, ["file-sha512"])
    mixed("version 4 with a salted digest", {"file-salted-sha512": SALTED["file-salted-sha512"]})
    mixed("version 4 with a long issuer", {"issuer": SSH["issuer"]})
    mixed("version 4 with a mechanism", {"mechanism": "pkcs1"})
    mixed("version 6 with both digests", SALTED)
    mixed("version 6 with the digest of the file", SALTED, ["file-salted-sha512"])
    mixed("version 6 with a short issuer", {**SALTED, "issuer": MEMBERS["issuer"]}, ["file-sha512"])
    mixed("version 6 with a salted digest cut off", {**SALTED, "file-salted-sha512": "00"}, ["file-sha512"])
    mixed("SSH with two digests", {**SSH, **SHA256})
    mixed("SSH without a digest", SSH, ["file-sha512"])
    mixed("SSH with a short issuer", {**SSH, "issuer": MEMBERS["issuer"]})
    mixed("SSH with a mechanism", {**SSH, "mechanism": "ed25519"})
    mixed("SSH with a SHA-256 cut off", {**SSH, "file-sha256": "00"}, ["file-sha512"])
    mixed("raw without a mechanism", {**RAW, "output": "raw"}, ["mechanism"])
    mixed("raw with an unknown mechanism", {**RAW, "mechanism": "rsa"})
    mixed("a salt", {**SALTED, "output": "OpenPGPv6-salt"}, ["file-sha512"])
    bad("a further member", canonical({**MEMBERS, "more": 1}))
    bad("a member twice", text.replace('"version"', '"version":1,"version"'))
    bad("null for absent", canonical({**MEMBERS, "request-id": None}))
    bad("name and commitment", canonical({**MEMBERS, "file-name-commitment": commitment}))
    bad("white space", text.replace(":", ": ", 1))
    bad("a line feed at the end", text + "\n")
    bad("a space before", " " + text)
    bad("another order", "{" + ",".join(reversed(text[1:-1].split(","))) + "}")
    bad("an escape that is not needed", text.replace("builder", "\\u0062uilder"))
    bad("a solidus with an escape", canonical({**MEMBERS, "signature": b64(b"\xff\xff\xff")}).replace("/", "\\/"))
    bad("an array", canonical(list(MEMBERS.values())))
    bad("two entries", text + text)
    bad("byte order mark", "\ufeff" + text)
    bad("not UTF-8", text.encode().replace(b"linux", b"l\xffnux"))
    bad("nothing", "")
    wrong("version", 0, 2, "1", 1.0)
    wrong("time", -1, 1.5, "1767229200", 2**64)
    bad("time with an exponent", text.replace("1767229200", "1e9"))
    wrong("client", "", "a b", "a/b", "-a", "x" * 65, 1)
    wrong("key", "", "a b", "x" * 65)
    wrong("output", "OpenPGPv6", "openpgpv4", "")
    wrong("issuer", "", MEMBERS["issuer"].upper(), MEMBERS["issuer"][2:], MEMBERS["issuer"] + "00")
    wrong("file-sha512", "", MEMBERS["file-sha512"].upper(), MEMBERS["file-sha512"][2:])
    wrong("file-length", -1, 2**50, "4096", 4096.0)
    wrong("file-name", "", "a/b", "a\nb", "a\u202eb", "x" * 256)
    wrong("file-name-commitment", commitment[2:])
    wrong("request-id", "", "a b", "x" * 65, "ö")
    wrong("signature", "x", "eA", "e===", "eB==", "__8=")
    wrong("hsm-input", "x", "eA")


# --- Files -----------------------------------------------------------------------------------


def main():
    for make in (keys, notes, checkpoints, policies, proofs, bundles, entries):
        make()
    names = [vector["name"] for vector in vectors]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    lines = ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in vectors)
    text = f"[\n{lines}\n]\n"
    target = HERE / "log.json"
    if "--check" in sys.argv[1:]:
        if not target.exists() or target.read_text() != text:
            sys.exit("log.json is not up to date: run make_log.py")
    else:
        target.write_text(text)


if __name__ == "__main__":
    main()
