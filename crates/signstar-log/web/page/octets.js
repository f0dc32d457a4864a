// Octets as text and back. Each value has one spelling; everything else is refused.

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8 = (text) => encoder.encode(text);

/** Fails on octets that are not UTF-8. */
export const text = (octets) => decoder.decode(octets);

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const equal = (a, b) => a.length === b.length && a.every((octet, at) => octet === b[at]);

export const hex = (octets) => Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');

/** RFC 4648 §4, with padding. */
export function base64(octets) {
  let binary = '';
  for (let at = 0; at < octets.length; at += 0x2000) {
    binary += String.fromCharCode(...octets.subarray(at, at + 0x2000));
  }
  return btoa(binary);
}

/** The octets, or null where the text is another spelling than `base64` writes. */
export function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  const octets = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return base64(octets) === text ? octets : null;
}
