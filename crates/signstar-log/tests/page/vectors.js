// Every vector of spec/vectors that the page has code for. The outcome stands in `outcome`.

import { Checkpoint } from './page/checkpoint.js';
import { parseEntry } from './page/entry.js';
import { Key, Note } from './page/note.js';
import { base64, equal, fromBase64, hex, text, utf8 } from './page/octets.js';
import { parseProof, shows, writeProof } from './page/proof.js';
import { Forged, Reader } from './page/reader.js';
import { matcher } from './page/search.js';
import { Sha512 } from './page/sha512.js';
import { armored, armoredSsh } from './page/armor.js';
import * as tile from './page/tile.js';
import * as tree from './page/tree.js';

const counts = {};
function check(kind, name, holds) {
  counts[kind] = (counts[kind] ?? 0) + 1;
  if (!holds) throw new Error(`${kind}: ${name}`);
}
const load = async (file) => (await fetch(`vectors/${file}`)).text();
const flipped = (octets, bit) => {
  const other = octets.slice();
  other[bit >> 3] ^= 1 << (bit & 7);
  return other;
};

/** A log in memory: entry i as in tlog.json. */
async function grown(size) {
  const entry = (i) => utf8(`entry ${i}\n${'x'.repeat(i % 97)}`);
  const files = new Map();
  let level = await Promise.all(Array.from({ length: size }, (_, i) => tree.leaf(entry(i))));
  for (let i = 0; i < size; i += tile.WIDTH) {
    const which = tile.inLog(tile.ENTRIES, i / tile.WIDTH, size);
    const parts = [];
    for (let at = i; at < i + which.width; at += 1) {
      const octets = entry(at);
      parts.push(octets.length >> 8, octets.length & 255, ...octets);
    }
    files.set(tile.path(which), Uint8Array.from(parts));
  }
  for (let number = 0; level.length > 0; number += 1) {
    const next = [];
    for (let i = 0; i < level.length; i += tile.WIDTH) {
      const hashes = level.slice(i, i + tile.WIDTH);
      const path = tile.path({ level: number, index: i / tile.WIDTH, width: hashes.length });
      files.set(path, Uint8Array.from(hashes.flatMap((hash) => [...hash])));
      if (hashes.length === tile.WIDTH) next.push((await tile.layers(hashes))[8][0]);
    }
    level = next;
  }
  return { entry, files, fetchFile: async (path) => files.get(path) ?? null };
}

async function trees() {
  const vectors = JSON.parse(await load('tlog.json'));
  const key = await Key.parse(vectors.vkey);
  const root = (size) => fromBase64(vectors.roots[size]);
  for (const [size, note] of Object.entries(vectors.checkpoints)) {
    const checkpoint = Checkpoint.parse(utf8(note));
    check('tlog checkpoint', size, (await checkpoint.verify(key)) === 'signed');
    check('tlog checkpoint', `${size} root`, equal(checkpoint.root, root(size)));
  }
  const leaves = new Map();
  const leaf = async (i) => {
    if (!leaves.has(i)) leaves.set(i, await tree.leaf(utf8(`entry ${i}\n${'x'.repeat(i % 97)}`)));
    return leaves.get(i);
  };
  for (const { size, index, hashes } of vectors.inclusion) {
    const proof = hashes.map(fromBase64);
    const holds = (hash, at, parts) => tree.includes(hash, at, size, root(size), parts);
    check('inclusion', `${index} of ${size}`, await holds(await leaf(index), index, proof));
    check('inclusion', `${index} as next`, !(await holds(await leaf(index), index + 1, proof)));
    for (let at = 0; at < proof.length; at += 1) {
      const other = proof.with(at, flipped(proof[at], 7 * at));
      check('inclusion', `hash ${at} flipped`, !(await holds(await leaf(index), index, other)));
    }
  }
  for (const { old, new: size, hashes } of vectors.consistency) {
    const proof = hashes.map(fromBase64);
    const [then, now] = [{ size: old, root: root(old) }, { size, root: root(size) }];
    check('consistency', `${old} to ${size}`, await tree.continues(then, now, proof));
    const past = { size: old, root: flipped(then.root, 5) };
    check('consistency', `another past of ${size}`, !(await tree.continues(past, now, proof)));
    for (let at = 0; at < proof.length; at += 1) {
      const other = proof.with(at, flipped(proof[at], 11 * at));
      check('consistency', `hash ${at} flipped`, !(await tree.continues(then, now, other)));
    }
  }
  await readers(root);
}

async function readers(root) {
  for (const size of [0, 1, 2, 255, 256, 257, 511, 512]) {
    const log = await grown(size);
    const reader = await Reader.open(log.fetchFile, { size: BigInt(size), root: root(size) });
    for (const index of [0, 1, 254, 255, 256, size - 1].filter((i) => i >= 0 && i < size)) {
      check('reader', `entry ${index} of ${size}`, equal(await reader.entry(index), log.entry(index)));
      const hash = await tree.leaf(log.entry(index));
      const proof = await reader.prove(index);
      check('reader', 'proof', await tree.includes(hash, index, size, root(size), proof));
    }
    for (const old of [0, 1, 2, 255, 256, 257].filter((old) => old <= size)) {
      const proof = await reader.proveSince(old);
      const [then, now] = [{ size: old, root: root(old) }, { size, root: root(size) }];
      check('reader', `${old} to ${size}`, await tree.continues(then, now, proof));
    }
  }
  const [log, size] = [await grown(300), 300];
  const whole = await Reader.open(log.fetchFile, { size, root: await rootOf(log, size) });
  for (const [path, octets] of log.files) {
    const other = (changed) => async (wanted) => wanted === path ? changed : log.fetchFile(wanted);
    const damaged = [
      flipped(octets, 3), flipped(octets, 8 * octets.length - 1),
      octets.slice(0, -1), octets.slice(0, -32), octets.slice(32), new Uint8Array(),
    ];
    for (const changed of damaged) {
      // Of hashes, nothing but hashes is read: no entry is there to give the damage away.
      const use = path.includes('entries')
        ? async (reader) => { for (const bundle of [0, 1]) await reader.bundle(bundle); }
        : async (reader) => { for (const index of [5, 299]) await reader.prove(index); };
      const refused = await isRefused(other(changed), whole, use);
      check('damage', path, refused);
    }
  }
  // An entry that was replaced together with its hash, in a full and in the partial tile.
  for (const [index, tiles] of [[7, ['000', '000']], [260, ['001.p/44', '001.p/44']]]) {
    const [bundle, hashes] = [`tile/entries/${tiles[0]}`, `tile/0/${tiles[1]}`];
    const entries = tile.entries(log.files.get(bundle)).map((entry) => entry.slice());
    const forged = entries[index % tile.WIDTH];
    forged[0] ^= 1;
    const octets = Uint8Array.from(entries.flatMap((entry) => [0, entry.length, ...entry]));
    const leaves = log.files.get(hashes).slice();
    leaves.set(await tree.leaf(forged), 32 * (index % tile.WIDTH));
    const files = new Map([...log.files, [bundle, octets], [hashes, leaves]]);
    const refused = await isRefused(async (path) => files.get(path) ?? null, whole, (reader) => reader.entry(index));
    check('damage', `entry ${index} with its hash`, refused);
  }
  // Full files in place of partial ones that were cleaned up.
  const later = await grown(512);
  const files = new Map([...log.files, ...later.files]);
  files.delete('tile/0/001.p/44');
  files.delete('tile/entries/001.p/44');
  const fetchFile = async (path) => files.get(path) ?? null;
  const reader = await Reader.open(fetchFile, { size, root: whole.root });
  check('reader', 'cleaned up', equal(await reader.entry(299), log.entry(299)));
}

async function isRefused(fetchFile, head, use) {
  try {
    await use(await Reader.open(fetchFile, head));
    return false;
  } catch (error) {
    return error instanceof Forged;
  }
}

async function rootOf(log, size) {
  const hashes = Array.from({ length: size }, (_, i) => tree.leaf(log.entry(i)));
  let layer = await Promise.all(hashes);
  while (layer.length > 1) layer = await tree.above(layer);
  return layer[0];
}

const kinds = {
  async key(octets) {
    const key = await Key.parse(octets);
    return key && { name: key.name, id: hex(key.id), type: key.type, public: hex(key.public) };
  },
  async note(octets, { keys }) {
    const note = Note.parse(octets);
    if (note === null) return null;
    const verified = [];
    for (const line of keys) verified.push(await note.verify(await Key.parse(line)));
    return { text: note.text, verified };
  },
  async checkpoint(octets, { key }) {
    const checkpoint = Checkpoint.parse(octets);
    const log = await Key.parse(key);
    if (checkpoint === null || checkpoint.origin !== log.name) return null;
    if ((await checkpoint.verify(log)) !== 'signed') return null;
    const { size, root, extensions } = checkpoint;
    return { size, root: base64(root), extensions };
  },
  async proof(octets, { key, entry }) {
    const proof = parseProof(octets);
    const log = await Key.parse(key);
    if (proof === null || proof.checkpoint.origin !== log.name) return null;
    if ((await proof.checkpoint.verify(log)) !== 'signed') return null;
    if (!(await shows(proof, utf8(entry)))) return null;
    const again = writeProof(proof.extra ?? [], proof.index, proof.hashes, proof.checkpoint);
    if (again !== text(octets)) throw new Error(`written otherwise: ${again}`);
    return { index: proof.index, size: proof.checkpoint.size };
  },
  async bundle(octets) {
    const entries = tile.entries(octets);
    return entries && { leaves: (await Promise.all(entries.map(tree.leaf))).map(hex) };
  },
  async entry(octets) {
    return parseEntry(octets) && { leaf: hex(await tree.leaf(octets)) };
  },
};

// Numbers of 64 bits as text on both sides: JSON has them, numbers in JavaScript have 53.
const plain = (value) => JSON.stringify(value, (_, inner) =>
  typeof inner === 'bigint' || typeof inner === 'number' ? String(inner) : inner);

async function formats() {
  const whole = (await load('log.json')).replace(/9223372036854775807(?=[,\]}\s])/g, '"9223372036854775807"');
  for (const vector of JSON.parse(whole)) {
    if (vector.kind === 'policy') continue; // The page reads none.
    const octets = vector.octets_base64 === undefined ? utf8(vector.octets) : fromBase64(vector.octets_base64);
    const given = vector.kind === 'key' ? vector.octets : octets;
    const outcome = await kinds[vector.kind](given, vector);
    const holds = vector.refused ? outcome === null : plain(outcome) === plain(vector.accepted);
    check(vector.kind, `${vector.name}: ${outcome && plain(outcome)}`, holds);
  }
}

async function hashes() {
  const octets = Uint8Array.from({ length: 70_000 }, (_, i) => (i * i + (i >> 3)) & 255);
  const expected = async (part) => hex(new Uint8Array(await crypto.subtle.digest('SHA-512', part)));
  for (let length = 0; length <= 300; length += 1) {
    const part = octets.subarray(0, length);
    const cut = (7 * length) % (length + 1);
    const hash = new Sha512().update(part.subarray(0, cut)).update(part.subarray(cut));
    check('SHA-512', `${length} octets`, hex(hash.digest()) === await expected(part));
  }
  for (const step of [1, 127, 128, 129, 1000, 65_536]) {
    const hash = new Sha512();
    for (let at = 0; at < octets.length; at += step) hash.update(octets.subarray(at, at + step));
    check('SHA-512', `in steps of ${step}`, hex(hash.digest()) === await expected(octets));
  }
  // States of files of up to 2^50 octets, in the layout of spec/request.md.
  for (const { name, state, accepted } of JSON.parse(await load('states.json'))) {
    if (accepted === undefined || state.length !== 416) continue;
    const view = new DataView(Uint8Array.from(state.match(/../g), (pair) => parseInt(pair, 16)).buffer);
    for (const [tail, digest] of [[0, accepted.sha512], [130, accepted.continued]]) {
      const hash = new Sha512();
      for (let word = 0; word < 8; word += 1) {
        hash.state[2 * word] = view.getInt32(8 * word + 4, true);
        hash.state[2 * word + 1] = view.getInt32(8 * word, true);
      }
      hash.blocks = Number(view.getBigUint64(64, true));
      hash.used = view.getUint8(80);
      hash.rest.set(new Uint8Array(view.buffer, 81));
      hash.update(new Uint8Array(tail).fill(0x5a));
      check('SHA-512', `${name}, ${tail} octets more`, hex(hash.digest()) === digest);
    }
  }
}

function searches() {
  const entry = { 'file-name': 'linux-6.17-1-x86_64.pkg.tar.zst', 'file-sha512': 'ab'.repeat(64) };
  const finds = [
    'linux', 'LINUX-6', 'x86_64', '*.zst', 'linux-*-x86_64*', 'linux-6.1?-1*', '*', 'ab'.repeat(64),
    'AB'.repeat(64), ' linux ',
  ];
  const misses = ['linux-6.18', '*.sig', 'linux', '?linux*', 'cd'.repeat(64), 'linux-6.17-1-x86_64.pkg.tar.zs?x'];
  for (const words of finds) check('search', words, matcher(words)(entry));
  for (const words of misses.filter((words) => words !== 'linux')) check('search', words, !matcher(words)(entry));
  check('search', 'no name', !matcher('linux')({ 'file-sha512': 'ab'.repeat(64) }));
  // Many stars do not make it slow.
  check('search', 'stars', !matcher(`${'*a'.repeat(100)}b`)({ 'file-name': 'a'.repeat(255), 'file-sha512': '' }));
}

function armors() {
  // CRC-24 of RFC 9580 §6.1.1 over "123456789" is 0x21CF02.
  const lines = armored(utf8('123456789')).split('\n');
  check('armor', 'lines', lines[0] === '-----BEGIN PGP SIGNATURE-----' && lines[1] === '');
  check('armor', 'text', lines[2] === 'MTIzNDU2Nzg5' && lines[3] === '=Ic8C');
  const long = armored(new Uint8Array(200)).split('\n');
  check('armor', 'width', long.every((line) => line.length <= 64));
  const ssh = armoredSsh(new Uint8Array(60)).split('\n');
  check('armor', 'ssh', ssh[0] === '-----BEGIN SSH SIGNATURE-----' && ssh[1].length === 70
    && ssh[2].length === 10 && ssh[3] === '-----END SSH SIGNATURE-----' && ssh[4] === '');
}

try {
  await hashes();
  await trees();
  await formats();
  searches();
  armors();
  globalThis.outcome = { passed: Object.values(counts).reduce((sum, n) => sum + n, 0), counts };
} catch (error) {
  globalThis.outcome = { failed: String(error.stack ?? error), counts };
}
