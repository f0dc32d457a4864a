// Merkle trees (RFC 6962 §2.1) and proofs (RFC 9162 §2.1.3, §2.1.4).

import { concat, equal } from './octets.js';

const LEAF = [0];
const NODE = [1];

const sha256 = async (...parts) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...parts)));

export const leaf = (entry) => sha256(LEAF, entry);
export const node = (left, right) => sha256(NODE, left, right);
export const empty = () => sha256();

/** The layer above: nodes over each two; one that is left over stays as it is. */
export function above(hashes) {
  const pairs = [];
  for (let at = 0; at < hashes.length; at += 2) {
    pairs.push(at + 1 < hashes.length ? node(hashes[at], hashes[at + 1]) : hashes[at]);
  }
  return Promise.all(pairs);
}

/** The root over the complete subtrees `parts`, each smaller than the one to its left. */
export async function join(parts) {
  let root = null;
  for (const part of [...parts].reverse()) root = root ? await node(part, root) : part;
  return root ?? empty();
}

/** Where a tree over `length` leaves (2 or more) is split: the largest power of two below it. */
export function split(length) {
  let half = 1;
  while (half * 2 < length) half *= 2;
  return half;
}

/** The complete subtrees {level, index} that make up the leaves from `start` to `end`. */
export function cover(start, end) {
  const nodes = [];
  while (start < end) {
    let [level, width] = [0, 1];
    while (width * 2 <= end - start) [level, width] = [level + 1, width * 2];
    nodes.push({ level, index: start / width });
    start += width;
  }
  return nodes;
}

/** The ranges of leaves whose roots prove leaf `index`: from its sibling to the child of the root. */
export function inclusionRanges(index, size) {
  const siblings = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (index < middle) {
      siblings.push([middle, end]);
      end = middle;
    } else {
      siblings.push([start, middle]);
      start = middle;
    }
  }
  return siblings.reverse();
}

/** The ranges whose roots prove that the tree began as the one of `old` leaves did. */
export function consistencyRanges(old, size) {
  const parts = [];
  let [start, end] = [0, size];
  if (old === 0 || old === size) return parts;
  while (end !== old) {
    const middle = start + split(end - start);
    if (old <= middle) {
      parts.push([middle, end]);
      end = middle;
    } else {
      parts.push([start, middle]);
      start = middle;
    }
  }
  if (start !== 0) parts.push([start, end]);
  return parts.reverse();
}

const isOdd = (n) => (n & 1n) === 1n;

/** Whether `proof` shows `hash` to be leaf `index` of the tree (RFC 9162 §2.1.3.2). */
export async function includes(hash, index, size, root, proof) {
  let [at, last] = [BigInt(index), BigInt(size) - 1n];
  if (at > last) return false;
  for (const sibling of proof) {
    if (last === 0n) return false;
    if (isOdd(at) || at === last) {
      hash = await node(sibling, hash);
      while (!isOdd(at) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      hash = await node(hash, sibling);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && equal(hash, root);
}

/** Whether `proof` shows that the tree `now` began as `then` (each {size, root}; §2.1.4.2). */
export async function continues(then, now, proof) {
  const [old, size] = [BigInt(then.size), BigInt(now.size)];
  if (old > size) return false;
  if (old === size) return proof.length === 0 && equal(then.root, now.root);
  if (old === 0n) return proof.length === 0 && equal(then.root, await empty());
  const isPower = (old & (old - 1n)) === 0n;
  const [first, ...rest] = isPower ? [then.root, ...proof] : proof;
  if (first === undefined) return false;
  let [at, last] = [old - 1n, size - 1n];
  while (isOdd(at)) [at, last] = [at >> 1n, last >> 1n];
  let [before, after] = [first, first];
  for (const hash of rest) {
    if (last === 0n) return false;
    if (isOdd(at) || at === last) {
      before = await node(hash, before);
      after = await node(hash, after);
      while (!isOdd(at) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      after = await node(after, hash);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && equal(before, then.root) && equal(after, now.root);
}
