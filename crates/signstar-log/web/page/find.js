// What somebody looks for: words, a digest, or a file whose digest is to be found.

import { detail } from './detail.js';
import { el } from './dom.js';
import { head, row } from './list.js';
import { Unusable } from './log.js';
import { problem } from './problem.js';
import { isDigest, isUntold, matcher, scan } from './search.js';
import { count, entries, size } from './words.js';

/** How many matches are listed. More would be no answer. */
const MOST = 200;

// The one script that is started from here, whatever is asked for: the policy of the page allows no other.
const rules = { createScriptURL: () => new URL('hasher.js', import.meta.url).href };
const hasher = globalThis.trustedTypes?.createPolicy('hasher', rules) ?? rules;

function meter(label, stop) {
  const bar = el('progress', { max: 1, value: 0, 'aria-label': label });
  const words = el('span', {}, label);
  const button = el('button', { type: 'button', onclick: stop }, 'Stop');
  const element = el('div', { class: 'meter' }, el('div', { class: 'line' }, words, button), bar);
  return {
    element,
    update(part, text) {
      bar.value = part;
      words.textContent = text;
    },
    end(text) {
      bar.value = 1;
      element.classList.add('over');
      // Read out once: what went before changed too often.
      words.setAttribute('role', 'status');
      words.textContent = text;
    },
  };
}

/** Shows what is found for `words` in `view` as it turns up. `file` {name, size} if it came from one. */
export async function find(log, words, view, signal, file = null) {
  const stopping = new AbortController();
  const either = AbortSignal.any([signal, stopping.signal]);
  const ofFile = isDigest(words);
  const isMeant = matcher(words);
  const kind = words.trim().length === 64 ? 'SHA-256' : 'SHA-512';
  const mayBeMeant = (entry) => ofFile && kind === 'SHA-512' && isUntold(entry, file?.size);
  const what = file ? file.name : ofFile ? `this ${kind}` : `“${words}”`;
  const progress = meter('Looking', () => stopping.abort());
  const answer = el('div', { class: 'answer', role: 'status' });
  const rows = el('ol', { class: 'rows', reversed: true });
  const list = el('section', { 'aria-label': 'Matches', hidden: true }, head(), rows);
  const first = el('div', {});
  const heading = file ? file.name : ofFile ? kind : `Matches for “${words}”`;
  const digest = file ? `${size(file.size)} · SHA-512 ${words}` : words;
  view.replaceChildren(el('div', {},
    el('p', { class: 'crumb' }, el('a', { href: '#' }, '← All entries')),
    el('h2', {}, heading),
    file || ofFile ? el('p', { class: 'mono quiet digest' }, digest) : null,
    answer, progress.element, first, list));
  let matches = 0;
  let looked = 0;
  let untold = 0;
  const candidates = [];
  try {
    for await (const { looked: so, found } of scan(log.reader, (entry) => isMeant(entry) || mayBeMeant(entry), either)) {
      if (signal.aborted) return;
      looked = so;
      for (const { index, octets, entry } of found) {
        if (!isMeant(entry)) {
          untold += 1;
          if (file && candidates.length < MOST) candidates.push(row(index, octets));
          continue;
        }
        matches += 1;
        if (ofFile && matches === 1) {
          answer.replaceChildren(verdict(log, what, index));
          first.replaceChildren(await detail(log, index, el('p', { hidden: true })));
        } else if (matches <= MOST) {
          rows.append(row(index, octets));
          list.hidden = false;
        }
      }
      progress.update(looked / log.reader.size, `${entries(looked)} of ${count(log.reader.size)} · ${count(matches)} found`);
      if (matches > MOST) break;
    }
  } catch (error) {
    if (signal.aborted) return;
    progress.end(`Ended after ${entries(looked)}`);
    answer.append(problem(error));
    return;
  }
  const isAll = looked === log.reader.size;
  progress.end(`${isAll ? `All ${entries(looked)} looked at` : `The newest ${entries(looked)} looked at`} · ${count(Math.min(matches, MOST))} found`);
  if (matches > MOST) answer.replaceChildren(el('p', { class: 'verdict unsure' }, `The newest ${MOST} matches. Ask for something more particular to see others.`));
  if (matches > 0) return;
  answer.replaceChildren(nothing(what, isAll, ofFile, untold));
  rows.append(...candidates);
  list.hidden = candidates.length === 0;
}

const verdict = ({ isSigned }, what, index) => el('p', { class: `verdict ${isSigned ? 'good' : 'unsure'}` },
  el('strong', {}, isSigned ? 'Signed. ' : 'On record, not verified. '),
  `The log has a signature over ${what}: `, el('a', { href: `#index=${index}` }, `entry ${count(index)}`), '.');

function nothing(what, isAll, ofFile, untold) {
  if (!isAll) return el('p', { class: 'verdict unsure' }, el('strong', {}, 'Stopped. '), `Not found so far. Older entries were not looked at.`);
  if (untold > 0) {
    return el('p', { class: 'verdict unsure' }, el('strong', {}, 'Not found. '),
      `No entry has this SHA-512. ${entries(untold)} ${untold === 1 ? 'has' : 'have'} another digest, of a salt and the file or a SHA-256, and may be about it: a program that verifies the signature can tell.`);
  }
  return el('p', { class: `verdict ${ofFile ? 'bad' : 'unsure'}` },
    el('strong', {}, ofFile ? 'Not signed. ' : 'Nothing found. '),
    ofFile ? `No entry of this log is about ${what}. One changed bit makes another digest.` : `No file name on record matches ${what}. Names may also be missing from the record; a digest never is.`);
}

/** The SHA-512 of `file` in hexadecimal, with the progress in `view`; null if it was stopped. */
export function hash(file, view, signal) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(hasher.createScriptURL(''), { type: 'module' });
    const end = (settle, value) => {
      worker.terminate();
      settle(value);
    };
    const progress = meter('Hashing', () => end(resolve, null));
    signal.addEventListener('abort', () => end(resolve, null));
    view.replaceChildren(
      el('p', { class: 'crumb' }, el('a', { href: '#' }, '← All entries')),
      el('h2', {}, file.name),
      el('p', { class: 'quiet' }, `${size(file.size)}. The file stays on this machine.`),
      progress.element);
    worker.addEventListener('error', () => end(reject, new Error('the worker that hashes does not run')));
    worker.addEventListener('message', ({ data }) => {
      if (data.sha512) end(resolve, data.sha512);
      else if (data.failed) end(reject, new Unusable('no-file', data.failed));
      else progress.update(data.done / file.size, `Hashing: ${size(data.done)} of ${size(file.size)}`);
    });
    worker.postMessage(file);
  });
}
