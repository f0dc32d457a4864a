"""The Python library of the maker, at a YubiHSM2 behind a connector.

usage: maker.py VERB CONNECTOR NUMBER; the password of the authentication key NUMBER is the first line of
the standard input, what else the verb needs is in the lines behind it. Prints JSON.
"""

import json
import sys

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from yubihsm import YubiHsm
from yubihsm.core import YhsmObject
from yubihsm.defs import ALGORITHM, CAPABILITY, COMMAND, ERROR, OBJECT
from yubihsm.exceptions import YubiHsmDeviceError
from yubihsm.objects import AsymmetricKey, AuthenticationKey, WrapKey


def refused(action):
    """What the device says to something that it must not do."""
    try:
        action()
    except YubiHsmDeviceError as error:
        return ERROR(error.code).name
    return "done"


def described(thing: YhsmObject):
    info = thing.get_info()
    return {
        "type": info.object_type.name,
        "id": info.id,
        "label": info.label,
        "domains": info.domains,
        "capabilities": sorted(one.name for one in CAPABILITY if one & info.capabilities),
    }


def use(session, lines):
    """Signs as an operator, and tries what it may not."""
    [key] = session.list_objects(object_type=OBJECT.ASYMMETRIC_KEY)
    public = key.get_public_key()
    public.verify(key.sign_eddsa(b"a text"), b"a text")
    number = key.id
    return {
        "public": public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex(),
        "delete": refused(key.delete),
        "generate": refused(
            lambda: AsymmetricKey.generate(
                session, 0, "more", 1, CAPABILITY.SIGN_EDDSA, ALGORITHM.EC_ED25519
            )
        ),
        "export": refused(
            lambda: WrapKey(session, 10).export_wrapped(AsymmetricKey(session, number))
        ),
        "log": refused(session.get_log_entries),
    }


def inspect(session, lines):
    """Tells what is in the device, and checks the chain of its log."""
    log = session.get_log_entries()
    commands = [COMMAND(entry.command).name for entry in log.entries if entry.command in list(COMMAND)]
    return {
        "objects": [described(thing) for thing in session.list_objects()],
        "forced": session.get_force_audit().name,
        "audited": sorted(
            command.name for command, audit in session.get_command_audit().items() if audit
        ),
        "logged": commands,
    }


def restore(session, lines):
    """Puts a wrap key into a new device, and imports all objects of a backup."""
    key, backup = bytes.fromhex(lines[0]), json.loads("\n".join(lines[1:]))
    everything = CAPABILITY.NONE
    for one in CAPABILITY:
        everything |= one
    wrap = WrapKey.put(
        session, 77, "other", 0xFFFF, CAPABILITY.IMPORT_WRAPPED, ALGORITHM.AES256_CCM_WRAP, everything, key
    )
    imported = [wrap.import_wrapped(bytes.fromhex(one["wrapped"])) for one in backup["objects"]]
    return {"objects": [described(thing) for thing in imported]}


def provide(session, lines):
    """Makes a key, and somebody who may sign with it: what our programs find."""
    AsymmetricKey.generate(
        session,
        0x100,
        "packages",
        0b100,
        CAPABILITY.SIGN_EDDSA | CAPABILITY.EXPORTABLE_UNDER_WRAP,
        ALGORITHM.EC_ED25519,
    )
    AuthenticationKey.put_derived(
        session, 2, "packages", 0b100, CAPABILITY.SIGN_EDDSA, CAPABILITY.NONE, lines[0]
    )
    return {}


def main():
    verb, connector, number = sys.argv[1:]
    password, *lines = sys.stdin.read().split("\n")
    device = YubiHsm.connect(connector)
    session = device.create_session_derived(int(number), password)
    verbs = {"use": use, "inspect": inspect, "restore": restore, "provide": provide}
    print(json.dumps(verbs[verb](session, lines)))
    session.close()
    device.close()


main()
