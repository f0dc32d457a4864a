// One entry: what is on record, why it can be believed, and what there is to take home.

import { armored, armoredSsh } from './armor.js';
import { download, el } from './dom.js';
import { drawing } from './drawing.js';
import { digest, parseEntry } from './entry.js';
import { base64, fromBase64, text } from './octets.js';
import { writeProof } from './proof.js';
import { Forged } from './reader.js';
import { includes, leaf } from './tree.js';
import { count, entries, groups, size, time, title } from './words.js';

function copied(value) {
  const button = el('button', { type: 'button', class: 'copy', 'aria-label': 'Copy' }, 'Copy');
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(value);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Not allowed';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  return button;
}

function named(entry) {
  if (entry['file-name'] !== undefined) {
    return ['File', entry['file-name'], 'As the client called it. Nobody checked the name: what was signed is the file with this SHA-512.'];
  }
  if (entry['file-name-commitment'] !== undefined) {
    return ['File', groups(entry['file-name-commitment'], 8), 'A hash of the name and a secret salt: only those who were told the salt can say what the name is.', true];
  }
  return ['File', 'No name on record', 'The client told none, or it is not to be public.'];
}

function hashed(member, digits) {
  const [term, words] = {
    'file-sha512': ['SHA-512', 'Of the file. sha512sum prints the same.'],
    'file-sha256': ['SHA-256', 'Of the file. sha256sum prints the same.'],
    'file-salted-sha512': ['Salted SHA-512', 'Of a salt and the file. The salt stands in the signature.'],
  }[member];
  return [term, digits, words, true, digits];
}

const KINDS = {
  OpenPGPv4: ['OpenPGP, version 4', 'gpg, sq and pacman verify it as it is.'],
  'OpenPGPv4-text': ['OpenPGP, version 4, over a text', 'gpg verifies it as part of a cleartext message.'],
  OpenPGPv6: ['OpenPGP, version 6', 'sq and rsop verify it as it is.'],
  SSHSIG: ['SSH signature', 'ssh-keygen -Y verify takes it.'],
  raw: ['Bare signature', 'openssl verifies it with the public key.'],
};

/** [term, value, explanation, whether it is for machines, what to copy] */
function fields(index, entry) {
  const signature = fromBase64(entry.signature);
  return [
    named(entry),
    hashed(...digest(entry)),
    entry['file-length'] === undefined ? null
      : ['Length', `${count(entry['file-length'])} octets${entry['file-length'] < 1024 ? '' : ` (${size(entry['file-length'])})`}`, 'How much the SHA-512 was computed over.'],
    ['Signed', time(entry.time), `When the enclave granted the signature, by its own clock.${entry.output.startsWith('OpenPGP') ? ' The signature states the same time.' : ''}`],
    ['Client', entry.client, 'Who asked for the signature, by name or pseudonym.'],
    ['Key', entry.key, 'What the enclave calls the key that signed.'],
    ['Fingerprint', groups(entry.issuer, 4).toUpperCase(), 'Of that key. Compare it with the certificate that you trust.', true, entry.issuer],
    ['Kind', ...KINDS[entry.output]],
    ['Number', count(index), 'The place of the entry in the log, counted from 0. It never changes.'],
    entry['request-id'] === undefined ? null
      : ['Request', entry['request-id'], 'What the client called its request. A retry is answered with the same signature.'],
    ['Input of the HSM', entry['hsm-input'], 'The octets that were signed, in base64. The key never left the HSM, and this is all it was given.', true],
    ['Signature', entry.signature, `${count(signature.length)} octets, in base64. That the key made it is not checked here: that takes the certificate or public key, and the file.`, true],
  ].filter((field) => field !== null);
}

const field = ([term, value, explanation, isRaw, copy]) => el('div', { class: 'fact' },
  el('dt', {}, term),
  el('dd', {},
    el('div', { class: isRaw ? 'value mono' : 'value' }, value),
    el('p', { class: 'quiet' }, explanation, copy ? copied(copy) : null)));

/** Fails if the proof that is made here does not hold. */
async function proved({ reader, checkpoint }, index, octets) {
  const hashes = await reader.prove(index);
  const holds = await includes(await leaf(octets), index, checkpoint.size, checkpoint.root, hashes);
  if (!holds) throw new Forged(`the proof of entry ${index}`);
  return hashes;
}

function saves(index, entry, octets, proof) {
  const name = entry?.['file-name'] ?? `entry-${index}`;
  const signature = entry === null ? null : fromBase64(entry.signature);
  // As signstar-request-signature calls them.
  const suffix = { SSHSIG: '.sshsig', raw: '.rawsig' }[entry?.output] ?? '.sig';
  return el('div', { class: 'saves', role: 'group', 'aria-label': 'Save' },
    signature && download('Signature', name + suffix, entry.output === 'SSHSIG' ? armoredSsh(signature) : signature),
    signature && entry.output.startsWith('OpenPGP') && download('Signature as text', `${name}.asc`, armored(signature)),
    download('Proof', `${name}${suffix}.proof`, proof),
    download('Entry', `${name}.json`, octets));
}

/** The article about entry `index`; `lead` says why it is shown. */
export async function detail(log, index, lead = null) {
  const { reader, checkpoint, isSigned } = log;
  if (index >= reader.size) return absent(index, reader.size);
  const octets = await reader.entry(index);
  const entry = parseEntry(octets);
  const hashes = await proved(log, index, octets);
  const way = hashes.length === 0 ? 'It is the only entry, and its hash is the root.'
    : `${hashes.length} ${hashes.length === 1 ? 'hash leads' : 'hashes lead'} from it to the root over ${entries(reader.size)}`;
  const verdict = isSigned
    ? el('p', { class: 'verdict good' }, el('strong', {}, 'In the log. '), `${way.replace(/\.$/, '')}, and the log signed that root. Checked in this browser.`)
    : el('p', { class: 'verdict unsure' }, el('strong', {}, 'Not verified. '), `${way.replace(/\.$/, '')}. Whether the log signed that root, this browser cannot tell.`);
  const step = (to, label, rel) => to < 0 || to >= reader.size ? el('span', { class: 'off' }, label)
    : el('a', { href: `#index=${to}`, rel }, label);
  return el('article', { class: 'entry', 'aria-labelledby': 'entry-heading' },
    lead ?? el('p', { class: 'crumb' }, el('a', { href: '#' }, '← All entries')),
    el('h2', { id: 'entry-heading' }, title(index, entry)),
    verdict,
    saves(index, entry, octets, writeProof(octets, index, hashes, checkpoint)),
    entry === null
      ? el('p', { class: 'verdict unsure' }, 'The log contains it, but it is not an entry that this page understands: a later version, perhaps. Below it is as it stands.')
      : el('dl', {}, fields(index, entry).map(field)),
    el('section', { 'aria-labelledby': 'proof-heading' },
      el('h3', { id: 'proof-heading' }, 'Proof'),
      el('p', { class: 'quiet' }, 'Each dot is the hash of the two before it. Whoever changed, removed or slipped in an entry would arrive at another root than the one that the log signed.'),
      drawing(index, reader.size, hashes),
      el('details', {}, el('summary', {}, `${hashes.length} hashes`),
        el('ol', { class: 'mono hashes' }, hashes.map((hash) => el('li', {}, base64(hash)))))),
    el('details', {}, el('summary', {}, 'The entry as it stands in the log'), el('pre', { class: 'raw' }, readable(octets))),
    el('nav', { class: 'pages', 'aria-label': 'Neighbours' },
      step(index + 1, '← Newer', 'prev'), step(index - 1, 'Older →', 'next')));
}

const absent = (index, size) => el('section', { class: 'notice' },
  el('h2', {}, `There is no entry ${count(index)}`),
  el('p', {}, size === 0 ? 'The log has none so far.' : `The log has ${entries(size)}, counted from 0.`),
  el('p', {}, el('a', { href: '#' }, '← All entries')));

function readable(octets) {
  try {
    return text(octets);
  } catch {
    return base64(octets);
  }
}
