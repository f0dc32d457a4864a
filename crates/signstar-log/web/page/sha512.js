// SHA-512 (FIPS 180-4) of a file that does not fit into memory: WebCrypto wants all of it at once.

// Words of 64 bits are kept as two of 32 bits, the high one first.
const CONSTANTS = new Int32Array(160);
const INITIAL = new Int32Array(16);

// The fractional parts of cube roots (constants) and square roots (initial value) of primes, §4.2.3.
{
  const root = (n, degree) => {
    let low = 0n;
    let high = 1n << 72n;
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle ** degree <= n) low = middle;
      else high = middle;
    }
    return low;
  };
  const primes = [];
  for (let n = 2n; primes.length < 80; n += 1n) {
    if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  }
  const put = (words, at, value) => {
    words[2 * at] = Number(BigInt.asIntN(32, value >> 32n));
    words[2 * at + 1] = Number(BigInt.asIntN(32, value));
  };
  primes.forEach((prime, at) => put(CONSTANTS, at, root(prime << 192n, 3n)));
  primes.slice(0, 8).forEach((prime, at) => put(INITIAL, at, root(prime << 128n, 2n)));
}

const BLOCK = 128;

export class Sha512 {
  constructor() {
    this.state = INITIAL.slice();
    this.blocks = 0;
    this.rest = new Uint8Array(BLOCK);
    this.used = 0;
  }

  update(octets) {
    let at = 0;
    if (this.used > 0) {
      at = Math.min(BLOCK - this.used, octets.length);
      this.rest.set(octets.subarray(0, at), this.used);
      this.used += at;
      if (this.used < BLOCK) return this;
      this.#compress(this.rest, 0);
      this.used = 0;
    }
    for (; at + BLOCK <= octets.length; at += BLOCK) this.#compress(octets, at);
    this.rest.set(octets.subarray(at));
    this.used = octets.length - at;
    return this;
  }

  /** The digest: 64 octets. Nothing can follow. */
  digest() {
    const bits = 8n * (BigInt(this.blocks) * BigInt(BLOCK) + BigInt(this.used));
    const zeros = (this.used < 112 ? 112 : 240) - this.used - 1;
    const end = new Uint8Array(1 + zeros + 16);
    end[0] = 0x80;
    const view = new DataView(end.buffer);
    view.setBigUint64(1 + zeros, bits >> 64n);
    view.setBigUint64(9 + zeros, BigInt.asUintN(64, bits));
    this.update(end);
    const digest = new DataView(new ArrayBuffer(64));
    this.state.forEach((word, at) => digest.setInt32(4 * at, word));
    return new Uint8Array(digest.buffer);
  }

  #compress(octets, from) {
    compress(this.state, octets, from);
    this.blocks += 1;
  }
}

// The schedule of the block at hand: high and low halves apart, which is what makes it fast.
const HIGH = new Int32Array(80);
const LOW = new Int32Array(80);
const CONSTANTS_HIGH = CONSTANTS.filter((_, at) => at % 2 === 0);
const CONSTANTS_LOW = CONSTANTS.filter((_, at) => at % 2 === 1);

/** What is carried from the low halves, whose sum this is. */
const carry = (low) => (low / 0x100000000) | 0;

function compress(state, octets, from) {
  for (let i = 0, at = from; i < 16; i += 1, at += 8) {
    HIGH[i] = (octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3];
    LOW[i] = (octets[at + 4] << 24) | (octets[at + 5] << 16) | (octets[at + 6] << 8) | octets[at + 7];
  }
  for (let i = 16; i < 80; i += 1) {
    const xh = HIGH[i - 15] | 0;
    const xl = LOW[i - 15] | 0;
    const yh = HIGH[i - 2] | 0;
    const yl = LOW[i - 2] | 0;
    const s0h = ((xh >>> 1) | (xl << 31)) ^ ((xh >>> 8) | (xl << 24)) ^ (xh >>> 7);
    const s0l = ((xl >>> 1) | (xh << 31)) ^ ((xl >>> 8) | (xh << 24)) ^ ((xl >>> 7) | (xh << 25));
    const s1h = ((yh >>> 19) | (yl << 13)) ^ ((yl >>> 29) | (yh << 3)) ^ (yh >>> 6);
    const s1l = ((yl >>> 19) | (yh << 13)) ^ ((yh >>> 29) | (yl << 3)) ^ ((yl >>> 6) | (yh << 26));
    const low = (LOW[i - 16] >>> 0) + (s0l >>> 0) + (LOW[i - 7] >>> 0) + (s1l >>> 0);
    LOW[i] = low | 0;
    HIGH[i] = (HIGH[i - 16] + s0h + HIGH[i - 7] + s1h + carry(low)) | 0;
  }
  let ah = state[0] | 0;
  let al = state[1] | 0;
  let bh = state[2] | 0;
  let bl = state[3] | 0;
  let ch = state[4] | 0;
  let cl = state[5] | 0;
  let dh = state[6] | 0;
  let dl = state[7] | 0;
  let eh = state[8] | 0;
  let el = state[9] | 0;
  let fh = state[10] | 0;
  let fl = state[11] | 0;
  let gh = state[12] | 0;
  let gl = state[13] | 0;
  let hh = state[14] | 0;
  let hl = state[15] | 0;
  for (let i = 0; i < 80; i += 1) {
    const s1h = ((eh >>> 14) | (el << 18)) ^ ((eh >>> 18) | (el << 14)) ^ ((el >>> 9) | (eh << 23));
    const s1l = ((el >>> 14) | (eh << 18)) ^ ((el >>> 18) | (eh << 14)) ^ ((eh >>> 9) | (el << 23));
    const choiceh = gh ^ (eh & (fh ^ gh));
    const choicel = gl ^ (el & (fl ^ gl));
    const first = (hl >>> 0) + (s1l >>> 0) + (choicel >>> 0) + (CONSTANTS_LOW[i] >>> 0) + (LOW[i] >>> 0);
    const t1h = (hh + s1h + choiceh + CONSTANTS_HIGH[i] + HIGH[i] + carry(first)) | 0;
    const t1l = first | 0;
    const s0h = ((ah >>> 28) | (al << 4)) ^ ((al >>> 2) | (ah << 30)) ^ ((al >>> 7) | (ah << 25));
    const s0l = ((al >>> 28) | (ah << 4)) ^ ((ah >>> 2) | (al << 30)) ^ ((ah >>> 7) | (al << 25));
    const majorityh = (ah & bh) | (ch & (ah | bh));
    const majorityl = (al & bl) | (cl & (al | bl));
    hh = gh;
    hl = gl;
    gh = fh;
    gl = fl;
    fh = eh;
    fl = el;
    const second = (dl >>> 0) + (t1l >>> 0);
    eh = (dh + t1h + carry(second)) | 0;
    el = second | 0;
    dh = ch;
    dl = cl;
    ch = bh;
    cl = bl;
    bh = ah;
    bl = al;
    const third = (t1l >>> 0) + (s0l >>> 0) + (majorityl >>> 0);
    ah = (t1h + s0h + majorityh + carry(third)) | 0;
    al = third | 0;
  }
  add(state, 0, ah, al);
  add(state, 2, bh, bl);
  add(state, 4, ch, cl);
  add(state, 6, dh, dl);
  add(state, 8, eh, el);
  add(state, 10, fh, fl);
  add(state, 12, gh, gl);
  add(state, 14, hh, hl);
}

function add(state, at, high, low) {
  const sum = (state[at + 1] >>> 0) + (low >>> 0);
  state[at] = (state[at] + high + carry(sum)) | 0;
  state[at + 1] = sum | 0;
}
