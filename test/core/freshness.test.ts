import { expect, it } from 'vitest';
import { catalogOf } from '../../core/catalog.js';
import { judgeFreshness } from '../../core/freshness.js';
import { madeBackup } from '../support/catalog.js';

const now = new Date('2026-03-01T12:00:00Z');

/** Good backups of so many hours ago and so many bytes, newest first. */
function good(...taken: readonly [hours: number, bytes: number][]) {
  const objects = taken.flatMap(([hours, bytes]) =>
    Object.entries(madeBackup({ time: new Date(now.getTime() - hours * 3_600_000) })).map(([key, content]) => ({
      key,
      bytes: key.endsWith('.json') ? content.length : bytes,
      modified: now,
    })),
  );
  return catalogOf(objects, 'database', '').backups;
}

it.each([
  { name: 'none at all', backups: good(), stale: true, age: undefined, halved: undefined },
  { name: 'one just now', backups: good([0, 10]), stale: false, age: 0, halved: undefined },
  { name: 'one at the limit', backups: good([25, 10]), stale: false, age: 25, halved: undefined },
  { name: 'one beyond it', backups: good([26, 10]), stale: true, age: 26, halved: undefined },
  { name: 'one from a wrong clock’s future', backups: good([-48, 10]), stale: false, age: 0, halved: undefined },
  { name: 'half of the one before', backups: good([1, 50], [25, 100]), stale: false, age: 1, halved: undefined },
  { name: 'less than half of it', backups: good([1, 49], [25, 100]), stale: false, age: 1, halved: 100 },
  { name: 'larger than the one before', backups: good([1, 500], [25, 100]), stale: false, age: 1, halved: undefined },
])('$name', ({ backups, stale, age, halved }) => {
  expect(judgeFreshness('database', '', backups, 25, now)).toMatchObject({
    newest: backups[0],
    stale,
    ageHours: age,
    halvedFrom: halved,
  });
});
