// What a visitor is told when something is not as it should be.

import { el } from './dom.js';
import { Unusable } from './log.js';
import { Forged, Missing } from './reader.js';

const MESSAGES = {
  'no-crypto': ['This browser offers no cryptography here',
    'Browsers keep it (crypto.subtle) from pages that come over plain http. Open this page over https://, or from http://localhost. Until then nothing is shown, because nothing could be checked.'],
  'no-config': ['The page is not set up',
    'Beside it there is no page/config.json with the verifier key of the log. Whoever runs the log writes it with signstar-log web DIR --vkey VKEY.'],
  'bad-key': ['The key of this page is not one of a log',
    'Its page/config.json names no usable Ed25519 key, so no checkpoint could be verified.'],
  'no-log': ['There is no log here yet',
    'The server has no file “checkpoint” beside this page. A new log gets one with its first entry; if there was one before, something took it away.'],
  'no-checkpoint': ['Refused: the checkpoint is damaged',
    'The file “checkpoint” is not a signed checkpoint. Nothing of the log is shown, because nothing of it can be believed.'],
  'other-key': ['Refused: signed with another key',
    'The checkpoint carries no signature of the key that this page expects. Either the log is not the one it claims to be, or the page was set up with the wrong key. Nothing of it is shown.'],
  'bad-signature': ['Refused: the signature is wrong',
    'The checkpoint claims to be signed by the key of this log, and is not. Nothing of it is shown.'],
  'other-log': ['Refused: a checkpoint of another log',
    'The key is right, the name of the log is not. Nothing of it is shown.'],
  'no-file': ['The file cannot be read',
    'It may be a folder, or have changed while it was hashed. Nothing was looked for.'],
  'too-large': ['The log is larger than this page can count',
    'It states more than 9,007,199,254,740,991 entries.'],
};

function describe(error) {
  if (error instanceof Unusable) {
    const [heading, body] = MESSAGES[error.kind];
    return { heading, body, detail: error.detail, isWrong: !['no-log', 'no-crypto', 'no-file'].includes(error.kind) };
  }
  if (error instanceof Forged) {
    return {
      heading: 'Refused: not part of the log',
      body: 'A file does not lead to the root that the log signed: it is damaged or forged. Nothing from it is shown. Entries in other files can still be read and are checked all the same.',
      detail: error.path,
      isWrong: true,
    };
  }
  if (error instanceof Missing) {
    return {
      heading: 'A file of the log cannot be read',
      body: 'The server does not hand it out, or cannot be reached. Try again; if it stays so, part of the log is gone.',
      detail: error.message,
      isWrong: true,
    };
  }
  return { heading: 'The page has a fault', body: 'That should not happen. Please report it.', detail: String(error), isWrong: true };
}

/** A section that says what is wrong, and what of it can be done about. */
export function problem(error) {
  const { heading, body, detail, isWrong } = describe(error);
  return el('section', { class: `notice ${isWrong ? 'wrong' : ''}`, role: isWrong ? 'alert' : null },
    el('h2', {}, heading),
    el('p', {}, body),
    detail ? el('p', { class: 'mono detail' }, detail) : null);
}

/** Whether the checkpoint itself was refused, rather than a part of the log. */
export const isRefusal = (error) => describe(error).isWrong;
