// What is on record of one signature (spec/log.md, "Entries").

import { fromBase64, text } from './octets.js';

const MAX_OCTETS = 65_535;
const hexadecimal = (digits) => (value) => typeof value === 'string'
  && value.length === digits && /^[0-9a-f]*$/.test(value);
const octets = (value) => typeof value === 'string' && fromBase64(value) !== null;
const number = (below) => (value) => Number.isInteger(value) && value >= 0 && value < below;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const name = (value) => typeof value === 'string' && NAME.test(value);
// No slash, and nothing that lets a text lie to its reader.
const DECEPTIVE = /[/\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;
const fileName = (value) => typeof value === 'string' && value !== ''
  && new TextEncoder().encode(value).length <= 255 && !DECEPTIVE.test(value);

/** What stands for the file in each kind of signature, and how many digits a fingerprint has. */
const KINDS = new Map([
  ['OpenPGPv4', { digests: ['file-sha512'], issuer: 40 }],
  ['OpenPGPv4-text', { digests: ['file-sha512'], issuer: 40 }],
  ['OpenPGPv6', { digests: ['file-salted-sha512'], issuer: 64 }],
  ['SSHSIG', { digests: ['file-sha512', 'file-sha256'], issuer: 64 }],
  ['raw', { digests: ['file-sha512', 'file-sha256'], issuer: 64 }],
]);
const DIGESTS = ['file-sha512', 'file-sha256', 'file-salted-sha512'];

/** What stands for the file: [member, digits]. */
export const digest = (entry) => DIGESTS.map((member) => [member, entry[member]])
  .find(([, digits]) => digits !== undefined);

/** The members in the order in which they are written. Some may be absent. */
const MEMBERS = new Map([
  ['client', name],
  ['file-length', number(2 ** 50)],
  ['file-name', fileName],
  ['file-name-commitment', hexadecimal(64)],
  ['file-salted-sha512', hexadecimal(128)],
  ['file-sha256', hexadecimal(64)],
  ['file-sha512', hexadecimal(128)],
  ['hsm-input', octets],
  ['issuer', (value) => hexadecimal(40)(value) || hexadecimal(64)(value)],
  ['key', name],
  ['mechanism', (value) => ['pkcs1', 'pss', 'ecdsa', 'ed25519'].includes(value)],
  ['output', (value) => KINDS.has(value)],
  ['request-id', (value) => typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value)],
  ['signature', octets],
  ['time', number(2 ** 64)],
  ['version', (value) => value === 1],
]);
const OPTIONAL = new Set(['file-length', 'file-name', 'file-name-commitment', 'file-salted-sha512',
  'file-sha256', 'file-sha512', 'mechanism', 'request-id']);

/** The entry as an object, or null if the octets are not an entry in its one spelling. */
export function parseEntry(raw) {
  let entry;
  let line;
  try {
    line = text(raw);
    entry = JSON.parse(line);
  } catch {
    return null;
  }
  if (raw.length > MAX_OCTETS || entry === null || typeof entry !== 'object') return null;
  for (const [member, isValid] of MEMBERS) {
    const isThere = Object.hasOwn(entry, member);
    if (isThere ? !isValid(entry[member]) : !OPTIONAL.has(member)) return null;
  }
  const { digests, issuer } = KINDS.get(entry.output);
  const there = DIGESTS.filter((member) => Object.hasOwn(entry, member));
  if (there.length !== 1 || !digests.includes(there[0])) return null;
  if (entry.issuer.length !== issuer) return null;
  if (Object.hasOwn(entry, 'mechanism') !== (entry.output === 'raw')) return null;
  if (Object.hasOwn(entry, 'file-name') && Object.hasOwn(entry, 'file-name-commitment')) return null;
  return write(entry) === line ? entry : null;
}

/** The one spelling. Members that are not known are left out, and so make a difference. */
function write(entry) {
  const value = (member) => typeof entry[member] === 'string'
    ? `"${entry[member].replace(/["\\]/g, '\\$&')}"`
    : String(entry[member]);
  const there = [...MEMBERS.keys()].filter((member) => Object.hasOwn(entry, member));
  return `{${there.map((member) => `"${member}":${value(member)}`).join(',')}}`;
}
