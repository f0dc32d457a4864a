// A signature as text: OpenPGP (RFC 9580 §6), and as ssh-keygen writes it.

import { base64 } from './octets.js';

/** RFC 9580 §6.1.1. */
function crc24(octets) {
  let crc = 0xb704ce;
  for (const octet of octets) {
    crc ^= octet << 16;
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1;
      if (crc & 0x1000000) crc ^= 0x1864cfb;
    }
  }
  return crc;
}

/** The armored form of an SSH signature, as `ssh-keygen -Y verify` takes it. */
export function armoredSsh(octets) {
  const lines = base64(octets).match(/.{1,70}/g) ?? [];
  const [begin, end] = ['BEGIN', 'END'].map((word) => `-----${word} SSH SIGNATURE-----`);
  return [begin, ...lines, end, ''].join('\n');
}

/** The armored form of the packet `octets`. */
export function armored(octets) {
  const crc = crc24(octets);
  const sum = base64(Uint8Array.of(crc >> 16, crc >> 8, crc));
  const lines = base64(octets).match(/.{1,64}/g) ?? [];
  const [begin, end] = ['BEGIN', 'END'].map((word) => `-----${word} PGP SIGNATURE-----`);
  return [begin, '', ...lines, `=${sum}`, end, ''].join('\n');
}
