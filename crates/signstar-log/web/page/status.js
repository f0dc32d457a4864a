// What is known about the log as a whole: the seal, the facts, the alarm.

import { byId, download, el } from './dom.js';
import { forget } from './memory.js';
import { isRefusal } from './problem.js';
import { base64, hex } from './octets.js';
import { count, entries } from './words.js';

function set(state, word, more) {
  byId('status').dataset.state = state;
  byId('status-word').textContent = word;
  byId('status-more').textContent = more;
}

export function showName({ title, vkey }) {
  const origin = vkey.split('+')[0];
  byId('title').textContent = title ?? origin;
  byId('origin').textContent = title ? origin : 'Signature log';
  document.title = title ?? `Signature log ${origin}`;
}

export function showRefusal(error) {
  const isWrong = isRefusal(error);
  set(isWrong ? 'bad' : 'none', isWrong ? 'Refused' : 'Nothing to check', '');
  byId('tools').inert = true;
  byId('about').hidden = true;
}

export function showLog(log) {
  const { checkpoint, isSigned, past } = log;
  const size = entries(checkpoint.size);
  if (past === 'shrunk' || past === 'forked') set('bad', 'Contradicts itself', size);
  else if (isSigned) set('good', 'Verified', size);
  else set('unsure', 'Not verified', size);
  byId('facts').replaceChildren(facts(log));
  if (past === 'shrunk' || past === 'forked') alarm(log);
  if (!isSigned) notice();
}

function facts({ key, checkpoint, isSigned, before, past }) {
  const others = checkpoint.note.signatures.filter(({ id }) => hex(id) !== hex(key.id));
  const pasts = {
    new: 'This browser has not seen the log before. From now on it remembers how far the log went.',
    same: 'The log is as this browser saw it last.',
    grown: before && `It began as the log of ${entries(before.size)} that this browser saw last.`,
    unknown: 'Could not be compared with what this browser saw last, because a file is damaged.',
    shrunk: 'Shorter than what this browser saw last.',
    forked: 'Not the log that this browser saw last.',
  };
  const pair = (term, value, isRaw) => el('div', { class: 'fact' }, el('dt', {}, term), el('dd', { class: isRaw ? 'mono' : null }, value));
  return el('dl', {},
    pair('Signature', isSigned ? 'The checkpoint is signed with the key of the log (Ed25519).' : 'Not checked: this browser has no Ed25519.'),
    pair('Entries', count(checkpoint.size)),
    pair('Root', base64(checkpoint.root), true),
    pair('Key', String(key), true),
    pair('Past', pasts[past]),
    others.length === 0 ? null : pair('Witnesses', `${count(others.length)} further ${others.length === 1 ? 'signature' : 'signatures'}, of keys that this page does not know: ${others.map(({ name }) => name).join(', ')}`));
}

function notice() {
  const box = byId('alarm');
  box.className = 'alarm unsure';
  box.replaceChildren(el('div', {}, el('h2', {}, 'The signature of the log was not checked'),
    el('p', {}, 'This browser cannot verify Ed25519. Entries are checked against the checkpoint, but whether the log signed that checkpoint is not known here. A current Firefox, Safari or Chromium can tell.')));
  box.hidden = false;
}

/** A log that takes something back is what all of this is there to notice. */
function alarm({ key, checkpoint, before, past }) {
  const box = byId('alarm');
  box.className = 'alarm bad';
  const body = past === 'shrunk'
    ? `This browser has seen it with ${entries(before.size)}, signed. Now it has ${entries(checkpoint.size)}. Either the server has gone back to an old copy, or entries are being hidden from you.`
    : `What it has signed now does not continue what it had signed before, with ${entries(before.size)}. Both carry its signature. That cannot happen by accident to a log that is run as it has to be.`;
  const evidence = past === 'shrunk' ? 'The earlier one proves how far it had gone.'
    : 'Together they prove it.';
  box.replaceChildren(el('div', {},
    el('h2', {}, past === 'shrunk' ? 'The log has become shorter' : 'The log has been rewritten'),
    el('p', {}, body),
    el('p', {}, `Save both checkpoints and show them to others who read this log. ${evidence}`),
    el('div', { class: 'saves', role: 'group', 'aria-label': 'Evidence' },
      download('Checkpoint seen before', 'checkpoint.before', before.note.whole),
      download('Checkpoint of now', 'checkpoint.now', checkpoint.note.whole),
      el('button', {
        type: 'button',
        class: 'plain',
        onclick: () => {
          forget(key);
          location.reload();
        },
      }, 'Forget what was seen before'))));
  box.hidden = false;
}
