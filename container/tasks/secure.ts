import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';

/*
 * Tasks of one run know each other by a secret that all of them were given: TLS with a pre-shared key, so that each end
 * proves to the other that it has it, and nobody between them reads along. RFC 4279, RFC 8442; Node has it up to TLS 1.2.
 */

const cipher = {
  // Ephemeral keys: who learns the secret later cannot read what was recorded before.
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;

/** Milliseconds for a connection with its handshake. */
const patience = 20_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What all tasks of one run share. */
export interface Credentials {
  readonly secret: string;
  /** Names the run: a task that comes too late and finds another run at the address is refused. */
  readonly run: string;
}

export interface Listening {
  readonly address: Address;
  /** Takes no more connections; those that there are stay. */
  close(): void;
}

/** @param refused told of each connection that did not prove itself, and why */
export async function listenSecurely(
  { host, port }: Address,
  { secret, run }: Credentials,
  accepted: (socket: TLSSocket) => void,
  refused: (reason: string) => void,
): Promise<Listening> {
  const server = createServer(
    {
      ...cipher,
      handshakeTimeout: patience,
      pskCallback: (_, identity) => (identity === run ? keyOf(secret) : null),
    },
    accepted,
  );
  server.on('tlsClientError', (error, socket) => {
    refused(`${socket.remoteAddress ?? 'somebody'}: ${reasonOf(error)}`);
    socket.destroy();
  });
  server.listen(port, host);
  await once(server, 'listening');
  server.on('error', (error) => refused(error.message));
  return { address: { host, port: (server.address() as AddressInfo).port }, close: () => void server.close() };
}

/** @throws Error of the network, or of a handshake that did not go well */
export async function connectSecurely({ host, port }: Address, { secret, run }: Credentials): Promise<TLSSocket> {
  const socket = connect({
    ...cipher,
    host,
    port,
    // There are no certificates: who completes the handshake has the key.
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: keyOf(secret), identity: run }),
  });
  const impatient = setTimeout(() => socket.destroy(new Error(`no answer within ${patience / 1000} s`)), patience);
  try {
    await once(socket, 'secureConnect');
    return socket;
  } catch (error) {
    socket.destroy();
    throw new Error(reasonOf(error as Error), { cause: error });
  } finally {
    clearTimeout(impatient);
  }
}

function keyOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** OpenSSL's words, in those that an operator can act on. */
function reasonOf(error: Error & { code?: string }): string {
  const { code = '', message } = error;
  if (/BAD_RECORD_MAC|DECRYPT/.test(code)) return 'the secrets differ';
  if (/PSK_IDENTITY/.test(code)) return 'it belongs to another run';
  if (/NO_SHARED_CIPHER|HANDSHAKE_FAILURE|WRONG_VERSION|HTTP_REQUEST/.test(code))
    return 'it does not speak as tasks do';
  return message;
}
