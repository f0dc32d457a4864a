// Signed texts and the keys that they verify with (C2SP `signed-note`; spec/log.md, "Keys and notes").

import { isSound, verify } from './ed25519.js';
import { base64, concat, equal, fromBase64, hex, text, utf8 } from './octets.js';

const MAX_OCTETS = 1 << 18;
const MAX_SIGNATURES = 64;
const LENGTHS = new Map([[1, 32], [4, 32], [6, 1312]]);
const isName = (name) => /^[^+\s\u0085\x00-\x1f]+$/u.test(name);

/** What a signature of a key comes to. A cosignature states its time instead of `SIGNED`. */
export const SIGNED = 'signed';
export const MISSING = 'missing';
export const WRONG = 'wrong';
export const UNSUPPORTED = 'unsupported';

export class Key {
  /** Reads NAME+ID+KEY; null if it is none, or one not to rely on. */
  static async parse(line) {
    const [, name, id, typed] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(line) ?? [];
    const octets = fromBase64(typed ?? '-');
    if (octets === null || !isName(name)) return null;
    const key = new Key();
    Object.assign(key, { name, type: octets[0], public: octets.subarray(1) });
    if (LENGTHS.get(key.type) !== key.public.length) return null;
    if (key.type !== 6 && !isSound(key.public)) return null;
    const digest = await crypto.subtle.digest('SHA-256', concat(utf8(`${name}\n`), octets));
    key.id = new Uint8Array(digest, 0, 4);
    return hex(key.id) === id ? key : null;
  }

  toString() {
    return `${this.name}+${hex(this.id)}+${base64(concat([this.type], this.public))}`;
  }

  /** What `signature`, without the ID, is over `message`. */
  async verify(message, signature) {
    if (this.type === 6) return UNSUPPORTED;
    if (this.type === 1) {
      return (await verify(this.public, signature, utf8(message))) ? SIGNED : WRONG;
    }
    if (signature.length !== 72) return WRONG;
    const time = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
    if (time >= 1n << 63n) return WRONG;
    const stated = utf8(`cosignature/v1\ntime ${time}\n${message}`);
    return (await verify(this.public, signature.subarray(8), stated)) ? time : WRONG;
  }
}

export class Note {
  /** Reads a note, of which nothing is believed yet; null if it is none. */
  static parse(octets) {
    let whole;
    try {
      whole = text(octets);
    } catch {
      return null;
    }
    const end = whole.lastIndexOf('\n\n');
    if (octets.length > MAX_OCTETS || /[\x00-\x09\x0b-\x1f]/.test(whole) || end < 0) return null;
    if (!whole.endsWith('\n')) return null;
    const lines = whole.slice(end + 2, -1).split('\n');
    const signatures = lines.length > MAX_SIGNATURES ? [null] : lines.map(signatureLine);
    if (signatures.includes(null)) return null;
    return Object.assign(new Note(), { whole, text: whole.slice(0, end + 1), signatures });
  }

  /** Whether `key` signed the text. All lines of the key have to verify. */
  async verify(key) {
    let outcome = MISSING;
    for (const { name, id, octets } of this.signatures) {
      if (name !== key.name || !equal(id, key.id)) continue;
      outcome = await key.verify(this.text, octets);
      if (outcome === WRONG || outcome === UNSUPPORTED) break;
    }
    return outcome;
  }
}

function signatureLine(line) {
  const [, name, signature] = /^\u2014 ([^ ]*) ([^ ]*)$/u.exec(line) ?? [];
  const octets = fromBase64(signature ?? '-');
  if (octets === null || octets.length <= 4 || !isName(name)) return null;
  return { name, id: octets.subarray(0, 4), octets: octets.slice(4) };
}
