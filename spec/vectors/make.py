#!/usr/bin/env python3
"""The test vectors of the wire formats, made without the code that they test.

    make.py            writes requests.json, requests-1.1.json, states.json and responses.json
    make.py --check    exits with 1 if the files differ from what would be written

Needs nothing but Python 3.9. What the members mean is described in README.md.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORD = (1 << 64) - 1

# --- SHA-512, FIPS 180-4 ---------------------------------------------------------------------


def primes(count):
    found = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def root(number, degree):
    """The greatest integer whose power of `degree` is no more than `number`."""
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= number else (low, middle)
    return low


# The first 64 bits behind the point of the roots of the first primes (§4.2.3, §5.3.5).
CONSTANTS = [root(prime << 192, 3) & WORD for prime in primes(80)]
INITIAL = [root(prime << 128, 2) & WORD for prime in primes(8)]


def right(word, count):
    return (word >> count | word << (64 - count)) & WORD


def compress(chaining, block):
    """One block of 128 octets (§6.4.2)."""
    w = [int.from_bytes(block[at : at + 8], "big") for at in range(0, 128, 8)]
    for t in range(16, 80):
        low = right(w[t - 15], 1) ^ right(w[t - 15], 8) ^ w[t - 15] >> 7
        high = right(w[t - 2], 19) ^ right(w[t - 2], 61) ^ w[t - 2] >> 6
        w.append((high + w[t - 7] + low + w[t - 16]) & WORD)
    a, b, c, d, e, f, g, h = chaining
    for t in range(80):
        first = h + (right(e, 14) ^ right(e, 18) ^ right(e, 41)) + (e & f ^ ~e & g) + CONSTANTS[t] + w[t]
        second = (right(a, 28) ^ right(a, 34) ^ right(a, 39)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (first + second) & WORD, a, b, c, d + first & WORD, e, f, g
    return [(old + new) & WORD for old, new in zip(chaining, (a, b, c, d, e, f, g, h))]


class State:
    """SHA-512 after some octets: chaining value, blocks so far, and what is left of a block."""

    def __init__(self, chaining=INITIAL, blocks=0, rest=b""):
        self.chaining, self.blocks, self.rest = list(chaining), blocks, rest

    def then(self, octets):
        octets = self.rest + octets
        whole = len(octets) // 128
        chaining = self.chaining
        for at in range(0, whole * 128, 128):
            chaining = compress(chaining, octets[at : at + 128])
        return State(chaining, self.blocks + whole, octets[whole * 128 :])

    def length(self):
        return self.blocks * 128 + len(self.rest)

    def digest(self):
        padding = b"\x80" + bytes((111 - len(self.rest)) % 128)
        closed = self.then(padding + (self.length() * 8).to_bytes(16, "big"))
        assert closed.rest == b""
        return b"".join(word.to_bytes(8, "big") for word in closed.chaining)

    def head(self):
        words = b"".join(word.to_bytes(8, "little") for word in self.chaining)
        return words + self.blocks.to_bytes(16, "little")

    def current(self):
        """The layout of 208 octets."""
        return self.head() + bytes([len(self.rest)]) + self.rest.ljust(127, b"\0")

    def older(self):
        """The layout of 210 octets."""
        return self.head() + bytes([64, len(self.rest)]) + self.rest.ljust(128, b"\0")


# What is hashed after a state to show that it can be continued.
FURTHER = b"\x5a" * 130


def file(length):
    """A file with octets that repeat late and in no power of two."""
    return bytes((index * index + 7 * index + 3) % 251 for index in range(length))


def hashed(length):
    """The state after a file, checked against another implementation."""
    octets = file(length)
    state = State().then(octets)
    assert state.length() == length
    assert state.digest() == hashlib.sha512(octets).digest()
    assert state.then(FURTHER).digest() == hashlib.sha512(octets + FURTHER).digest()
    return state


# --- States ----------------------------------------------------------------------------------


def states():
    vectors = []

    def good(name, octets, state):
        accepted = {
            "sha512": state.digest().hex(),
            "length": state.length(),
            "continued": state.then(FURTHER).digest().hex(),
        }
        vectors.append({"name": name, "state": octets.hex(), "accepted": accepted})

    def bad(name, octets):
        vectors.append({"name": name, "state": octets.hex(), "refused": True})

    for length in (0, 1, 63, 64, 111, 112, 127, 128, 129, 255, 256, 1000, 1 << 20):
        state = hashed(length)
        good(f"file of {length} octets", state.current(), state)
        good(f"file of {length} octets, older layout", state.older(), state)

    some = hashed(1000)
    foreign = some.chaining
    rest = some.rest
    edge = State(foreign, (1 << 43) - 1, file(127))
    good("file of 2^50-1 octets", edge.current(), edge)
    good("file of 2^50-1 octets, older layout", edge.older(), edge)
    initial = State(INITIAL, 1, b"")
    good("one block and the initial chaining value cannot be told from a file", initial.current(), initial)

    for name, blocks in (
        ("2^50 octets", 1 << 43),
        ("2^50+128 octets", (1 << 43) + 1),
        ("a number of octets of 64 bits and one", 1 << 57),
        ("a number of bits of 64 bits and one", 1 << 54),
        ("2^63 blocks", 1 << 63),
        ("2^64-1 blocks", (1 << 64) - 1),
        ("2^64 blocks", 1 << 64),
        ("2^64+7 blocks", (1 << 64) + 7),
        ("a number of octets of 128 bits and one", 1 << 121),
        ("a number of bits of 128 bits and one", 1 << 118),
        ("2^128-1 blocks", (1 << 128) - 1),
    ):
        bad(name, State(foreign, blocks, b"").current())
        bad(f"{name}, older layout", State(foreign, blocks, rest).older())

    for name, chaining in (
        ("foreign", foreign),
        ("zero", [0] * 8),
        ("almost the initial", INITIAL[:7] + [INITIAL[7] ^ 1]),
        ("big-endian initial", [int.from_bytes(word.to_bytes(8, "big"), "little") for word in INITIAL]),
    ):
        for count in (0, 1, 127):
            state = State(chaining, 0, file(count))
            bad(f"no block, {name} chaining value, position {count}", state.current())
        bad(f"no block, {name} chaining value, older layout", State(chaining, 0, b"").older())

    current, older = some.current(), some.older()
    for length in [*range(0, 4), 16, 64, 79, 80, 81, 82, 127, 128, 144, 192, *range(200, 208)]:
        bad(f"cut to {length} octets", current[:length])
    bad("current layout cut to 207 octets, of a whole number of blocks", hashed(256).current()[:207])
    for length in [209, *range(211, 220), 224, 255, 256, 416, 420]:
        bad(f"{length} octets", current.ljust(length, b"\0"))
    for length in (207, 209):
        bad(f"older layout cut to {length} octets", older[:length])
    for length in (211, 212, 420):
        bad(f"older layout with {length} octets", older.ljust(length, b"\0"))

    for mark in (0, 1, 32, 48, 63, 65, 127, 128, 192, 255):
        bad(f"mark {mark}", older[:80] + bytes([mark]) + older[81:])
    for position in (128, 129, 192, 255):
        bad(f"position {position}", current[:80] + bytes([position]) + current[81:])
        bad(f"position {position}, older layout", older[:81] + bytes([position]) + older[82:])

    ends = len(rest)
    assert 0 < ends < 127
    for at in (ends, ends + 1, 126):
        bad(f"position {ends}, octet {at} is not zero", current[: 81 + at] + b"\1" + current[82 + at :])
    for at in (ends, ends + 1, 126, 127):
        bad(
            f"position {ends}, octet {at} is not zero, older layout",
            older[: 82 + at] + b"\1" + older[83 + at :],
        )
    start = hashed(256)
    bad("position 0, first octet is not zero", start.current()[:81] + b"\x80" + bytes(126))
    bad("position 0, buffer full", start.current()[:81] + file(127))
    full = State(foreign, 7, file(127)).older()
    bad("position 127, octet 127 is not zero, older layout", full[:-1] + b"\xff")
    bad("zeros", bytes(208))
    bad("zeros, older layout", bytes(80) + b"\x40" + bytes(129))
    bad("ones", b"\xff" * 208)
    bad("ones, older layout", b"\xff" * 210)
    return vectors


# --- Requests --------------------------------------------------------------------------------

MALFORMED = "malformed-request"
VERSION = "unsupported-version"
INPUT = "unsupported-input"
OUTPUT = "unsupported-output"
STATE = "invalid-state"
LARGE = "request-too-large"

EMPTY = State()
LIMIT = 65536


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def content(octets):
    return compact(list(octets))


def octets_or_text(name, sent):
    """Text as it is, other octets in base64; STATE stands for the most frequent numbers."""
    if isinstance(sent, bytes):
        return {f"{name}_base64": base64.b64encode(sent).decode()}
    assert "STATE" not in sent
    return {name: sent.replace(content(EMPTY.current())[1:-1], "STATE")}


def request(
    version='"1.0.0"',
    kind='"sha2-0.11-SHA512-state"',
    octets=None,
    output='"OpenPGPv4"',
    optional="{}",
    text_input=None,
    text_output=None,
    required=None,
):
    """The text of a request, each part of it as text."""
    octets = content(EMPTY.current()) if octets is None else octets
    text_input = f'{{"type":{kind},"content":{octets}}}' if text_input is None else text_input
    text_output = f'{{"type":{output}}}' if text_output is None else text_output
    required = f'{{"input":{text_input},"output":{text_output}}}' if required is None else required
    return f'{{"version":{version},"required":{required},"optional":{optional}}}'


def requests():
    vectors = []

    def add(name, sent, outcome, **extra):
        vectors.append({"name": name, **octets_or_text("request", sent), **extra, **outcome})

    def accepted(state, alleged_name):
        return {"sha512": state.digest().hex(), "length": state.length(), "alleged_name": alleged_name}

    def good(name, sent, state=EMPTY, alleged_name=None, **extra):
        add(name, sent, {"accepted": accepted(state, alleged_name)}, **extra)

    def either(name, sent, **extra):
        add(name, sent, {"accepted": accepted(EMPTY, None), "or_refused": MALFORMED}, **extra)

    def bad(name, sent, code=MALFORMED, **extra):
        add(name, sent, {"refused": code}, **extra)

    good_requests(good, either)
    names(good)
    not_json(bad)
    members(bad)
    versions(bad)
    types(bad)
    contents(bad)
    optionals(bad)
    sizes(good, bad)
    return vectors


def good_requests(good, either):
    zero, one, thousand = hashed(0), hashed(1), hashed(1000)
    good("empty file", request())
    good("one octet", request(octets=content(one.current())), one)
    good("a thousand octets", request(octets=content(thousand.current())), thousand)
    good("a thousand octets, older layout", request(octets=content(thousand.older())), thousand)
    good("empty file, older layout", request(octets=content(zero.older())))
    good("white space around and inside", " \n\t\r" + request().replace(",", " ,\n").replace(":", "\t: ") + "\r\n ")
    text = request()
    reordered = f'{{"optional":{{}},"required":{{"output":{{"type":"OpenPGPv4"}},"input":{{"content":{content(EMPTY.current())},"type":"sha2-0.11-SHA512-state"}}}},"version":"1.0.0"}}'
    good("members in another order", reordered)
    good("member name with an escape", text.replace('"version"', '"\\u0076ersion"'))
    good("values with escapes", text.replace("OpenPGPv4", "OpenPGPv\\u0034").replace("1.0.0", "1\\u002e0.0"))
    good("anything in optional", request(optional='{"a":[1,-2,3.5e6,null,true,false,"x",{"b":[]}],"":{},"version":2,"required":[]}'))
    good("members of later versions in optional", request(optional='{"id":"01","proof":true,"request-time":1}'))
    good("odd request-time", request(optional='{"request-time":"yesterday"}'))
    good("repeated member in optional", request(optional='{"a":1,"a":2}'))
    good("repeated member deep in optional", request(optional='{"a":{"b":1,"b":[2]}}'))
    good("64 levels of nesting", request(optional='{"a":' + "[" * 62 + "]" * 62 + "}"))
    good("long number in optional", request(optional='{"a":' + "1234567890" * 10 + "}"))
    good("very small number in optional", request(optional='{"a":1e-999}'))
    good("member of optional that looks internal", request(optional='{"a":{"$serde_json::private::RawValue":"no JSON"}}'))
    good("member of optional that looks like a number", request(optional='{"a":{"$serde_json::private::Number":"no number"}}'))
    either("1000 levels of nesting", request(optional='{"a":' + "[" * 998 + "]" * 998 + "}"))
    either("number beyond a double in optional", request(optional='{"a":1e999}'))
    either("unpaired surrogate in optional", request(optional='{"a":"\\ud800"}'))
    either("unpaired second surrogate in optional", request(optional='{"a":"\\udc00x"}'))


def names(good):
    for name in ("x", "linux-6.17-1-x86_64.pkg.tar.zst", "größe.iso", "a b", ".", '"quoted" \\', "x" * 255, "é" * 127):
        good(f"file name {name[:20]}", request(optional=compact({"file-name": name})), alleged_name=name)
    escaped = '{"file-name":"\\ud83d\\ude80\\u0041"}'
    good("file name in escapes", request(optional=escaped), alleged_name="\U0001f680A")
    for title, value in (
        ("empty", ""),
        ("too long", "x" * 256),
        ("too long in octets", "é" * 128),
        ("slash", "a/b"),
        ("line feed", "a\nb"),
        ("escape", "a\x1b[2Jb"),
        ("NUL", "a\0b"),
        ("delete", "a\x7fb"),
        ("C1 control", "a\x9bb"),
        ("right-to-left override", "a\u202egpj.exe"),
        ("zero width space", "a\u200bb"),
        ("line separator", "a\u2028b"),
        ("byte order mark", "\ufeffa"),
        ("number", 7),
        ("null", None),
        ("true", True),
        ("array", ["x"]),
        ("object", {"x": "y"}),
    ):
        optional = json.dumps({"file-name": value}, separators=(",", ":"))
        good(f"file name that is none: {title}", request(optional=optional))


def not_json(bad):
    text = request()
    bad("nothing", "")
    bad("white space", " \n")
    for value in ("null", "true", "1", '"1.0.0"', "[]", "{}", "[[]]", f"[{text}]"):
        bad(f"another value: {value[:10]}", value)
    bad("an array in place of the object", '["1.0.0",' + text.split(",", 1)[1].split(":", 1)[1][: -len(',"optional":{}}')] + ",{}]")
    bad("the object as a string", json.dumps(text))
    bad("cut off", text[:-1])
    bad("cut off in the content", text[:200])
    bad("trailing octets", text + "x")
    bad("trailing brace", text + "}")
    bad("trailing comma after it", text + ",")
    bad("trailing NUL", text + "\0")
    bad("NUL before", "\0" + text)
    bad("NUL inside", text.replace(":", ":\0", 1))
    bad("two requests", text + text)
    bad("two requests, one per line", text + "\n" + text)
    bad("byte order mark", "\ufeff" + text)
    bad("UTF-16, little endian", text.encode("utf-16-le"))
    bad("UTF-16, big endian with mark", b"\xfe\xff" + text.encode("utf-16-be"))
    bad("invalid UTF-8 in optional", request(optional='{"a":"?"}').encode().replace(b"?", b"\xff"))
    bad("invalid UTF-8 in the file name", request(optional='{"file-name":"?"}').encode().replace(b"?", b"\xc3"))
    bad("overlong UTF-8", request(optional='{"a":"?"}').encode().replace(b"?", b"\xc0\xaf"))
    bad("surrogate in UTF-8", request(optional='{"a":"?"}').encode().replace(b"?", b"\xed\xa0\x80"))
    bad("unpaired surrogate in the version", text.replace("1.0.0", "1.0.0\\ud800"))
    bad("unpaired surrogate in a member name", text.replace('"optional"', '"optional\\udfff"'))
    bad("unknown escape", request(optional='{"a":"\\x41"}'))
    bad("short escape", request(optional='{"a":"\\u41"}'))
    bad("line feed in a string", request(optional='{"a":"x\ny"}'))
    bad("comment", text.replace(":", ":/* a */", 1))
    bad("line comment", text + " // a")
    bad("hash comment", "# a\n" + text)
    bad("trailing comma in the object", text[:-1] + ",}")
    bad("trailing comma in the content", text.replace("]", ",]"))
    bad("leading comma in the content", text.replace("[", "[,"))
    bad("missing comma", text.replace(',"required"', '"required"'))
    bad("missing colon", text.replace('"version":', '"version"'))
    bad("single quotes", text.replace('"', "'"))
    bad("bare member name", text.replace('"version"', "version"))
    bad("bare words", text.replace('"OpenPGPv4"', "OpenPGPv4"))
    bad("form feed as white space", "\f" + text)
    bad("no-break space as white space", "\u00a0" + text)
    bad("JSON Text Sequence mark", "\x1e" + text)
    bad("an armored key", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    bad("an HTTP request", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for value in ("NaN", "Infinity", "-Infinity", "undefined", "0x10", "+1", "01", ".5", "5.", "1e", "True", "nul"):
        bad(f"{value} in optional", request(optional=f'{{"a":{value}}}'))


def members(bad):
    text = request()
    octets = content(EMPTY.current())
    good_input = f'{{"type":"sha2-0.11-SHA512-state","content":{octets}}}'
    good_output = '{"type":"OpenPGPv4"}'
    required = f'{{"input":{good_input},"output":{good_output}}}'

    bad("no version", text.replace('"version":"1.0.0",', ""))
    bad("no required", '{"version":"1.0.0","optional":{}}')
    bad("no optional", text.replace(',"optional":{}', ""))
    bad("no input", request(required=f'{{"output":{good_output}}}'))
    bad("no output", request(required=f'{{"input":{good_input}}}'))
    bad("no input type", request(text_input=f'{{"content":{octets}}}'))
    bad("no content", request(text_input='{"type":"sha2-0.11-SHA512-state"}'))
    bad("no output type", request(text_output="{}"))

    bad("unknown member at the top", text[:-1] + ',"extra":1}')
    bad("unknown member with an empty name", text[:-1] + ',"":1}')
    bad("proof at the top", text[:-1] + ',"proof":true}')
    bad("member name in capitals", text.replace('"optional"', '"Optional"'))
    bad("member name with a space", text.replace('"optional"', '"optional "'))
    bad("unknown member in required", request(required=required[:-1] + ',"key":"packages"}'))
    bad("unknown member in input", request(text_input=good_input[:-1] + ',"extra":null}'))
    bad("unknown member in output", request(text_output='{"type":"OpenPGPv4","armor":true}'))

    bad("repeated version", text[:-1] + ',"version":"1.0.0"}')
    bad("repeated version, another value", text[:-1] + ',"version":"2.0.0"}')
    bad("repeated version, escaped", text[:-1] + ',"\\u0076ersion":"1.0.0"}')
    bad("repeated required", text[:-1] + f',"required":{required}}}')
    bad("repeated optional", text[:-1] + ',"optional":{}}')
    bad("repeated input", request(required=required[:-1] + f',"input":{good_input}}}'))
    bad("repeated output", request(required=required[:-1] + f',"output":{good_output}}}'))
    bad("repeated input type", request(text_input=good_input[:-1] + ',"type":"sha2-0.11-SHA512-state"}'))
    bad("repeated content", request(text_input=good_input[:-1] + f',"content":{octets}}}'))
    bad("repeated output type", request(text_output='{"type":"OpenPGPv4","type":"OpenPGPv4"}'))

    for value in ("null", "true", "1", '"x"', "[]", "{}"):
        bad(f"required is {value}", request(required=value))
        bad(f"input is {value}", request(text_input=value))
        bad(f"output is {value}", request(text_output=value))
    bad("required is an array of its values", request(required=f"[{good_input},{good_output}]"))
    bad("input is an array of its values", request(text_input=f'["sha2-0.11-SHA512-state",{octets}]'))
    bad("output is an array of its value", request(text_output='["OpenPGPv4"]'))
    bad("output is its type", request(text_output='"OpenPGPv4"'))


def versions(bad):
    for version in ("0.0.0", "0.9.9", "1.0.1", "1.1.1", "1.2.0", "2.0.0", "10.0.0", "18446744073709551615.0.0"):
        bad(f"version {version}", request(version=f'"{version}"'), VERSION)
    for version in ("1.0.0-rc.1", "1.0.0+build"):
        bad(f"version {version}", request(version=f'"{version}"'), VERSION)
    bad("later version with other members", '{"version":"2.0.0","claims":[]}', VERSION)
    for version in (
        "", "1", "1.0", "1.0.0.0", "01.0.0", "1.00.0", "1.0.00", "v1.0.0", "1.0.0 ", " 1.0.0", "1.0.x", "1.0.0-", "1.0.0+",
        "1,0,0", "-1.0.0", "1..0", "１.0.0", "1.0.0\\n", "1.0.0\\u0000", "99999999999999999999.0.0", "one",
    ):  # fmt: skip
        bad(f"version that is none: {version!a}", request(version=f'"{version}"'))
    for version in ("1", "1.0", "null", "true", "[1,0,0]", '["1.0.0"]', '{"1.0.0":null}'):
        bad(f"version is {version}", request(version=version))


def types(bad):
    for kind in (
        "", "SHA512-state", "sha2-0.11-SHA512-State", "sha2-0.11-sha512-state", "sha2-0.10-SHA512-state",
        "sha2-0.11-SHA256-state", "sha2-0.11-SHA512-state ", "SHA512-digest", "SHA256-digest", "none",
    ):  # fmt: skip
        bad(f"input type {kind!a}", request(kind=f'"{kind}"'), INPUT)
    for kind in ("", "OpenPGPv6", "OpenPGPv6-salt", "OpenPGPv3", "openpgpv4", "OpenPGP", "OpenPGPv4 ", "OpenPGPv4-text", "SSHSIG", "raw"):
        bad(f"output type {kind!a}", request(output=f'"{kind}"'), OUTPUT)
    for value in ("null", "1", "true", "[]", "{}", '{"sha2-0.11-SHA512-state":null}', '["sha2-0.11-SHA512-state"]'):
        bad(f"input type is {value}", request(kind=value))
    for value in ("null", "4", "true", "[]", "{}", '{"OpenPGPv4":null}', '["OpenPGPv4"]'):
        bad(f"output type is {value}", request(output=value))


def contents(bad):
    octets = EMPTY.current()
    text = content(octets)
    assert text.endswith(",0]")
    for value in (
        "-1", "256", "1000", "1.5", "1.0", "0.0", "1e2", "1E0", "-0", "00", "null", "true", '"0"', '""', "[]", "[0]", "{}",
        "18446744073709551616", "4294967296", "NaN",
    ):  # fmt: skip
        bad(f"content with {value}", request(octets=text[: -len("0]")] + value + "]"))
    for title, value in (
        ("hexadecimal", json.dumps(octets.hex())),
        ("base64", json.dumps(base64.b64encode(octets).decode())),
        ("text of 208 octets", json.dumps("x" * 208)),
        ("empty string", '""'),
        ("null", "null"),
        ("number", "0"),
        ("object", "{}"),
        ("object with places", '{"0":0}'),
        ("array in an array", f"[{text}]"),
    ):
        bad(f"content is {title}", request(octets=value))
    some = hashed(1000)
    for title, value in (
        ("no octets", b""),
        ("one octet", b"\0"),
        ("207 octets", octets[:-1]),
        ("209 octets", octets + b"\0"),
        ("211 octets", some.older() + b"\0"),
        ("1000 octets", bytes(1000)),
        ("position 128", octets[:80] + b"\x80" + octets[81:]),
        ("non-zero remainder", octets[:-1] + b"\1"),
        ("foreign chaining value", State(some.chaining).current()),
        ("2^50 octets", State(some.chaining, 1 << 43).current()),
        ("wrong mark", some.older()[:80] + b"\x41" + some.older()[81:]),
    ):
        bad(f"state with {title}", request(octets=content(value)), STATE)


def optionals(bad):
    for value in ("null", "true", "0", '""', "[]", '[{"file-name":"x"}]', '"{}"'):
        bad(f"optional is {value}", request(optional=value))


def sizes(good, bad):
    padded = request(optional='{"pad":"PAD"}')
    good("65536 octets", padded, pad_to=LIMIT)
    good("65535 octets", padded, pad_to=LIMIT - 1)
    bad("65537 octets", padded, LARGE, pad_to=LIMIT + 1)
    bad("65537 octets by white space before", "PAD" + request(), LARGE, pad_to=LIMIT + 1, pad_with=" ")
    bad("a million octets", padded, LARGE, pad_to=1_000_000)
    bad("65536 opening brackets", "PAD", pad_to=LIMIT, pad_with="[")
    bad("opening brackets in optional", request(optional='{"a":PAD'), pad_to=LIMIT, pad_with="[")
    bad("opening braces in optional", request(optional='{"a":PAD'), pad_to=LIMIT, pad_with='{"a":')
    bad("many octets in the content", request(octets="[PAD0]"), STATE, pad_to=LIMIT - 1, pad_with="0,")


# --- Requests of version 1.1.0 ---------------------------------------------------------------

STATE_TYPE = "sha2-0.11-SHA512-state"
SALT = bytes(range(100, 132))


def later(kind=STATE_TYPE, octets=None, output="OpenPGPv4", salt=None, optional="{}", **more):
    """The text of a request of version 1.1.0."""
    octets = EMPTY.current() if octets is None else octets
    octets = octets if isinstance(octets, str) else content(octets)
    wanted = {"type": output} if salt is None else {"type": output, "salt": list(salt)}
    parts = {"text_output": compact(wanted), **more}
    return request(version='"1.1.0"', kind=compact(kind), octets=octets, optional=optional, **parts)


def later_requests():
    vectors = []

    def add(name, sent, outcome):
        vectors.append({"name": name, **octets_or_text("request", sent), **outcome})

    def good(name, sent, kind=STATE_TYPE, output="OpenPGPv4", **expected):
        digest, length = (EMPTY.digest().hex(), 0) if kind == STATE_TYPE else (None, None)
        accepted = {
            "input": kind, "output": output, "digest": digest, "file_length": length, "salt": None,
            "alleged_name": None, "id": None, "file_name_salt": None, "proof": False,
            "progress": False, **expected,
        }  # fmt: skip
        add(name, sent, {"accepted": accepted})

    def bad(name, sent, code=MALFORMED, id=None):
        add(name, sent, {"refused": code} if id is None else {"refused": code, "id": id})

    combinations(good, bad)
    salts(good, bad)
    wishes(good, bad)
    return vectors


def combinations(good, bad):
    some = hashed(1000)
    digests = {"SHA512-digest": hashlib.sha512(file(1000)).digest(), "SHA256-digest": hashlib.sha256(file(1000)).digest()}
    good("OpenPGPv4", later())
    good("OpenPGPv4, older layout", later(octets=EMPTY.older()))
    good("OpenPGPv4-text", later(output="OpenPGPv4-text"), output="OpenPGPv4-text")
    for output in ("SSHSIG", "raw"):
        state = {"digest": some.digest().hex(), "file_length": 1000}
        good(f"{output} over a state", later(octets=some.current(), output=output), output=output, **state)
        for kind, digest in digests.items():
            good(f"{output} over a {kind}", later(kind, digest, output), kind, output, digest=digest.hex())
    good("salt", later("none", b"", "OpenPGPv6-salt"), "none", "OpenPGPv6-salt")

    for kind, octets in ((STATE_TYPE, EMPTY.current()), *digests.items(), ("none", b"")):
        for output in ("OpenPGPv4", "OpenPGPv4-text", "SSHSIG", "raw", "OpenPGPv6-salt", "OpenPGPv6"):
            makes_sense = {
                STATE_TYPE: ("OpenPGPv4", "OpenPGPv4-text", "SSHSIG", "raw", "OpenPGPv6"),
                "none": ("OpenPGPv6-salt",),
            }.get(kind, ("SSHSIG", "raw"))
            if output not in makes_sense:
                salt = SALT if output == "OpenPGPv6" else None
                bad(f"{output} over {kind}", later(kind, octets, output, salt), INPUT)

    for kind in ("", "SHA384-digest", "sha512-digest", "SHA512-state", "None", "sha2-0.12-SHA512-state"):
        bad(f"input type {kind!a}", later(kind), INPUT)
    for output in ("", "OpenPGPv5", "OpenPGPv4-Text", "sshsig", "Raw", "OpenPGPv6-Salt", "CMS"):
        bad(f"output type {output!a}", later(output=output), OUTPUT)
    for kind, digest in digests.items():
        for title, octets in (("none", b""), ("one more", digest + b"\0"), ("one less", digest[1:]), ("a state", EMPTY.current())):
            bad(f"{kind} with octets: {title}", later(kind, octets, "raw"))
        bad(f"{kind} in hexadecimal", later(kind, compact(digest.hex()), "raw"))
    bad("none with an octet", later("none", b"\0", "OpenPGPv6-salt"))
    bad("none with null", later("none", "null", "OpenPGPv6-salt"))
    bad("none without content", later("none", b"", "OpenPGPv6-salt").replace(',"content":[]', ""))
    bad("a state that no file has", later(octets=State(some.chaining).current(), output="SSHSIG"), STATE)
    bad("unknown member at the top", later()[:-1] + ',"extra":1}')
    bad("unknown member in output", later(text_output='{"type":"SSHSIG","namespace":"x"}'))
    bad("no optional", later().replace(',"optional":{}', ""))


def salts(good, bad):
    for length in (0, 1, 95, 96, 1000):
        state = State().then(SALT + file(length))
        expected = {"digest": state.digest().hex(), "file_length": length, "salt": SALT.hex()}
        good(f"OpenPGPv6, file of {length} octets", later(octets=state.current(), output="OpenPGPv6", salt=SALT), output="OpenPGPv6", **expected)
    short, long = State().then(SALT + file(10)).current(), State().then(SALT + file(1000)).current()
    bad("OpenPGPv6 without a salt", later(octets=short, output="OpenPGPv6"))
    bad("OpenPGPv6 with 31 octets of salt", later(octets=short, output="OpenPGPv6", salt=SALT[1:]))
    bad("OpenPGPv6 with 33 octets of salt", later(octets=short, output="OpenPGPv6", salt=SALT + b"\0"))
    for value in ("null", "[]", '""', compact(base64.b64encode(SALT).decode()), "true", "{}"):
        bad(f"OpenPGPv6 with the salt {value[:8]}", later(octets=short, text_output=f'{{"type":"OpenPGPv6","salt":{value}}}'))
    twice = f'{{"type":"OpenPGPv6","salt":{content(SALT)},"salt":{content(SALT)}}}'
    bad("OpenPGPv6 with a repeated salt", later(octets=short, text_output=twice))
    for output in ("OpenPGPv4", "SSHSIG", "raw"):
        bad(f"{output} with a salt", later(output=output, salt=SALT))
    bad("OpenPGPv6-salt with a salt", later("none", b"", "OpenPGPv6-salt", SALT))
    bad("OpenPGPv6, state that begins otherwise", later(octets=hashed(111).current(), output="OpenPGPv6", salt=SALT), STATE)
    bad("OpenPGPv6, state shorter than its salt", later(octets=State().then(SALT[:31]).current(), output="OpenPGPv6", salt=SALT), STATE)
    # Once a block is full, its octets cannot be told from the state.
    state = hashed(128)
    expected = {"digest": state.digest().hex(), "file_length": 96, "salt": SALT.hex()}
    good("OpenPGPv6, state of which the beginning is unknown", later(octets=state.current(), output="OpenPGPv6", salt=SALT), output="OpenPGPv6", **expected)
    assert long != short


def wishes(good, bad):
    for name in ("a", "A.b_c-9", "x" * 64, "..", "-"):
        good(f"id {name[:10]}", later(optional=compact({"id": name})), id=name)
    for value in ("", "x" * 65, "a b", "a/b", "ä", "a\n", "a\0", None, 1, True, [], {}, ["a"]):
        bad(f"id that is none: {json.dumps(value)[:12]}", later(optional=json.dumps({"id": value})))
    bad("repeated id", later(optional='{"id":"a","id":"a"}'))
    good("proof", later(optional='{"proof":true}'), proof=True)
    good("no proof", later(optional='{"proof":false}'))
    for value in ("null", "1", '"true"', "[]", "{}"):
        bad(f"proof is {value}", later(optional=f'{{"proof":{value}}}'))
    bad("repeated proof", later(optional='{"proof":true,"proof":true}'))
    salt = compact(list(range(32)))
    good("file name salt", later(optional=f'{{"file-name-salt":{salt}}}'), file_name_salt=bytes(range(32)).hex())
    for value in ("null", "[]", '"x"', "{}", compact([0] * 31), compact([0] * 33), compact([256] * 32), compact([-1] * 32)):
        bad(f"file name salt is {value}", later(optional=f'{{"file-name-salt":{value}}}'))
    bad("repeated file name salt", later(optional=f'{{"file-name-salt":{salt},"file-name-salt":{salt}}}'))
    good("progress", later(optional='{"progress":true}'), progress=True)
    for value in ("null", "false", "1", '"true"', "[true]"):
        good(f"progress is {value}", later(optional=f'{{"progress":{value}}}'))
    good("anything else in optional", later(optional='{"ID":7,"proofs":null,"request-time":"x"}'))
    good("file name", later(optional='{"file-name":"x"}'), alleged_name="x")
    good("file name that is none", later(optional='{"file-name":["x"]}'))
    everything = '{"file-name":"x","request-time":1,"id":"a","proof":true,"progress":true}'
    good("everything", later(optional=everything), alleged_name="x", id="a", proof=True, progress=True)
    for name, sent, code in (
        ("input type", later("x", optional='{"id":"a"}'), INPUT),
        ("output type", later(output="x", optional='{"id":"a"}'), OUTPUT),
        ("state", later(octets=b"", optional='{"id":"a"}'), STATE),
    ):
        bad(f"the refusal of an {name} has the id", sent, code, id="a")


# --- Responses -------------------------------------------------------------------------------


def responses():
    vectors = []
    armored = "-----BEGIN PGP SIGNATURE-----\n\niF4EABYKAAY=\n-----END PGP SIGNATURE-----\n"
    signed = compact({"version": "1.0.0", "signature": armored})
    reason = {"code": "hsm-unavailable", "message": "try again", "retry": True}
    refusal = compact({"version": "1.1.0", "refusal": reason})

    def good(name, text, accepted, **extra):
        vectors.append({"name": name, "response": text, **extra, "accepted": accepted})

    def bad(name, sent, **extra):
        vectors.append({"name": name, **octets_or_text("response", sent), **extra, "refused": True})

    good("signature", signed, {"signature": armored})
    good("white space around", f" {signed}\r\n", {"signature": armored})
    good("members in another order", compact({"signature": armored, "version": "1.0.0"}), {"signature": armored})
    good("a signature is not looked at here", '{"version":"1.0.0","signature":""}', {"signature": ""})
    good("escapes", '{"version":"1.0\\u002e0","signature":"\\u0041\\n"}', {"signature": "A\n"})
    good("refusal", refusal, {"refusal": reason})
    later = {"code": "too-many-moons", "message": "", "retry": False}
    good("refusal with a code of later times", compact({"version": "1.1.0", "refusal": later}), {"refusal": later})
    good("65536 octets", signed + "PAD", {"signature": armored}, pad_to=LIMIT, pad_with=" ")

    later_responses(good, bad)
    bad("65537 octets", signed + "PAD", pad_to=LIMIT + 1, pad_with=" ")
    bad("nothing", "")
    bad("line feed", "\n")
    for value in ("null", "[]", "{}", "1", json.dumps(armored), armored):
        bad(f"another value: {value[:10]}", value)
    bad("cut off", signed[:-1])
    bad("trailing octets", signed + "x")
    bad("two responses", signed + "\n" + signed)
    bad("byte order mark", "\ufeff" + signed)
    bad("UTF-16", signed.encode("utf-16-le"))
    bad("invalid UTF-8", signed.encode().replace(b"iF4", b"i\xff4"))
    bad("unpaired surrogate", signed.replace("iF4", "\\ud800"))
    bad("no version", compact({"signature": armored}))
    bad("no signature", '{"version":"1.0.0"}')
    bad("neither signature nor refusal", '{"version":"1.1.0"}')
    bad("unknown member", signed[:-1] + ',"log":null}')
    bad("unknown member beside a refusal", refusal[:-1] + ',"extra":1}')
    bad("repeated signature", signed[:-1] + ',"signature":""}')
    bad("repeated version", signed[:-1] + ',"version":"1.0.0"}')
    bad("signature and refusal", refusal[:-1] + f',"signature":{json.dumps(armored)}}}')
    bad("refusal in version 1.0.0", refusal.replace("1.1.0", "1.0.0"))
    bad("signature and refusal in version 1.0.0", signed[:-1] + f',"refusal":{compact(reason)}}}')
    for version in ("", "1", "1.0", "1.0.1", "2.0.0", "01.0.0", "1.0.0 ", "v1.0.0"):
        bad(f"version {version!a}", signed.replace("1.0.0", version))
    bad("version is a number", signed.replace('"1.0.0"', "1"))
    for value in ("null", "1", "[]", "{}", f"[{json.dumps(armored)}]", "[45,45]"):
        bad(f"signature is {value[:10]}", f'{{"version":"1.0.0","signature":{value}}}')
    bad("an array in place of the object", f'["1.0.0",{json.dumps(armored)}]')
    for member in reason:
        bad(f"refusal without {member}", compact({"version": "1.1.0", "refusal": {k: v for k, v in reason.items() if k != member}}))
    for member, value in (("code", 7), ("code", None), ("message", None), ("message", []), ("retry", "true"), ("retry", 1), ("retry", None)):
        bad(f"refusal with {member} {compact(value)}", compact({"version": "1.1.0", "refusal": {**reason, member: value}}))
    bad("refusal with an unknown member", compact({"version": "1.1.0", "refusal": {**reason, "cause": "x"}}))
    bad("refusal with a repeated member", refusal[:-2] + ',"retry":true}}')
    for value in ("null", "[]", '"hsm-unavailable"', '["hsm-unavailable","try again",true]'):
        bad(f"refusal is {value[:20]}", f'{{"version":"1.1.0","refusal":{value}}}')
    return vectors


def later_responses(good, bad):
    def response(**members):
        return compact({"version": "1.1.0", **members})

    salt = base64.b64encode(SALT).decode()
    reason = {"code": "rate-limited", "message": "later", "retry": True}
    good("signature of 1.1.0", response(signature="AAAA"), {"signature": "AAAA"})
    good("signature with an id", response(signature="AAAA", id="a"), {"signature": "AAAA", "id": "a"})
    good("signature with a log", response(signature="AAAA", log="c2sp.org/tlog-proof@v1\n"), {"signature": "AAAA", "log": "c2sp.org/tlog-proof@v1\n"})
    good("salt", response(salt=salt), {"salt": SALT.hex()})
    good("salt with an id", response(salt=salt, id="a"), {"salt": SALT.hex(), "id": "a"})
    good("refusal with an id", response(refusal=reason, id="a"), {"refusal": reason, "id": "a"})
    good("progress", response(progress={"ahead": 7}), {"progress": 7})
    good("no request ahead", response(progress={"ahead": 0}), {"progress": 0})

    for title, value in (("31 octets", SALT[1:]), ("33 octets", SALT + b"x"), ("none", b"")):
        bad(f"salt of {title}", response(salt=base64.b64encode(value).decode()))
    bad("salt without padding", response(salt=salt.rstrip("=")))
    bad("salt with a line feed", response(salt=salt + "\n"))
    bad("salt in hexadecimal", response(salt=SALT.hex()))
    bad("salt as an array", response(salt=list(SALT)))
    bad("signature and salt", response(signature="AAAA", salt=salt))
    bad("salt and refusal", response(salt=salt, refusal=reason))
    bad("salt with a log", response(salt=salt, log="x"))
    bad("refusal with a log", response(refusal=reason, log="x"))
    bad("progress and signature", response(progress={"ahead": 7}, signature="AAAA"))
    bad("progress with an id", response(progress={"ahead": 7}, id="a"))
    for value in (None, 7, [7], {}, {"ahead": -1}, {"ahead": 1.5}, {"ahead": "7"}, {"ahead": 7, "behind": 1}):
        bad(f"progress is {compact(value)}", response(progress=value))
    for value in (None, 7, "", "a b", "x" * 65, ["a"]):
        bad(f"id is {compact(value)[:8]}", response(signature="AAAA", id=value))
    for value in (None, 7, {}, ["x"]):
        bad(f"log is {compact(value)}", response(signature="AAAA", log=value))
    for member in ("signature", "salt", "refusal", "progress"):
        bad(f"{member} is null in 1.1.0", response(**{member: None}))
    bad("id in 1.0.0", '{"version":"1.0.0","signature":"AAAA","id":"a"}')
    bad("salt in 1.0.0", compact({"version": "1.0.0", "salt": salt}))
    bad("an id alone", response(id="a"))
    bad("an array in place of the object of 1.1.0", '["1.1.0","AAAA"]')
    bad("repeated id", '{"version":"1.1.0","signature":"AAAA","id":"a","id":"a"}')


# --- Files -----------------------------------------------------------------------------------


def document(vectors):
    """A JSON array with one vector on each line, all in ASCII."""
    names = [vector["name"] for vector in vectors]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, twice
    lines = [json.dumps(vector, separators=(",", ":")) for vector in vectors]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    status = 0
    for name, make in (
        ("states", states), ("requests", requests), ("requests-1.1", later_requests), ("responses", responses),
    ):  # fmt: skip
        path = HERE / f"{name}.json"
        octets = document(make()).encode("ascii")
        if not arguments:
            path.write_bytes(octets)
        elif not path.is_file() or path.read_bytes() != octets:
            print(f"error: {path} is not what make.py writes\nhint: run make.py", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
