"""A client of wire format 1.0.0 that knows nothing but the specification and enclave.json.

usage: strangers.py ENCLAVE.JSON CLIENT FILE 208|210

It prints the armored signature. The standard library cannot show the inner state of a SHA-512,
so it is computed here (FIPS 180-4).
"""

import json
import struct
import subprocess
import sys

MASK = (1 << 64) - 1


def primes(count):
    found = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def fraction_of_root(number, degree):
    """The first 64 bits of the fraction of a root."""
    wanted = number << (64 * degree)
    low, high = 0, 1 << 80
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= wanted else (low, middle)
    return low & MASK


ROUND = [fraction_of_root(prime, 3) for prime in primes(80)]
INITIAL = [fraction_of_root(prime, 2) for prime in primes(8)]


def turn(word, count):
    return (word >> count | word << (64 - count)) & MASK


def compress(state, block):
    w = list(struct.unpack(">16Q", block))
    for t in range(16, 80):
        s0 = turn(w[t - 15], 1) ^ turn(w[t - 15], 8) ^ w[t - 15] >> 7
        s1 = turn(w[t - 2], 19) ^ turn(w[t - 2], 61) ^ w[t - 2] >> 6
        w.append((w[t - 16] + s0 + w[t - 7] + s1) & MASK)
    a, b, c, d, e, f, g, h = state
    for t in range(80):
        s1 = turn(e, 14) ^ turn(e, 18) ^ turn(e, 41)
        one = h + s1 + (e & f ^ ~e & MASK & g) + ROUND[t] + w[t]
        s0 = turn(a, 28) ^ turn(a, 34) ^ turn(a, 39)
        two = s0 + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (one + two) & MASK, a, b, c, (d + one) & MASK, e, f, g
    return [(old + new) & MASK for old, new in zip(state, (a, b, c, d, e, f, g, h))]


def state_of(content, size):
    state, whole = INITIAL, len(content) // 128
    for block in range(whole):
        state = compress(state, content[block * 128 : block * 128 + 128])
    rest = content[whole * 128 :]
    head = struct.pack("<8Q", *state) + whole.to_bytes(16, "little")
    if size == 210:
        head += b"\x40"
    return head + bytes([len(rest)]) + rest.ljust(size - len(head) - 1, b"\0")


def main(enclave, client, path, size):
    with open(enclave, encoding="utf-8") as file:
        enclave = json.load(file)
    with open(path, "rb") as file:
        state = state_of(file.read(), int(size))
    key = next(entry["key"] for entry in enclave["clients"] if entry["name"] == client)
    request = {
        "version": "1.0.0",
        "required": {
            "input": {"type": "sha2-0.11-SHA512-state", "content": list(state)},
            "output": {"type": "OpenPGPv4"},
        },
        "optional": {},
    }
    ssh = enclave["ssh"]
    command = ["ssh", "-F", "/dev/null", "-T", "-i", key, "-p", str(ssh["port"])]
    for option in ["BatchMode=yes", "IdentitiesOnly=yes", "StrictHostKeyChecking=yes"]:
        command += ["-o", option]
    command += ["-o", f'UserKnownHostsFile="{ssh["known_hosts"]}"', f'{ssh["user"]}@{ssh["host"]}']
    answer = subprocess.run(
        command, input=json.dumps(request, indent=2).encode(), stdout=subprocess.PIPE, check=True
    )
    response = json.loads(answer.stdout)
    assert set(response) == {"version", "signature"}, response
    assert response["version"] == "1.0.0", response
    sys.stdout.write(response["signature"])


if __name__ == "__main__":
    main(*sys.argv[1:])
