// The latest checkpoint that this browser has seen, so that a log cannot take anything back.

import { Checkpoint } from './checkpoint.js';
import { SIGNED } from './note.js';
import { equal, utf8 } from './octets.js';
import { Forged, Missing } from './reader.js';
import { continues } from './tree.js';

const place = (key) => `signstar-log ${key}`;

/** Storage may be switched off. Then nothing is remembered, and nothing else changes. */
function storage(action) {
  try {
    return action(localStorage);
  } catch {
    return null;
  }
}

/** The checkpoint that was remembered, if its signature still verifies. */
export async function recall(key) {
  const note = storage((store) => store.getItem(place(key)));
  const checkpoint = note === null ? null : Checkpoint.parse(utf8(note));
  if (checkpoint === null) return null;
  return (await checkpoint.verify(key)) === SIGNED ? checkpoint : null;
}

export function remember(key, checkpoint) {
  storage((store) => store.setItem(place(key), checkpoint.note.whole));
}

export function forget(key) {
  storage((store) => store.removeItem(place(key)));
}

/** How the checkpoint `now`, which `reader` has read, stands to the remembered one. */
export async function compare(then, now, reader) {
  if (then === null) return 'new';
  if (then.size > now.size) return 'shrunk';
  if (then.size === now.size) return equal(then.root, now.root) ? 'same' : 'forked';
  try {
    const proof = await reader.proveSince(Number(then.size));
    return (await continues(then, now, proof)) ? 'grown' : 'forked';
  } catch (error) {
    // A damaged file says nothing about the past.
    if (error instanceof Forged || error instanceof Missing) return 'unknown';
    throw error;
  }
}
