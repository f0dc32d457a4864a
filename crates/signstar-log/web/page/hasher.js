// A worker that hashes one file, piece by piece. Nothing of the file leaves the browser.

import { hex } from './octets.js';
import { Sha512 } from './sha512.js';

const PIECE = 4 << 20;

addEventListener('message', async ({ data: file }) => {
  try {
    const hash = new Sha512();
    const read = (at) => file.slice(at, at + PIECE).arrayBuffer();
    let next = read(0);
    for (let at = 0; at < file.size; at += PIECE) {
      const piece = await next;
      next = read(at + PIECE); // While this piece is hashed.
      hash.update(new Uint8Array(piece));
      postMessage({ done: Math.min(at + PIECE, file.size) });
    }
    postMessage({ sha512: hex(hash.digest()) });
  } catch (error) {
    postMessage({ failed: String(error.message ?? error) });
  }
});
