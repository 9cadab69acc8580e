import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export interface ChildProcessInfo {
  readonly pid: number;
  readonly name: string;
}

/** The running children of a process, as the kernel lists them. */
export async function childrenOf(parent: number): Promise<ChildProcessInfo[]> {
  const children: ChildProcessInfo[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = await readFile(`/proc/${entry}/stat`, 'utf8');
      const match = /^(\d+) \((.*)\) (\S) (\d+)/s.exec(stat);
      if (match && Number(match[4]) === parent && match[3] !== 'Z')
        children.push({ pid: Number(match[1]), name: match[2] ?? '' });
    } catch {
      // it ended while the list was read
    }
  }
  return children;
}

/** Waits until a process has a child of a name. */
export async function waitForChild(parent: number, name: string): Promise<ChildProcessInfo> {
  for (const end = Date.now() + 30_000; Date.now() < end; await delay(10)) {
    const child = (await childrenOf(parent)).find((each) => each.name.startsWith(name));
    if (child) return child;
  }
  throw new Error(`no child ${name} of process ${parent}`);
}

/** Waits until a condition holds. */
export async function until(what: string, condition: () => Promise<boolean>, seconds = 30): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await delay(25)) if (await condition()) return;
  throw new Error(`timed out waiting until ${what}`);
}
