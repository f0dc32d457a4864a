// The files of a log: where they are and what is in them (C2SP `tlog-tiles`; spec/log.md, "Files").

import { above } from './tree.js';

export const WIDTH = 256;
const HEIGHT = 8;
export const ENTRIES = 'entries';

/** Tile `index` of `level` (0 to 7, or ENTRIES) in a log of `size` entries; null if there is none. */
export function inLog(level, index, size) {
  const total = Math.floor(size / WIDTH ** (level === ENTRIES ? 0 : level));
  const rest = total - index * WIDTH;
  return rest > 0 ? { level, index, width: Math.min(rest, WIDTH) } : null;
}

/** The partial tiles of hashes: the root follows from them. */
export function partial(size) {
  const tiles = [0, 1, 2, 3, 4, 5, 6, 7].map((level) => {
    const full = Math.floor(size / WIDTH ** (level + 1));
    return inLog(level, full, size);
  });
  return tiles.filter((tile) => tile !== null);
}

export function path({ level, index, width }) {
  let groups = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups = `x${String(rest % 1000).padStart(3, '0')}/${groups}`;
  }
  return `tile/${level}/${groups}${width < WIDTH ? `.p/${width}` : ''}`;
}

/** The hashes in a tile; null unless the octets are at most 256 of them. */
export function hashes(octets) {
  if (octets.length % 32 !== 0 || octets.length > 32 * WIDTH) return null;
  const each = [];
  for (let at = 0; at < octets.length; at += 32) each.push(octets.subarray(at, at + 32));
  return each;
}

/** The entries in a bundle; null unless they are 1 to 256 and nothing follows. */
export function entries(octets) {
  const each = [];
  let at = 0;
  while (at + 2 <= octets.length) {
    const end = at + 2 + octets[at] * 256 + octets[at + 1];
    if (end > octets.length) return null;
    each.push(octets.subarray(at + 2, end));
    at = end;
  }
  return at === octets.length && each.length >= 1 && each.length <= WIDTH ? each : null;
}

/** The hashes of a tile and of the complete subtrees over them, layer by layer. */
export async function layers(tile) {
  const all = [tile];
  while (all.at(-1).length > 1) {
    const layer = all.at(-1);
    all.push(await above(layer.slice(0, layer.length - (layer.length % 2))));
  }
  return all;
}

/** Where the hash of a node is: in which tile, in which layer over it, and at which place. */
export function home({ level, index }) {
  const layer = level % HEIGHT;
  const inTile = WIDTH / 2 ** layer;
  return {
    level: (level - layer) / HEIGHT,
    index: Math.floor(index / inTile),
    layer,
    slot: index % inTile,
  };
}
