#!/usr/bin/env python3
"""Shares of a secret, made and joined without the code that they test.

    shares.py                      writes shares.json beside itself
    shares.py --check              exits with 1 if the file differs from what would be written
    shares.py open BOX SHARE...    opens the box in the file BOX with the shares in the files SHARE, as
                                   text or as words, and writes the secret on standard output

Needs nothing but Python 3.9 and ../words.txt, also for a rescue in ten years. Written after
../shares.md. Not in constant time: to be used where nobody else computes.
"""

import base64
import hashlib
import hmac
import json
import random
import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORDS = (HERE.parent / "words.txt").read_text().split()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def sha256(octets):
    return hashlib.sha256(octets).digest()


# --- the field with 256 elements -------------------------------------------------------------


def times(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a, b = a << 1, b >> 1
        if a & 0x100:
            a ^= 0x11B
    return product


def inverse(a):
    return next(b for b in range(256) if times(a, b) == 1)


def point(key, coefficients, x):
    """The value of share x, term by term."""
    value = bytearray(key)
    power = 1
    for coefficient in coefficients:
        power = times(power, x)
        for i, octet in enumerate(coefficient):
            value[i] ^= times(power, octet)
    return bytes(value)


def at_zero(points):
    """What polynomials through these points are at 0, by Lagrange's formula."""
    key = bytearray(32)
    for j, value in points.items():
        factor = 1
        for m in points:
            if m != j:
                factor = times(factor, times(m, inverse(m ^ j)))
        for i in range(32):
            key[i] ^= times(value[i], factor)
    return bytes(key)


# --- ChaCha20-Poly1305, RFC 8439 -------------------------------------------------------------


def quarter(s, a, b, c, d):
    for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & 0xFFFFFFFF
        mixed = s[z] ^ s[x]
        s[z] = (mixed << turn | mixed >> (32 - turn)) & 0xFFFFFFFF


def block(key, counter):
    """§2.3, with the nonce of 12 octets 0."""
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + bytes(12)))
    s = start[:]
    for _ in range(10):
        for column in range(4):
            quarter(s, column, column + 4, column + 8, column + 12)
        for column in range(4):
            quarter(s, column, (column + 1) % 4 + 4, (column + 2) % 4 + 8, (column + 3) % 4 + 12)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(s, start)))


def chacha20(key, octets):
    out = bytearray()
    for at in range(0, len(octets), 64):
        stream = block(key, 1 + at // 64)
        out += bytes(a ^ b for a, b in zip(octets[at : at + 64], stream))
    return bytes(out)


def poly1305(key, message):
    """§2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at : at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def tag(key, header, ciphertext):
    """§2.8."""
    padded = lambda octets: octets + bytes(-len(octets) % 16)
    lengths = struct.pack("<QQ", len(header), len(ciphertext))
    return poly1305(block(key, 0)[:32], padded(header) + padded(ciphertext) + lengths)


# --- shares ----------------------------------------------------------------------------------


class Problem(Exception):
    """Why something cannot be read or joined; the name is that in the vectors."""


class Share:
    def __init__(self, threshold, count, index, set_id, value):
        self.threshold, self.count, self.index = threshold, count, index
        self.set_id, self.value = set_id, value

    def body(self, version=1):
        head = bytes([version, (self.threshold - 1) << 4 | self.count - 1, self.index])
        return head + self.set_id + self.value

    def text(self):
        return to_text(whole(self.body()))

    def words(self):
        return to_words(whole(self.body()))

    def receipt(self):
        return sha256(self.text().encode() + b"\n")

    def fingerprint(self):
        return sha256(b"signstar-shares 1 share" + self.receipt())[:16]

    def same(self, other):
        return self.body() == other.body()


def whole(body):
    return body + sha256(body)[:4]


def from_octets(octets):
    if len(octets) < 5 or whole(octets[:-4]) != octets:
        raise Problem("damaged")
    if octets[0] > 1:
        raise Problem("newer-version")
    threshold, count, index = (octets[1] >> 4) + 1, (octets[1] & 15) + 1, octets[2]
    if octets[0] != 1 or len(octets) != 55 or not 2 <= threshold <= count or not 1 <= index <= count:
        raise Problem("malformed")
    return Share(threshold, count, index, octets[3:19], octets[19:51])


# Bech32m: BIP-350.

PART = "signstar-share"
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> i & 1 else 0
    return check


EXPANDED = [ord(c) >> 5 for c in PART] + [0] + [ord(c) & 31 for c in PART]


def groups(octets, width):
    """The octets as one number, in groups of `width` bits, with bits 0 behind."""
    bits = "".join(f"{octet:08b}" for octet in octets)
    bits += "0" * (-len(bits) % width)
    return [int(bits[at : at + width], 2) for at in range(0, len(bits), width)]


def ungrouped(numbers, width):
    bits = "".join(f"{number:0{width}b}" for number in numbers)
    used = len(bits) // 8 * 8
    if "1" in bits[used:]:
        raise Problem("damaged")
    return bytes(int(bits[at : at + 8], 2) for at in range(0, used, 8))


def to_text(octets):
    values = groups(octets, 5)
    check = polymod(EXPANDED + values + [0] * 6) ^ 0x2BC830A3
    values += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return PART + "1" + "".join(ALPHABET[value] for value in values)


def from_text(text):
    text = text[:-2] if text.endswith("\r\n") else text[:-1] if text.endswith("\n") else text
    start = len(PART) + 1
    if text[:start].lower() != PART + "1":
        raise Problem("not-a-share")
    if any(c.lower() not in ALPHABET for c in text[start:]):
        raise Problem("character")
    if text not in (text.lower(), text.upper()):
        raise Problem("mixed-case")
    values = [ALPHABET.index(c) for c in text[start:].lower()]
    if polymod(EXPANDED + values) != 0x2BC830A3:
        raise Problem("characters" if len(text) != 109 else "damaged")
    return from_octets(ungrouped(values[:-6], 5))


def to_words(octets):
    return " ".join(WORDS[number] for number in groups(octets, 11))


def from_words(text):
    words = text.lower().split()
    if not words:
        raise Problem("not-a-share")
    if any(word not in WORDS for word in words):
        raise Problem("unknown-word")
    try:
        return from_octets(ungrouped([WORDS.index(word) for word in words], 11))
    except Problem as problem:
        if str(problem) == "damaged" and len(words) != 40:
            raise Problem("words")
        raise


def from_either(text):
    is_text = text.lower().lstrip().startswith(PART + "1") or len(text.split()) == 1
    return from_text(text) if is_text else from_words(text)


# --- boxes -----------------------------------------------------------------------------------


def set_id(key, threshold, count):
    return mac(key, b"signstar-shares 1 set" + bytes([(threshold - 1) << 4 | count - 1]))[:16]


def split(secret, threshold, count, fresh):
    key = fresh(32)
    coefficients = [fresh(32) for _ in range(threshold - 1)]
    name = set_id(key, threshold, count)
    shares = [
        Share(threshold, count, j, name, point(key, coefficients, j)) for j in range(1, count + 1)
    ]
    return key, shares, box(key, shares, fresh(32), secret)


def box(key, shares, salt, secret):
    first = shares[0]
    header = f"signstar-box 1\nset {first.set_id.hex()}\nscheme {first.threshold} of {first.count}\n"
    header += "".join(f"share {s.index} {s.fingerprint().hex()}\n" for s in shares)
    header = (header + f"salt {salt.hex()}\n").encode()
    box_key = mac(key, b"signstar-shares 1 box" + header)
    ciphertext = chacha20(box_key, secret)
    sealed = ciphertext + tag(box_key, header, ciphertext)
    return header.decode() + f"sealed {base64.b64encode(sealed).decode()}\n"


def open_box(text, shares):
    header, sealed = text.split("sealed ")
    lines = dict(line.rsplit(" ", 1) for line in header.splitlines() if not line.startswith("scheme"))
    name = bytes.fromhex(lines["set"])
    known = lambda share: lines.get(f"share {share.index}") == share.fingerprint().hex()
    if not shares:
        raise Problem("no-shares")
    if len({share.set_id for share in shares}) > 1:
        raise Problem("other-set")
    if len({(share.threshold, share.count) for share in shares}) > 1:
        raise Problem("other-scheme")
    if shares[0].set_id != name:
        raise Problem("other-box")
    for i, one in enumerate(shares):
        for two in shares[i + 1 :]:
            if one.index == two.index:
                raise Problem("twice" if one.same(two) else "conflict")
    if len(shares) < shares[0].threshold:
        raise Problem("too-few")
    key = at_zero({share.index: share.value for share in shares})
    if set_id(key, shares[0].threshold, shares[0].count) != name:
        raise Problem("damaged-box" if all(map(known, shares)) else "forged")
    box_key = mac(key, b"signstar-shares 1 box" + header.encode())
    sealed = base64.b64decode(sealed.strip(), validate=True)
    ciphertext, given = sealed[:-16], sealed[-16:]
    if not hmac.compare_digest(tag(box_key, header.encode(), ciphertext), given):
        raise Problem("damaged-box")
    return chacha20(box_key, ciphertext)


# --- vectors ---------------------------------------------------------------------------------


def check_building_blocks():
    assert times(0x57, 0x83) == 0xC1  # FIPS 197 §4.2
    # RFC 8439 §2.5.2
    key = bytes.fromhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b")
    expected = "a8061dc1305136c6c22b8baf0c0127a9"
    assert poly1305(key, b"Cryptographic Forum Research Group").hex() == expected
    # RFC 8439 §A.1, test vector 1
    assert block(bytes(32), 0).hex().startswith("76b8e0ada0f13d90405d6ae55386bd28")


def vectors():
    seeded = random.Random("shares of signstar")
    fresh = lambda length: bytes(seeded.randrange(256) for _ in range(length))
    sets, out = {}, []
    for threshold, count, length in ((2, 2, 1), (2, 3, 16), (3, 5, 200), (5, 5, 64), (16, 16, 33)):
        secret = fresh(length)
        asked = []
        keep = lambda length: asked.append(fresh(length)) or asked[-1]
        key, shares, sealed = split(secret, threshold, count, keep)
        name = f"{threshold} of {count}"
        sets[name] = shares, sealed, secret, key
        made = [
            {
                "text": share.text(),
                "words": share.words(),
                "receipt": share.receipt().hex(),
                "value": share.value.hex(),
            }
            for share in shares
        ]
        out.append(
            {
                "name": name,
                "kind": "set",
                "threshold": threshold,
                "count": count,
                "random": b"".join(asked).hex(),
                "secret": secret.hex(),
                "key": key.hex(),
                "set": shares[0].set_id.hex(),
                "shares": made,
                "box": sealed,
            }
        )
    out += share_vectors(sets["3 of 5"][0][1])
    out += open_vectors(sets)
    out += box_vectors(sets["2 of 3"][1])
    return out


def share_vectors(share):
    text, words = share.text(), share.words().split()
    far = lambda word: WORDS[(WORDS.index(word) + 1024) % 2048]
    other = lambda c: "q" if c != "q" else "p"
    spoilt = lambda at: text[:at] + other(text[at]) + text[at + 1 :]
    body = share.body()
    with_scheme = lambda octet: body[:1] + bytes([octet]) + body[2:]
    with_index = lambda octet: body[:2] + bytes([octet]) + body[3:]
    swapped = words[:6] + [words[7], words[6]] + words[8:]
    cases = [
        ("text", text, None),
        ("text in upper case", text.upper(), None),
        ("text and LF", text + "\n", None),
        ("text and CRLF", text + "\r\n", None),
        ("text and two LF", text + "\n\n", "character"),
        ("a space before the text", " " + text, "not-a-share"),
        ("text in mixed case", text[:40].upper() + text[40:], "mixed-case"),
        ("prefix in upper case", text[:15].upper() + text[15:], "mixed-case"),
        ("a space in the text", text[:60] + " " + text[60:], ("character", 61)),
        ("text in two lines", text[:60] + "\n" + text[60:], ("character", 61)),
        ("nothing", "", "not-a-share"),
        ("another prefix", "signstar-chare" + text[14:], "not-a-share"),
        ("only the prefix", text[:15], "characters"),
        ("a character of no text", text[:50] + "b" + text[51:], ("character", 51)),
        ("a character wrong", spoilt(60), ("damaged", 61)),
        ("first character wrong", spoilt(15), ("damaged", 16)),
        ("last character wrong", spoilt(108), ("damaged", 109)),
        ("two characters wrong", spoilt(30)[:80] + spoilt(80)[80:], "damaged"),
        ("a character missing", text[:70] + text[71:], "characters"),
        ("a character twice", text[:70] + text[69:], "characters"),
        ("words", " ".join(words), None),
        ("words in upper case", " ".join(words).upper(), None),
        ("words in lines", "\n".join(words) + "\n", None),
        ("words with tabs and spaces", "\t " + "  ".join(words), None),
        ("unknown word", " ".join(words[:4] + ["signstar"] + words[5:]), ("unknown-word", 5)),
        ("abbreviated word", " ".join(words[:-1] + [words[-1][:3]]), "unknown-word"),
        ("another word", " ".join(words[:20] + [far(words[20])] + words[21:]), ("damaged", 21)),
        ("last word another", " ".join(words[:-1] + [far(words[-1])]), ("damaged", 40)),
        ("two words swapped", " ".join(swapped), ("damaged", 7)),
        ("two words wrong", " ".join([far(words[0])] + words[1:-1] + [far(words[-1])]), "damaged"),
        ("a word missing", " ".join(words[:9] + words[10:]), "words"),
        ("a word twice", " ".join(words[:9] + words[8:]), "words"),
        ("wrong checksum of the octets", to_text(body + bytes(4)), "damaged"),
        ("version 2", to_text(whole(share.body(2))), "newer-version"),
        ("version 255", to_words(whole(share.body(255))), "newer-version"),
        ("version 2, longer", to_text(whole(share.body(2) + bytes(30))), "newer-version"),
        ("version 2, longer, in words", to_words(whole(share.body(2) + bytes(30))), "newer-version"),
        ("version 0", to_text(whole(share.body(0))), "malformed"),
        ("longer", to_text(whole(body + b"\0")), "malformed"),
        ("shorter", to_text(whole(body[:-1])), "malformed"),
        ("threshold 1", to_text(whole(with_scheme(0x04))), "malformed"),
        ("threshold above count", to_text(whole(with_scheme(0x54))), "malformed"),
        ("share 0", to_text(whole(with_index(0))), "malformed"),
        ("share above count", to_words(whole(with_index(6))), "malformed"),
    ]
    for name, text, problem in cases:
        problem, position = problem if isinstance(problem, tuple) else (problem, None)
        vector = {"name": f"share: {name}", "kind": "share", "text": text}
        assert refused(from_either, text) == problem, (name, problem, refused(from_either, text))
        if problem is None:
            vector["accepted"] = share.text()
        else:
            vector["refused"] = problem
            if position:
                vector["position"] = position
        yield vector


def open_vectors(sets):
    shares, sealed, secret, key = sets["3 of 5"]
    others, other_box, _, _ = sets["5 of 5"]
    one, two, three, four, five = shares
    changed = lambda share, **new: Share(**{**vars(share), **new})
    forged = changed(two, value=bytes(32))
    foreign = changed(two, threshold=2)
    foreign_all = [changed(share, threshold=2) for share in shares[:3]]
    flipped = lambda text, at: text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
    cases = [
        ("enough", sealed, [one, two, three], None),
        ("others, in another order", sealed, [five, one, four], None),
        ("all", sealed, shares, None),
        ("none", sealed, [], "no-shares"),
        ("too few", sealed, [two, four], "too-few"),
        ("one of another set", sealed, [one, others[1], three], "other-set"),
        ("all of another set", sealed, others, "other-box"),
        ("other box", other_box, [one, two, three], "other-box"),
        ("twice", sealed, [one, two, one], "twice"),
        ("one with another scheme", sealed, [one, foreign, three], "other-scheme"),
        ("with the scheme of the box and another", sealed, [foreign, one, three], "other-scheme"),
        ("all with another scheme", sealed, foreign_all, "forged"),
        ("scheme of the box changed", sealed.replace("3 of 5", "2 of 5"), [one, two, three], "damaged-box"),
        ("conflict", sealed, [two, forged, three], "conflict"),
        ("forged", sealed, [one, forged, three], "forged"),
        ("one forged of many", sealed, [one, forged, three, four, five], "forged"),
        ("salt changed", flipped(sealed, sealed.index("salt") + 10), [one, two, three], "damaged-box"),
        ("fingerprint changed", flipped(sealed, sealed.index("share 2") + 10), [one, two, three], "damaged-box"),
        ("sealed changed", flipped(sealed, sealed.index("sealed") + 10), [one, two, three], "damaged-box"),
    ]
    for name, text, given, problem in cases:
        assert refused(lambda it: open_box(text, it), given) == problem, name
        vector = {
            "name": f"open: {name}",
            "kind": "open",
            "box": text,
            "shares": [share.text() for share in given],
        }
        if problem is None:
            assert open_box(text, given) == secret
            vector["accepted"] = secret.hex()
        else:
            vector["refused"] = problem
        yield vector


def box_vectors(sealed):
    lines = sealed.split("\n")
    line = lambda at, text: "\n".join(lines[:at] + [text] + lines[at + 1 :])
    without = lambda at: "\n".join(lines[:at] + lines[at + 1 :])
    for name, text, problem in (
        ("as it is", sealed, None),
        ("nothing", "", "not-a-box"),
        ("something else", "-----BEGIN AGE ENCRYPTED FILE-----\n", "not-a-box"),
        ("version 2", line(0, "signstar-box 2"), "newer-version"),
        ("version 2, all else different", "signstar-box 2\n\n", "newer-version"),
        ("version 01", line(0, "signstar-box 01"), "not-a-box"),
        ("CRLF", sealed.replace("\n", "\r\n"), "not-a-box"),
        ("no LF at the end", sealed[:-1], ("line", 8)),
        ("a line behind", sealed + "\n", ("line", 8)),
        ("set in upper case", line(1, lines[1][:4] + lines[1][4:].upper()), ("line", 2)),
        ("set too short", line(1, lines[1][:-2]), ("line", 2)),
        ("threshold 1", line(2, "scheme 1 of 3"), ("line", 3)),
        ("17 shares", line(2, "scheme 2 of 17"), ("line", 3)),
        ("zero in front", line(2, "scheme 02 of 3"), ("line", 3)),
        ("a sign in front", line(2, "scheme +2 of 3"), ("line", 3)),
        ("more shares than lines", line(2, "scheme 2 of 4"), ("line", 7)),
        ("a share missing", without(4), ("line", 5)),
        ("shares swapped", line(3, lines[4]), ("line", 4)),
        ("salt missing", without(6), ("line", 7)),
        ("two spaces", line(6, lines[6].replace(" ", "  ")), ("line", 7)),
        ("no base64", line(7, lines[7][:-4] + "*" + lines[7][-3:]), ("line", 8)),
        ("no padding", line(7, lines[7].rstrip("=")), ("line", 8)),
        ("no secret", line(7, "sealed " + base64.b64encode(bytes(16)).decode()), ("line", 8)),
    ):
        vector = {"name": f"box: {name}", "kind": "box", "text": text}
        if problem is None:
            vector["accepted"] = True
        elif isinstance(problem, tuple):
            vector["refused"], vector["line"] = problem
        else:
            vector["refused"] = problem
        yield vector


def refused(read, given):
    try:
        read(given)
    except Problem as problem:
        return str(problem)
    return None


def main():
    check_building_blocks()
    if sys.argv[1:2] == ["open"]:
        sealed, *shares = (Path(name).read_text() for name in sys.argv[2:])
        try:
            secret = open_box(sealed, [from_either(share) for share in shares])
        except Problem as problem:
            sys.exit(f"error: {problem}")
        sys.stdout.buffer.write(secret)
        return
    lines = ",\n".join(json.dumps(vector) for vector in vectors())
    text = f"[\n{lines}\n]\n"
    file = HERE / "shares.json"
    if sys.argv[1:] == ["--check"]:
        if not file.exists() or file.read_text() != text:
            sys.exit(f"error: {file.name} is out of date; run shares.py")
        return
    file.write_text(text)


if __name__ == "__main__":
    main()
