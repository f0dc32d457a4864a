// Entries that somebody looks for, from the newest to the oldest.

import { digest, parseEntry } from './entry.js';
import { WIDTH } from './tile.js';

/** How many bundles are fetched at the same time. */
const AHEAD = 6;

/** Whether `words` are the digest of a file. */
export const isDigest = (words) => /^([0-9a-f]{64}){1,2}$/i.test(words.trim());

/** Whether an entry is meant by `words`: a digest, a pattern with * and ?, or part of a name. */
export function matcher(words) {
  const wanted = words.trim().toLowerCase();
  if (isDigest(wanted)) return (entry) => digest(entry)[1] === wanted;
  const fits = /[*?]/.test(wanted) ? (name) => glob(wanted, name) : (name) => name.includes(wanted);
  return (entry) => entry['file-name'] !== undefined && fits(entry['file-name'].toLowerCase());
}

/** Whether a SHA-512 cannot tell if `entry` is about a file, which has so many octets if they are known. */
export const isUntold = (entry, octets) => entry['file-sha512'] === undefined
  && (octets === undefined || entry['file-length'] === undefined || entry['file-length'] === octets);

/** Whether the pattern describes all of `name`. Goes back to the last star only. */
function glob(pattern, name) {
  let [p, n, star, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    if (pattern[p] === '*') {
      [star, mark] = [p, n];
      p += 1;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      [p, n] = [p + 1, n + 1];
    } else if (star >= 0) {
      mark += 1;
      [p, n] = [star + 1, mark];
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/**
 * Yields for each bundle, newest first, how many entries were looked at so far and which of them
 * are meant: [{index, octets, entry}]. Ends early when `signal` is aborted; fails on the first
 * file that is not part of the log.
 */
export async function* scan(reader, isMeant, signal) {
  const last = Math.ceil(reader.size / WIDTH) - 1;
  const waiting = [];
  let next = last;
  let looked = 0;
  while ((next >= 0 || waiting.length > 0) && !signal.aborted) {
    while (next >= 0 && waiting.length < AHEAD) {
      const bundle = reader.bundle(next);
      bundle.catch(() => undefined); // It is looked at below, when its turn comes.
      waiting.push([next, bundle]);
      next -= 1;
    }
    const [number, bundle] = waiting.shift();
    const found = [];
    const entries = await bundle;
    for (let at = entries.length - 1; at >= 0; at -= 1) {
      const entry = parseEntry(entries[at]);
      if (entry !== null && isMeant(entry)) {
        found.push({ index: number * WIDTH + at, octets: entries[at], entry });
      }
    }
    looked += entries.length;
    yield { looked, found };
  }
}
