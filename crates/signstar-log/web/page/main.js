// The page: reads the log once, and shows what its address asks for.

import { detail } from './detail.js';
import { byId } from './dom.js';
import { find, hash } from './find.js';
import { browse } from './list.js';
import { openLog, readConfig } from './log.js';
import { problem } from './problem.js';
import { showLog, showName, showRefusal } from './status.js';

const view = byId('view');
let log = null;
let current = new AbortController();
let chosen = null;

/** Begins something new in the view, and ends what was going on there. */
function begin() {
  current.abort();
  current = new AbortController();
  view.setAttribute('aria-busy', 'true');
  return current.signal;
}

async function show(make, signal) {
  try {
    const made = await make();
    if (signal.aborted) return;
    if (made) view.replaceChildren(made);
  } catch (error) {
    if (!signal.aborted) view.replaceChildren(problem(error));
  }
  if (!signal.aborted) view.setAttribute('aria-busy', 'false');
}

/** What the address asks for: `#index=7`, `#sha512=…`, `#find=words`, `#before=64`, or the newest. */
async function route(isFirst = false) {
  const asked = new URLSearchParams(location.hash.slice(1));
  const signal = begin();
  const number = (name) => /^\d{1,15}$/.test(asked.get(name) ?? '') ? Number(asked.get(name)) : null;
  const index = number('index');
  const words = asked.get('sha512') ?? asked.get('find');
  // On a phone, what was asked for would be below what asks.
  const isAnswer = index !== null || words?.trim();
  if (isAnswer && matchMedia('(max-width: 44rem)').matches) view.scrollIntoView();
  else if (!isFirst) scrollTo({ top: 0 });
  if (!isFirst) view.focus({ preventScroll: true });
  if (words?.trim()) {
    const file = chosen?.sha512 === words ? chosen : null;
    byId('words').value = file ? '' : words;
    await show(() => find(log, words, view, signal, file), signal);
  } else if (index !== null) {
    await show(() => detail(log, index), signal);
  } else {
    await show(() => browse(log, number('before') ?? log.reader.size), signal);
  }
}

function search(event) {
  event.preventDefault();
  const words = byId('words').value.trim();
  chosen = null;
  const isIndex = /^\d{1,15}$/.test(words) && Number(words) < log.reader.size;
  const name = isIndex ? 'index' : /^[0-9a-f]{128}$/i.test(words) ? 'sha512' : 'find';
  go(words === '' ? '' : `${name}=${encodeURIComponent(name === 'sha512' ? words.toLowerCase() : words)}`);
}

/** Goes to an address; the same one again is looked at again. */
function go(fragment) {
  if (location.hash.slice(1) === fragment) route();
  else location.hash = fragment;
}

async function ask(file) {
  if (!file) return;
  const signal = begin();
  await show(async () => {
    const sha512 = await hash(file, view, signal);
    if (signal.aborted) return;
    byId('file').value = '';
    if (sha512 === null) {
      go('');
      return;
    }
    chosen = { name: file.name, size: file.size, sha512 };
    go(`sha512=${sha512}`);
  }, signal);
}

function acceptFiles() {
  const drop = byId('drop');
  byId('file').addEventListener('change', ({ target }) => ask(target.files[0]));
  // Anywhere on the page: a file that misses the field would replace the page.
  for (const kind of ['dragenter', 'dragover']) {
    addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
  }
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) drop.classList.remove('over');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    ask(event.dataTransfer?.files[0]);
  });
}

try {
  const config = await readConfig();
  showName(config);
  log = await openLog(config.vkey);
  showLog(log);
  byId('search').addEventListener('submit', search);
  acceptFiles();
  addEventListener('hashchange', () => route());
  await route(true);
} catch (error) {
  showRefusal(error);
  view.replaceChildren(problem(error));
  view.setAttribute('aria-busy', 'false');
}
