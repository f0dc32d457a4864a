// An inclusion proof as a picture: the way from an entry up to the root.

import { el, svg } from './dom.js';
import { base64 } from './octets.js';
import { inclusionRanges } from './tree.js';
import { count, entries } from './words.js';

const STEP = 44;
const [LEFT, MIDDLE, RIGHT] = [22, 60, 98];

const round = (x, y, className, title) => svg('circle', { cx: x, cy: y, r: 6, class: className }, svg('title', {}, title));
const line = (x1, y1, x2, y2, className) => svg('line', { x1, y1, x2, y2, class: className });

/**
 * Nodes on the way are dots, the hashes of the proof squares: above the way where they stand to
 * the right of it in the tree, below it where they stand to the left.
 */
export function drawing(index, size, hashes) {
  const ranges = inclusionRanges(index, size);
  const width = STEP * (hashes.length + 1);
  const parts = [];
  ranges.forEach(([start, end], at) => {
    const isLeft = start < index;
    const [x, next, y] = [STEP / 2 + at * STEP, STEP / 2 + (at + 1) * STEP, isLeft ? RIGHT : LEFT];
    parts.push(line(x, MIDDLE, next, MIDDLE, 'way'), line(x, y, next, MIDDLE, 'side'));
    const title = `${base64(hashes[at])}, over ${entries(end - start)} ${isLeft ? 'before' : 'behind'} it`;
    parts.push(svg('rect', { x: x - 6, y: y - 6, width: 12, height: 12, rx: 2, class: 'sibling' }, svg('title', {}, title)));
  });
  for (let at = 0; at <= hashes.length; at += 1) {
    const [className, title] = at === hashes.length ? ['root', 'The root that the log signed']
      : at === 0 ? ['leaf', `Entry ${count(index)}`] : ['node', 'Computed from the two before it'];
    parts.push(round(STEP / 2 + at * STEP, MIDDLE, className, title));
  }
  const label = `${hashes.length} hashes lead from entry ${count(index)} to the root over ${entries(size)}.`;
  return el('figure', { class: 'proof' },
    svg('svg', { viewBox: `0 0 ${width} 120`, role: 'img', 'aria-label': label, width, height: 120 }, parts),
    el('figcaption', { class: 'quiet' },
      el('span', { class: 'legend leaf' }, 'this entry'),
      el('span', { class: 'legend sibling' }, 'hash of the proof'),
      el('span', { class: 'legend root' }, 'signed root')));
}
