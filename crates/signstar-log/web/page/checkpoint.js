// What a log says of itself (C2SP `tlog-checkpoint`; spec/log.md, "Checkpoints").

import { Note } from './note.js';
import { fromBase64 } from './octets.js';

const MAX_SIZE = (1n << 63n) - 1n;

export class Checkpoint {
  /** Reads a signed checkpoint, of which nothing is believed yet; null if it is none. */
  static parse(octets) {
    const note = Note.parse(octets);
    if (note === null) return null;
    const [origin, digits, hash, ...rest] = note.text.split('\n');
    const end = rest.pop();
    const root = fromBase64(hash ?? '-');
    const lines = [origin, ...rest];
    if (end !== '' || lines.includes('') || root?.length !== 32) return null;
    if (!/^(0|[1-9][0-9]{0,18})$/.test(digits) || BigInt(digits) > MAX_SIZE) return null;
    const fields = { note, origin, size: BigInt(digits), root, extensions: rest };
    return Object.assign(new Checkpoint(), fields);
  }

  /** What the signature of the log with `key` comes to: see `Note.verify`. */
  verify(key) {
    return this.note.verify(key);
  }
}
