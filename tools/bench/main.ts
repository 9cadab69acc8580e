// Compares respaldo with the same work done in a shell, both in one run:
//   npm run bench -- [--scale 1] [--rounds 5] [--record FILE] [case …]
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { cases } from './cases.js';
import { alternate } from './measure.js';
import { recordRatio } from './record.js';
import { makeScene } from './scene.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    /** SQL to load instead of the sample that is made. */
    sql: { type: 'string' },
    /** A folder of media files instead of the ones that are made. */
    media: { type: 'string' },
    /** A pg_dump of another version to compare with. */
    'other-pg-dump': { type: 'string' },
    /** The scale of pgbench’s database; 150 makes 2.2 GB. */
    pgbench: { type: 'string', default: '150' },
    /** A file that every figure is added to, for `npm run bench:page`. */
    record: { type: 'string' },
  },
});

const chosen = cases.filter(
  ({ name }) => positionals.length === 0 || positionals.some((each) => name.startsWith(each)),
);
const needs = new Set(chosen.map((each) => each.needs));
const scene = await makeScene({
  ...(needs.has('database') ? { database: values.sql ? { sql: values.sql } : { scale: Number(values.scale) } } : {}),
  ...(needs.has('pgbench') ? { pgbenchScale: Number(values.pgbench) } : {}),
  ...(needs.has('media') ? { media: values.media ?? 20_000 } : {}),
  otherPgDump: values['other-pg-dump'],
});
let missed = 0;
try {
  for (const each of chosen) {
    process.stderr.write(`\n${each.name}: ${each.what}\n`);
    const ways = await each.ways(scene);
    if (!ways) {
      process.stdout.write(`${each.name.padEnd(26)} not measured: ${each.skipped ?? 'not possible here'}\n`);
      continue;
    }
    const measured = await alternate(ways, Number(values.rounds));
    for (const figure of await each.figures(measured, scene)) {
      const { text, ratio, goal } = figure;
      const met = ratio <= goal;
      if (!met) missed += 1;
      process.stdout.write(
        `${each.name.padEnd(26)} ${text.padEnd(60)} ${ratio.toFixed(3)} (goal ${goal}) ${met ? 'met' : 'MISSED'}\n`,
      );
      if (values.record)
        await recordRatio(values.record, { case: each.name, rounds: Number(values.rounds), ...figure });
    }
  }
} finally {
  await scene.close();
}
process.stdout.write(
  `\n${missed === 0 ? 'all goals met' : `${missed} goals missed`}; ${availableParallelism()} cores shared by server and client\n`,
);
