// Signatures of Ed25519: WebCrypto verifies them, and what it may let pass is refused here.

// Points whose signatures anybody can make are those that eight times are the neutral element.
const FIELD = 2n ** 255n - 19n;
const modulo = (n) => ((n % FIELD) + FIELD) % FIELD;

function power(base, exponent) {
  let result = 1n;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * base);
    base = modulo(base * base);
  }
  return result;
}

const inverse = (n) => power(n, FIELD - 2n);
const CURVE = modulo(-121665n * inverse(121666n));

/** The point that 32 octets are (RFC 8032 §5.1.3), or null. */
function point(octets) {
  let number = 0n;
  for (let at = 31; at >= 0; at -= 1) number = (number << 8n) | BigInt(octets[at]);
  const sign = number >> 255n;
  const y = number & ((1n << 255n) - 1n);
  if (y >= FIELD) return null;
  const square = modulo((y * y - 1n) * inverse(modulo(CURVE * y * y + 1n)));
  let x = power(square, (FIELD + 3n) / 8n);
  if (modulo(x * x) !== square) x = modulo(x * power(2n, (FIELD - 1n) / 4n));
  if (modulo(x * x) !== square || (x === 0n && sign === 1n)) return null;
  return { x: (x & 1n) === sign ? x : modulo(-x), y };
}

function double({ x, y }) {
  const both = modulo(CURVE * x * x * y * y);
  return {
    x: modulo(2n * x * y * inverse(modulo(1n + both))),
    y: modulo((y * y + x * x) * inverse(modulo(1n - both))),
  };
}

/** Whether 32 octets are a point that can be relied on: on the curve, and not of small order. */
export function isSound(octets) {
  const start = octets.length === 32 ? point(octets) : null;
  if (start === null) return false;
  const { x, y } = double(double(double(start)));
  return !(x === 0n && y === 1n);
}

/** Whether this browser can verify such signatures. */
export async function isAvailable() {
  try {
    const base = new Uint8Array(32).fill(0x66);
    base[0] = 0x58;
    await crypto.subtle.importKey('raw', base, 'Ed25519', false, ['verify']);
    return true;
  } catch {
    return false;
  }
}

/** Whether `signature` is one by the sound key `octets` over `message`. */
export async function verify(octets, signature, message) {
  if (signature.length !== 64 || !isSound(signature.subarray(0, 32))) return false;
  const key = await crypto.subtle.importKey('raw', octets, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', key, signature, message);
}
