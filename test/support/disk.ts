import { mkdir } from 'node:fs/promises';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';

/** Whether small disks can be made here: only root may mount, and not in every container. Says so where not. */
export async function canMount(): Promise<boolean> {
  const { failed } = await execa('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt'], {
    reject: false,
  });
  if (failed)
    process.stderr.write(
      '\n*** no tmpfs can be mounted here: the tests of a full disk are SKIPPED (run as root) ***\n\n',
    );
  return !failed;
}

/** Makes a folder a disk of its own, until the test ends. */
export async function mountSmallDisk(folder: string, kilobytes: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder]);
  onTestFinished(async () => {
    await execa('umount', ['--lazy', folder]);
  });
}

export async function enlargeDisk(folder: string, kilobytes: number): Promise<void> {
  await execa('mount', ['-o', `remount,size=${kilobytes}k`, folder]);
}
