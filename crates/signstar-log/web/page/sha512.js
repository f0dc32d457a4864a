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
    this.schedule = new Int32Array(160);
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
    const { state, schedule: w } = this;
    const k = CONSTANTS;
    for (let i = 0; i < 32; i += 1) {
      const at = from + 4 * i;
      w[i] = (octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3];
    }
    for (let i = 32; i < 160; i += 2) {
      const xh = w[i - 30];
      const xl = w[i - 29];
      const yh = w[i - 4];
      const yl = w[i - 3];
      const s0h = ((xh >>> 1) | (xl << 31)) ^ ((xh >>> 8) | (xl << 24)) ^ (xh >>> 7);
      const s0l = ((xl >>> 1) | (xh << 31)) ^ ((xl >>> 8) | (xh << 24)) ^ ((xl >>> 7) | (xh << 25));
      const s1h = ((yh >>> 19) | (yl << 13)) ^ ((yl >>> 29) | (yh << 3)) ^ (yh >>> 6);
      const s1l = ((yl >>> 19) | (yh << 13)) ^ ((yh >>> 29) | (yl << 3)) ^ ((yl >>> 6) | (yh << 26));
      const low = (w[i - 31] >>> 0) + (s0l >>> 0) + (w[i - 13] >>> 0) + (s1l >>> 0);
      w[i + 1] = low;
      w[i] = w[i - 32] + s0h + w[i - 14] + s1h + Math.floor(low / 0x100000000);
    }
    let [ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl] = state;
    for (let i = 0; i < 160; i += 2) {
      const s1h = ((eh >>> 14) | (el << 18)) ^ ((eh >>> 18) | (el << 14)) ^ ((el >>> 9) | (eh << 23));
      const s1l = ((el >>> 14) | (eh << 18)) ^ ((el >>> 18) | (eh << 14)) ^ ((eh >>> 9) | (el << 23));
      const choh = gh ^ (eh & (fh ^ gh));
      const chol = gl ^ (el & (fl ^ gl));
      const low1 = (hl >>> 0) + (s1l >>> 0) + (chol >>> 0) + (k[i + 1] >>> 0) + (w[i + 1] >>> 0);
      const t1l = low1 | 0;
      const t1h = (hh + s1h + choh + k[i] + w[i] + ((low1 / 0x100000000) | 0)) | 0;
      const s0h = ((ah >>> 28) | (al << 4)) ^ ((al >>> 2) | (ah << 30)) ^ ((al >>> 7) | (ah << 25));
      const s0l = ((al >>> 28) | (ah << 4)) ^ ((ah >>> 2) | (al << 30)) ^ ((ah >>> 7) | (al << 25));
      const majh = (ah & bh) | (ch & (ah | bh));
      const majl = (al & bl) | (cl & (al | bl));
      const low2 = (s0l >>> 0) + (majl >>> 0);
      const t2h = s0h + majh + ((low2 / 0x100000000) | 0);
      hh = gh; hl = gl;
      gh = fh; gl = fl;
      fh = eh; fl = el;
      const low3 = (dl >>> 0) + (t1l >>> 0);
      eh = (dh + t1h + ((low3 / 0x100000000) | 0)) | 0; el = low3 | 0;
      dh = ch; dl = cl;
      ch = bh; cl = bl;
      bh = ah; bl = al;
      const low4 = (t1l >>> 0) + (low2 >>> 0);
      ah = (t1h + t2h + ((low4 / 0x100000000) | 0)) | 0; al = low4 | 0;
    }
    const add = (at, high, low) => {
      const sum = (state[at + 1] >>> 0) + (low >>> 0);
      state[at] = state[at] + high + ((sum / 0x100000000) | 0);
      state[at + 1] = sum;
    };
    add(0, ah, al); add(2, bh, bl); add(4, ch, cl); add(6, dh, dl);
    add(8, eh, el); add(10, fh, fl); add(12, gh, gl); add(14, hh, hl);
    this.blocks += 1;
  }
}
