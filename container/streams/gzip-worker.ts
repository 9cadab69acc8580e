// Node's own gzip as a program, for machines that have neither igzip nor pigz: `node gzip-worker.js compress 6`.
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

const [direction, level] = process.argv.slice(2);
await pipeline(
  process.stdin,
  direction === 'compress' ? createGzip({ level: Number(level) }) : createGunzip(),
  process.stdout,
);
