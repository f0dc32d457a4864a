// A log read from its files, of which none is believed (spec/log.md, "Reading").

import { equal } from './octets.js';
import * as tile from './tile.js';
import { consistencyRanges, cover, inclusionRanges, join, leaf } from './tree.js';

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
 * against its tile. `fetchFile(path)` returns octets, or null if there is no such file.
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
    await Promise.all(partial.map(async (which) => {
      reader.#edge.set(which.level, await tile.layers(await reader.#hashes(which)));
    }));
    const whole = await reader.#rootOver(0, reader.size);
    if (!equal(whole, root)) {
      throw new Forged(partial.map(tile.path).join(' or ') || 'the checkpoint');
    }
    return reader;
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
    const [octets, leaves] = await Promise.all([this.#fetch(which), this.#layers(0, index)]);
    const entries = tile.entries(octets);
    if (entries?.length !== which.width && entries?.length !== tile.WIDTH) {
      throw new Forged(tile.path(which));
    }
    const own = entries.slice(0, which.width);
    const hashes = await Promise.all(own.map(leaf));
    if (!hashes.every((hash, at) => equal(hash, leaves[0][at]))) throw new Forged(tile.path(which));
    return own;
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
      const [octets, known] = await Promise.all([
        this.#hashes(which),
        this.#layers(above.level, above.index),
      ]);
      const layers = await tile.layers(octets);
      if (!equal(layers[8][0], known[above.layer][above.slot])) throw new Forged(tile.path(which));
      return layers;
    });
  }

  async #hashes(which) {
    const hashes = tile.hashes(await this.#fetch(which));
    if (hashes?.length !== which.width && hashes?.length !== tile.WIDTH) {
      throw new Forged(tile.path(which));
    }
    return hashes.slice(0, which.width);
  }

  /** The file of a tile; in place of a partial one that is gone, the full one. */
  async #fetch(which) {
    const octets = await this.#fetchFile(tile.path(which));
    if (octets !== null) return octets;
    const full = which.width < tile.WIDTH
      ? await this.#fetchFile(tile.path({ ...which, width: tile.WIDTH }))
      : null;
    if (full === null) throw new Missing(tile.path(which), 'there is no such file');
    return full;
  }
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
