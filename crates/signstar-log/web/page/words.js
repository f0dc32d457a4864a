// Numbers, times and digests as people read them.

const grouped = new Intl.NumberFormat('en');

export const count = (number) => grouped.format(number);

export const entries = (number) => `${count(number)} ${Number(number) === 1 ? 'entry' : 'entries'}`;

/** `2026-01-31 18:05:09 UTC`, or what is on record where that is no date. */
export function time(seconds) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime()) || seconds > 253402300799) return `${seconds} s after 1970`;
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function size(octets) {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (octets < 1024) return `${count(octets)} octets`;
  let value = octets;
  let unit = '';
  while (value >= 1024 && units.length > 0) [value, unit] = [value / 1024, units.shift()];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** Digits in groups, so that two can be compared by eye. */
export const groups = (digits, width) => digits.match(new RegExp(`.{1,${width}}`, 'g')).join(' ');

/** What an entry is called: its file, or its number where no name is on record. */
export const title = (index, entry) => entry?.['file-name'] ?? `Entry ${count(index)}`;
