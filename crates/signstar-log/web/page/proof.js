// All that is needed to check offline that an entry is in a log (C2SP `tlog-proof`).

import { Checkpoint } from './checkpoint.js';
import { base64, fromBase64, text, utf8 } from './octets.js';
import { includes, leaf } from './tree.js';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
const MAX_OCTETS = 1 << 19;
const MAX_HASHES = 63;

/** The text of a file `*.proof`. `checkpoint` is a signed one. */
export function writeProof(entry, index, hashes, checkpoint) {
  const lines = [FIRST_LINE];
  if (entry.length > 0) lines.push(`extra ${base64(entry)}`);
  lines.push(`index ${index}`, ...hashes.map(base64), '', checkpoint.note.whole);
  return lines.join('\n');
}

/** {extra, index, hashes, checkpoint}, all alleged; null if it is no proof. */
export function parseProof(octets) {
  let whole;
  try {
    whole = text(octets);
  } catch {
    return null;
  }
  const end = whole.indexOf('\n\n');
  if (octets.length > MAX_OCTETS || end < 0) return null;
  const lines = whole.slice(0, end).split('\n');
  const checkpoint = Checkpoint.parse(utf8(whole.slice(end + 2)));
  if (lines.shift() !== FIRST_LINE || checkpoint === null) return null;
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift().slice(6)) : undefined;
  const [, digits] = /^index (0|[1-9][0-9]{0,19})$/.exec(lines.shift() ?? '') ?? [];
  const hashes = lines.map(fromBase64);
  if (extra === null || extra?.length === 0 || digits === undefined) return null;
  if (hashes.length > MAX_HASHES || hashes.some((hash) => hash?.length !== 32)) return null;
  const index = BigInt(digits);
  return index < 1n << 64n ? { extra, index, hashes, checkpoint } : null;
}

/** Whether the proof shows `entry` to be in the tree of its checkpoint, whoever signed that. */
export async function shows({ index, hashes, checkpoint }, entry) {
  return includes(await leaf(entry), index, checkpoint.size, checkpoint.root, hashes);
}
