/*
 * XXH64 with seed 0, over bytes that come in pieces, one row's after the other.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */

const prime1: u64 = 0x9e3779b185ebca87;
const prime2: u64 = 0xc2b2ae3d27d4eb4f;
const prime3: u64 = 0x165667b19e3779f9;
const prime4: u64 = 0x85ebca77c2b2ae63;
const prime5: u64 = 0x27d4eb2f165667c5;

const stripe: i32 = 32;
/** Where less than a stripe waits for the rest of it. */
const waiting: i32 = 2048;

let length: u64 = 0;
let waitingBytes: i32 = 0;
let lane1: u64 = 0;
let lane2: u64 = 0;
let lane3: u64 = 0;
let lane4: u64 = 0;

export function beginHash(): void {
  length = 0;
  waitingBytes = 0;
  lane1 = prime1 + prime2;
  lane2 = prime2;
  lane3 = 0;
  lane4 = 0 - prime1;
}

export function hashMore(from: i32, size: i32): void {
  length += size;
  let at = from;
  const end = from + size;
  if (waitingBytes > 0) {
    const missing = min(stripe - waitingBytes, size);
    memory.copy(waiting + waitingBytes, at, missing);
    waitingBytes += missing;
    at += missing;
    if (waitingBytes < stripe) return;
    stripes(waiting, waiting + stripe);
    waitingBytes = 0;
  }
  const whole = at + ((end - at) & ~(stripe - 1));
  stripes(at, whole);
  waitingBytes = end - whole;
  memory.copy(waiting, whole, waitingBytes);
}

export function endHash(): u64 {
  let hash = prime5;
  if (length >= <u64>stripe) {
    hash = rotl(lane1, 1) + rotl(lane2, 7) + rotl(lane3, 12) + rotl(lane4, 18);
    hash = merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4);
  }
  hash += length;
  let at = waiting;
  const end = waiting + waitingBytes;
  for (; at + 8 <= end; at += 8) hash = rotl(hash ^ round(0, load<u64>(at)), 27) * prime1 + prime4;
  if (at + 4 <= end) {
    hash = rotl(hash ^ (<u64>load<u32>(at) * prime1), 23) * prime2 + prime3;
    at += 4;
  }
  for (; at < end; at += 1) hash = rotl(hash ^ (<u64>load<u8>(at) * prime5), 11) * prime1;
  hash = (hash ^ (hash >> 33)) * prime2;
  hash = (hash ^ (hash >> 29)) * prime3;
  return hash ^ (hash >> 32);
}

function stripes(from: i32, to: i32): void {
  let one = lane1;
  let two = lane2;
  let three = lane3;
  let four = lane4;
  for (let at = from; at < to; at += stripe) {
    one = round(one, load<u64>(at));
    two = round(two, load<u64>(at + 8));
    three = round(three, load<u64>(at + 16));
    four = round(four, load<u64>(at + 24));
  }
  lane1 = one;
  lane2 = two;
  lane3 = three;
  lane4 = four;
}

function round(lane: u64, word: u64): u64 {
  return rotl(lane + word * prime2, 31) * prime1;
}

function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * prime1 + prime4;
}
