// The log beside the page: its configuration, its checkpoint, its files.

import { Checkpoint } from './checkpoint.js';
import * as ed25519 from './ed25519.js';
import * as memory from './memory.js';
import { Key, MISSING, SIGNED } from './note.js';
import { Missing, Reader } from './reader.js';

const base = new URL('..', import.meta.url);

/** Why nothing of the log is shown. `kind` names the message of `problem.js`. */
export class Unusable extends Error {
  constructor(kind, detail = '') {
    super(`${kind} ${detail}`);
    this.kind = kind;
    this.detail = detail;
  }
}

/** The octets of a file beside the page, or null if there is none. */
async function fetchFile(path, options = {}) {
  let response;
  try {
    response = await fetch(new URL(path, base), { credentials: 'omit', redirect: 'error', ...options });
  } catch (error) {
    throw new Missing(path, error.message);
  }
  if (response.status === 404 || response.status === 410) return null;
  if (!response.ok) throw new Missing(path, `the server says ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

export async function readConfig() {
  const octets = await fetchFile('page/config.json', { cache: 'no-cache' });
  if (octets === null) throw new Unusable('no-config');
  try {
    const { title, vkey } = JSON.parse(new TextDecoder().decode(octets));
    return { title: typeof title === 'string' ? title : null, vkey: String(vkey) };
  } catch {
    throw new Unusable('no-config');
  }
}

/**
 * Reads and checks the log of `vkey`. `isSigned` is false only where this browser cannot tell; a
 * signature that is wrong or missing is an error.
 */
export async function openLog(vkey) {
  if (globalThis.crypto?.subtle === undefined) throw new Unusable('no-crypto');
  const key = await Key.parse(vkey);
  if (key?.type !== 1) throw new Unusable('bad-key', vkey);
  const octets = await fetchFile('checkpoint', { cache: 'no-store' });
  if (octets === null) throw new Unusable('no-log');
  const checkpoint = Checkpoint.parse(octets);
  if (checkpoint === null) throw new Unusable('no-checkpoint');
  const isSigned = await ed25519.isAvailable();
  if (isSigned) {
    const outcome = await checkpoint.verify(key);
    if (outcome !== SIGNED) throw new Unusable(outcome === MISSING ? 'other-key' : 'bad-signature', key.name);
  }
  if (checkpoint.origin !== key.name) throw new Unusable('other-log', checkpoint.origin);
  if (checkpoint.size > BigInt(Number.MAX_SAFE_INTEGER)) throw new Unusable('too-large');
  const reader = await Reader.open(fetchFile, checkpoint);
  const before = isSigned ? await memory.recall(key) : null;
  const past = await memory.compare(before, checkpoint, reader);
  if (isSigned && (past === 'new' || past === 'grown')) memory.remember(key, checkpoint);
  return { key, checkpoint, isSigned, reader, before, past };
}
