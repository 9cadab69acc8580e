import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { execa } from 'execa';

/** One way to do a piece of work. `shell` lines are for the other side of a comparison only. */
export type Way = {
  readonly name: string;
  readonly env?: Record<string, string>;
  readonly before?: () => Promise<void>;
} & ({ readonly shell: string } | { readonly args: readonly string[] });

export interface Measured {
  readonly seconds: number;
  /** Of the whole machine, so that the database server's share counts. Means something only while nothing else runs. */
  readonly cpuSeconds: number;
  /** Of the measured process and the Node processes that it started, together: their largest resident size. */
  readonly peakMegabytes: number;
}

/** Runs one way once. */
export async function run(way: Way): Promise<Measured> {
  await way.before?.();
  // What the run before has left to be written is not this one's to wait for.
  await execa('sync');
  const [file, args] =
    'shell' in way
      ? ['/bin/bash', ['-o', 'pipefail', '-c', way.shell]]
      : [process.execPath, ['dist/respaldo.js', ...way.args]];
  const others = new Set(readdirSync('/proc'));
  const cpu = busySeconds();
  const started = performance.now();
  const child = spawn(file, args, { env: { ...process.env, ...way.env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-2_000);
  });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, nodeMegabytes(child.pid as number, others));
  }, 100);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${way.name} ended with ${code}: ${said}`);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: busySeconds() - cpu, peakMegabytes: peak };
}

/** Runs several ways in turn, A B C A B C …, after one round that does not count; the medians of each. */
export async function alternate(ways: readonly Way[], rounds: number): Promise<Measured[]> {
  const runs = ways.map((): Measured[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, way] of ways.entries()) {
      const measured = await run(way);
      process.stderr.write(
        `  ${round === 0 ? 'warm-up' : `round ${round}`}  ${way.name}: ${measured.seconds.toFixed(2)} s, ${measured.cpuSeconds.toFixed(1)} s of processor\n`,
      );
      if (round > 0 || rounds === 0) runs[index]?.push(measured);
    }
  }
  return runs.map((each) => ({
    seconds: median(each.map(({ seconds }) => seconds)),
    cpuSeconds: median(each.map(({ cpuSeconds }) => cpuSeconds)),
    peakMegabytes: Math.max(...each.map(({ peakMegabytes }) => peakMegabytes)),
  }));
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The kernel's count of all processors' busy time, in hundredths: proc(5). */
function busySeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (
    readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
  )
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / 100;
}

/**
 * Resident megabytes of a process and of those below it, as far as they are Node's: proc(5).
 *
 * @param others what was there before it and is not looked at: to read all of it ten times a second would take processor
 *   time that one side of a comparison needs
 */
function nodeMegabytes(root: number, others: ReadonlySet<string>): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (pid > 0 && !others.has(name)) parents.set(pid, Number(/^PPid:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0));
  }
  const isBelow = (pid: number): boolean => pid === root || (parents.has(pid) && isBelow(parents.get(pid) as number));
  return [...parents.keys()]
    .filter((pid) => isBelow(pid) && isNode(pid))
    .reduce((sum, pid) => sum + Number(/^VmRSS:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0) / 1024, 0);
}

function isNode(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`) === process.execPath;
  } catch {
    return false; // ended meanwhile
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return ''; // likewise
  }
}
