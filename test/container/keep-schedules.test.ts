import { describe, expect, it } from 'vitest';
import { keepSchedules } from '../../container/keep-schedules.js';
import { silentLog } from '../../core/log.js';

/** A clock that jumps to where somebody sleeps until, and stops everything at a time. */
function simulate(from: string, until: string, takesMinutes: Readonly<Record<string, number>> = {}) {
  const stop = new AbortController();
  let time = Date.parse(from);
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const started: string[] = [];
  const sleep = (milliseconds: number) =>
    new Promise<void>((wake) => {
      sleepers.push({ at: time + milliseconds, wake });
    });
  const advance = async () => {
    while (!stop.signal.aborted) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      sleepers.sort((a, b) => a.at - b.at);
      const next = sleepers.shift();
      if (!next || next.at > Date.parse(until)) stop.abort();
      else time = Math.max(time, next.at);
      next?.wake();
    }
    for (const { wake } of sleepers) wake();
  };
  const start = async (name: string) => {
    started.push(`${name} ${new Date(time).toISOString().slice(0, 16)}`);
    await sleep((takesMinutes[name] ?? 0) * 60_000);
    return name === 'media' ? 3 : 0;
  };
  return {
    started,
    advance,
    options: { start, sleep, now: () => new Date(time), signal: stop.signal, log: silentLog },
  };
}

describe('schedules are kept', () => {
  it('each at its time in the zone, and one that fails comes again', async () => {
    const { started, advance, options } = simulate('2026-03-27T12:00:00Z', '2026-03-29T23:00:00Z');
    const schedules = [
      { name: 'database', expression: 'cron(0 3 * * ? *)' },
      { name: 'media', expression: 'cron(30 3 * * ? *)' },
    ];
    await Promise.all([keepSchedules({ ...options, schedules, zone: 'Europe/Madrid' }), advance()]);
    expect(started).toEqual([
      'database 2026-03-28T02:00',
      'media 2026-03-28T02:30',
      'database 2026-03-29T01:00',
      'media 2026-03-29T01:30',
    ]);
  });

  it('a time that passes while the work still runs is left out', async () => {
    const { started, advance, options } = simulate('2026-01-15T00:00:00Z', '2026-01-15T04:10:00Z', { check: 90 });
    const schedules = [{ name: 'check', expression: 'cron(0 * * * ? *)' }];
    await Promise.all([keepSchedules({ ...options, schedules, zone: 'UTC' }), advance()]);
    expect(started).toEqual(['check 2026-01-15T01:00', 'check 2026-01-15T03:00']);
  });

  it('by a rate, from now on', async () => {
    const { started, advance, options } = simulate('2026-01-15T00:07:00Z', '2026-01-15T02:10:00Z');
    const schedules = [{ name: 'check', expression: 'rate(1 hour)' }];
    await Promise.all([keepSchedules({ ...options, schedules, zone: 'UTC' }), advance()]);
    expect(started).toEqual(['check 2026-01-15T01:07', 'check 2026-01-15T02:07']);
  });

  it('and end at once with the signal', async () => {
    const stop = new AbortController();
    const kept = keepSchedules({
      ...{ schedules: [{ name: 'check', expression: 'rate(1 hour)' }], zone: 'UTC', log: silentLog },
      ...{ start: async () => 0, now: () => new Date(), signal: stop.signal },
    });
    stop.abort();
    await expect(kept).resolves.toBeUndefined();
  });
});
