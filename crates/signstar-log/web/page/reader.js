// A log read from its files, of which none is believed (spec/log.md, "Reading").

import { equal } from './octets.js';
import * as tile from './tile.js';
import { consistencyRanges, cover, inclusionRanges, join, leaf } from './tree.js';

/** Files as the browser has them, and if these do not fit, as the server has them. */
const SOURCES = [{}, { cache: 'reload' }];

/** How many tiles and bundles are remembered, each. */
const REMEMBERED = 64;

/** A file of the log that does not belong to the tree of the checkpoint. */
export class Forged extends Error {
  constructor(path) {
    super(`${path} is not part of the log: damaged or forged`);
    this.path = path;
  }
}

/** A file of the log that cannot be had. */
export class Missing extends Error {
  constructor(path, reason) {
    super(`${path} cannot be read: ${reason}`);
    this.path = path;
  }
}

/**
 * Every tile is checked against the head {size, root} before a hash in it is used, and every entry
 * against its tile. `fetchFile(path, options)` returns octets, or null if there is no such file; it
 * takes options of `fetch`. A file that is refused is asked for once more, past the cache of the
 * browser: the cache may be what is damaged.
 */
export class Reader {
  #fetchFile;
  #edge = new Map();
  #known = new Map();
  #bundles = new Map();

  static async open(fetchFile, { size, root }) {
    const reader = new Reader();
    reader.#fetchFile = fetchFile;
    reader.size = Number(size);
    reader.root = root;
    const partial = tile.partial(reader.size);
    for (const source of SOURCES) {
      const layers = await Promise.all(partial.map((which) => reader.#edgeTile(which, source)));
      reader.#edge = new Map(partial.map(({ level }, at) => [level, layers[at]]));
      const isThere = layers.every((layer) => layer !== null);
      if (isThere && equal(await reader.#rootOver(0, reader.size), root)) return reader;
    }
    throw new Forged(partial.map(tile.path).join(' or ') || 'the checkpoint');
  }

  /** The entries of bundle `index`: 256, in the last one 1 to 256. */
  bundle(index) {
    return remember(this.#bundles, index, () => this.#readBundle(index));
  }

  async entry(index) {
    const entries = await this.bundle(Math.floor(index / tile.WIDTH));
    return entries[index % tile.WIDTH];
  }

  /** The hashes that prove entry `index`. */
  prove(index) {
    const ranges = inclusionRanges(index, this.size);
    return Promise.all(ranges.map(([start, end]) => this.#rootOver(start, end)));
  }

  /** The hashes that prove that the log began as the one of `old` entries did. */
  proveSince(old) {
    const ranges = consistencyRanges(old, this.size);
    return Promise.all(ranges.map(([start, end]) => this.#rootOver(start, end)));
  }

  async #readBundle(index) {
    const which = tile.inLog(tile.ENTRIES, index, this.size);
    const [leaves] = await this.#layers(0, index);
    return this.#checked(which, async (octets) => {
      const entries = own(tile.entries(octets), which);
      if (entries === null) return null;
      const hashes = await Promise.all(entries.map(leaf));
      return hashes.every((hash, at) => equal(hash, leaves[at])) ? entries : null;
    });
  }

  async #rootOver(start, end) {
    const parts = cover(start, end).map(async (node) => {
      const { level, index, layer, slot } = tile.home(node);
      return (await this.#layers(level, index))[layer][slot];
    });
    return join(await Promise.all(parts));
  }

  /** A tile of the tree. A partial one is on the edge; a full one stands in the tile above it. */
  async #layers(level, index) {
    const which = tile.inLog(level, index, this.size);
    if (which.width < tile.WIDTH) return this.#edge.get(level);
    return remember(this.#known, `${level}/${index}`, async () => {
      const above = tile.home({ level: (level + 1) * 8, index });
      const known = await this.#layers(above.level, above.index);
      return this.#checked(which, async (octets) => {
        const hashes = own(tile.hashes(octets), which);
        if (hashes === null) return null;
        const layers = await tile.layers(hashes);
        return equal(layers[8][0], known[above.layer][above.slot]) ? layers : null;
      });
    });
  }

  async #edgeTile(which, source) {
    const hashes = own(tile.hashes(await this.#fetch(which, source)), which);
    return hashes === null ? null : tile.layers(hashes);
  }

  /** What `accept` makes of the octets of a file, unless it makes null of them. */
  async #checked(which, accept) {
    for (const source of SOURCES) {
      const accepted = await accept(await this.#fetch(which, source));
      if (accepted !== null) return accepted;
    }
    throw new Forged(tile.path(which));
  }

  /** The file of a tile; in place of a partial one that is gone, the full one. */
  async #fetch(which, source) {
    const octets = await this.#fetchFile(tile.path(which), source);
    if (octets !== null) return octets;
    const full = which.width < tile.WIDTH
      ? await this.#fetchFile(tile.path({ ...which, width: tile.WIDTH }), source)
      : null;
    if (full === null) throw new Missing(tile.path(which), 'there is no such file');
    return full;
  }
}

/** Of what a file holds that which belongs to the log; null if it holds neither that nor all. */
function own(parts, { width }) {
  if (parts?.length !== width && parts?.length !== tile.WIDTH) return null;
  return parts.slice(0, width);
}

/** The value of `key`, made once; a failure is not remembered. */
function remember(map, key, make) {
  if (!map.has(key)) {
    if (map.size >= REMEMBERED) map.delete(map.keys().next().value);
    const made = make();
    map.set(key, made);
    made.catch(() => map.delete(key));
  }
  return map.get(key);
}
