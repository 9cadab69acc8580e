import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Hosts that are network namespaces of this one: each with an address and a link of its own, to a bridge that all are on. */
export interface Hosts {
  /** Of the host of this number, from 1. */
  address(number: number): string;
  /** What to put before a command for it to run there; `{n}` works as a number, too. */
  enter(number: number | '{n}'): readonly string[];
  /** Makes a port of this machine's loopback reachable from the hosts; answers with where. */
  forward(port: number): Promise<{ readonly host: string; readonly port: number }>;
  remove(): void;
}

/** Whether this machine lets us make hosts: it takes Linux, root, and Debian's iproute2. */
export async function canMakeHosts(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    (await makeHosts(1, 1_000_000)).remove();
    return true;
  } catch {
    return false;
  }
}

/** @param bytesPerSecond what each host’s link lets through, each way */
export async function makeHosts(count: number, bytesPerSecond: number): Promise<Hosts> {
  const id = `rs${randomBytes(3).toString('hex')}`;
  const network = `10.213.${randomBytes(1)[0]}`;
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const server: ReturnType<typeof createServer>[] = [];
  const remove = () => {
    for (const each of server.splice(0)) each.close();
    for (const number of numbers) {
      quietly(['link', 'del', `${id}v${number}`]);
      quietly(['netns', 'del', `${id}-${number}`]);
    }
    quietly(['link', 'del', id]);
  };
  // Whatever happens to this program, nothing of it stays in the machine’s network.
  process.once('exit', remove);
  const forget = () => {
    process.removeListener('exit', remove);
    remove();
  };
  try {
    await connectHosts(id, network, numbers, bytesPerSecond);
  } catch (error) {
    forget();
    throw error;
  }
  return {
    address: (number) => `${network}.${10 + number}`,
    enter: (number) => ['ip', 'netns', 'exec', `${id}-${number}`],
    forward: async (port) => {
      const forwarder = createServer((socket) => {
        const upstream = connect(port, '127.0.0.1');
        socket.pipe(upstream).pipe(socket);
        for (const end of [socket, upstream]) end.on('error', () => [socket, upstream].map((each) => each.destroy()));
      });
      server.push(forwarder);
      forwarder.listen(0, `${network}.1`);
      await once(forwarder, 'listening');
      forwarder.unref();
      return { host: `${network}.1`, port: (forwarder.address() as AddressInfo).port };
    },
    remove: forget,
  };
}

async function connectHosts(
  id: string,
  network: string,
  numbers: readonly number[],
  bytesPerSecond: number,
): Promise<void> {
  const limit = ['root', 'tbf', 'rate', `${bytesPerSecond * 8}bit`, 'burst', '256kb', 'latency', '50ms'];
  await run('ip', ['link', 'add', id, 'type', 'bridge']);
  await run('ip', ['address', 'add', `${network}.1/24`, 'dev', id]);
  await run('ip', ['link', 'set', id, 'up']);
  for (const number of numbers) {
    const [host, link] = [`${id}-${number}`, `${id}v${number}`];
    const inside = ['netns', 'exec', host];
    await run('ip', ['netns', 'add', host]);
    await run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host]);
    await run('ip', ['link', 'set', link, 'master', id, 'up']);
    await run('ip', [...inside, 'ip', 'address', 'add', `${network}.${10 + number}/24`, 'dev', 'eth0']);
    for (const device of ['lo', 'eth0']) await run('ip', [...inside, 'ip', 'link', 'set', device, 'up']);
    await run('tc', ['qdisc', 'add', 'dev', link, ...limit]);
    await run('ip', [...inside, 'tc', 'qdisc', 'add', 'dev', 'eth0', ...limit]);
  }
}

function quietly(args: readonly string[]): void {
  try {
    execFileSync('ip', [...args], { stdio: 'ignore' });
  } catch {
    // it is gone already, or was never made
  }
}
