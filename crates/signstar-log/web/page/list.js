// Entries one below the other, newest first.

import { el } from './dom.js';
import { digest, parseEntry } from './entry.js';
import { WIDTH } from './tile.js';
import { count, entries, time, title } from './words.js';

/** How many entries a page of the list has. */
export const PAGE = 64;

export const head = () => el('div', { class: 'row head', 'aria-hidden': 'true' },
  el('span', {}, 'Number'), el('span', {}, 'File'), el('span', {}, 'Client'),
  el('span', {}, 'Key'), el('span', {}, 'Signed'));

const unnamed = (entry) => entry['file-name-commitment'] === undefined ? 'No name on record' : 'Name not public';

export function row(index, octets) {
  const entry = parseEntry(octets);
  const name = el('span', { class: entry?.['file-name'] ? 'file' : 'file unnamed' },
    entry === null ? 'Not an entry that this page understands'
      : entry['file-name'] ?? [unnamed(entry), el('span', { class: 'mono' }, ` ${digest(entry)[1].slice(0, 16)}…`)]);
  const facts = entry === null ? [] : [
    el('span', { class: 'client' }, entry.client),
    el('span', { class: 'key' }, entry.key),
    el('time', { class: 'time', datetime: time(entry.time).replace(' UTC', 'Z') },
      time(entry.time).slice(0, 16)),
  ];
  const label = entry === null ? `Entry ${count(index)}`
    : `Entry ${count(index)}: ${title(index, entry)}, client ${entry.client}, key ${entry.key}, signed ${time(entry.time)}`;
  return el('li', {}, el('a', { class: 'row', href: `#index=${index}`, 'aria-label': label },
    el('span', { class: 'number mono' }, count(index)), name, facts));
}

/** The entries of the log from `end` backwards, a page of them. */
export async function browse({ reader }, end) {
  if (reader.size === 0) {
    return el('section', { class: 'notice' },
      el('h2', {}, 'Nothing has been signed yet'),
      el('p', {}, 'The log is there and its checkpoint is in order. It has no entries.'));
  }
  const last = Math.min(end, reader.size);
  const first = Math.max(0, last - PAGE);
  const bundles = new Map();
  for (let bundle = Math.floor(first / WIDTH); bundle * WIDTH < last; bundle += 1) {
    bundles.set(bundle, reader.bundle(bundle));
  }
  const rows = [];
  for (let index = last - 1; index >= first; index -= 1) {
    const bundle = await bundles.get(Math.floor(index / WIDTH));
    rows.push(row(index, bundle[index % WIDTH]));
  }
  const newer = Math.min(last + PAGE, reader.size);
  const isNewest = last === reader.size;
  return el('section', { 'aria-labelledby': 'list-heading' },
    el('div', { class: 'heading' },
      el('h2', { id: 'list-heading' }, isNewest ? 'Newest entries' : `Entries ${count(first)} to ${count(last - 1)}`),
      el('p', { class: 'quiet' }, isNewest ? `${count(rows.length)} of ${entries(reader.size)}` : `of ${entries(reader.size)}`)),
    head(),
    el('ol', { class: 'rows', reversed: true }, rows),
    el('nav', { class: 'pages', 'aria-label': 'Pages of the list' },
      isNewest ? el('span', { class: 'off' }, '← Newer')
        : el('a', { href: newer === reader.size ? '#' : `#before=${newer}`, rel: 'prev' }, '← Newer'),
      first === 0 ? el('span', { class: 'off' }, 'Older →')
        : el('a', { href: `#before=${first}`, rel: 'next' }, 'Older →')));
}
