import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** The metadata endpoint that a Fargate task finds beside it; answers with its URI. */
export async function taskMetadata(cluster: string, family: string, address: string): Promise<string> {
  const task = {
    Cluster: cluster,
    Family: family,
    Revision: '1',
    // The first is of AWS's own.
    Containers: [{ Name: 'aws-guardduty-agent' }, { Networks: [{ NetworkMode: 'awsvpc', IPv4Addresses: [address] }] }],
  };
  const server = createServer((request, response) => {
    if (request.url === '/v4/id/task') response.end(JSON.stringify(task));
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v4/id`;
}
