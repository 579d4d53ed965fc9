/** SHA-256 (FIPS 180-4, section 6.2) as a loop, for pages that are not secure, where browsers withhold Web Crypto. Pure. */

/** Fractional bits of the roots of primes: of cube roots the constants of the rounds, of square roots the state at the start. */
const primes = firstPrimes(64);
const rounds = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const start = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
}

function fraction(root: number): number {
  return ((root % 1) * 2 ** 32) | 0;
}

/** The digest of bytes, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const state = start.slice();
  const whole = bytes.length - (bytes.length % 64);
  const schedule = new Int32Array(64);
  for (let at = 0; at < whole; at += 64) takeBlock(state, bytes, at, schedule);
  // A bit, zeros, and the length in bits fill the last block or two.
  const rest = bytes.length - whole;
  const last = new Uint8Array(rest < 56 ? 64 : 128);
  last.set(bytes.subarray(whole));
  last[rest] = 0x80;
  const view = new DataView(last.buffer);
  view.setUint32(last.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(last.length - 4, (bytes.length * 8) >>> 0);
  for (let at = 0; at < last.length; at += 64) takeBlock(state, last, at, schedule);
  const digest = new DataView(new ArrayBuffer(32));
  for (const [word, value] of state.entries()) digest.setInt32(4 * word, value);
  return new Uint8Array(digest.buffer);
}

const turned = (word: number, bits: number): number => (word >>> bits) | (word << (32 - bits));

function takeBlock(state: Int32Array, bytes: Uint8Array, at: number, schedule: Int32Array): void {
  for (let word = 0; word < 16; word++) {
    const byte = at + 4 * word;
    schedule[word] = (bytes[byte]! << 24) | (bytes[byte + 1]! << 16) | (bytes[byte + 2]! << 8) | bytes[byte + 3]!;
  }
  for (let word = 16; word < 64; word++) {
    const [early, late] = [schedule[word - 15]!, schedule[word - 2]!];
    const small = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
    const large = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
    schedule[word] = (schedule[word - 16]! + small + schedule[word - 7]! + large) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let round = 0; round < 64; round++) {
    const choice = (e & f) ^ (~e & g);
    const mixed = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + rounds[round]! + schedule[round]!) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const other = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + majority) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + mixed) | 0, c, b, a, (mixed + other) | 0];
  }
  for (const [word, value] of [a, b, c, d, e, f, g, h].entries()) state[word] = state[word]! + value;
}
