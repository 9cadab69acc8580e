import { execa } from 'execa';
import { onTestFinished } from 'vitest';

const iptables = (...args: string[]) => execa('iptables', ['-w', ...args], { reject: false });

/** Whether packets can be swallowed here: root may, where the kernel filters. Says so where not. */
export async function canSwallow(): Promise<boolean> {
  const failed = process.platform !== 'linux' || (await iptables('-L', 'INPUT')).failed;
  if (failed)
    process.stderr.write(
      '\n*** no packets can be dropped here (root, iptables): THE TESTS OF A LINK THAT SWALLOWS PACKETS ARE SKIPPED ***\n\n',
    );
  return !failed;
}

/** From now on nothing that one end of connections on this machine sends or is sent arrives, and nobody is told. Until the test ends. */
export async function swallow(port: number): Promise<void> {
  for (const end of ['--sport', '--dport']) {
    const rule = ['INPUT', '-i', 'lo', '-p', 'tcp', end, String(port), '-j', 'DROP'];
    onTestFinished(async () => {
      await iptables('-D', ...rule);
    });
    const { failed, stderr } = await iptables('-I', ...rule);
    if (failed) throw new Error(stderr);
  }
}
