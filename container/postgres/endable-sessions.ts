import { AsyncLocalStorage } from 'node:async_hooks';
import { Socket } from 'node:net';

const current = new AsyncLocalStorage<Set<Socket>>();

export interface EndableSessions {
  /** Sessions that are opened in here can be ended from outside. */
  within<T>(use: () => Promise<T>): Promise<T>;
  /** Breaks their connections, whatever they wait for: a session on a silent network cannot even be closed in peace. */
  readonly end: () => void;
}

/** Sessions of one use, apart from all others of the process. */
export function endableSessions(): EndableSessions {
  const sockets = new Set<Socket>();
  return {
    within: (use) => current.run(sockets, use),
    end: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The socket of a new session, or one that is given. */
export function sessionSocket(socket = new Socket()): Socket {
  const sockets = current.getStore();
  sockets?.add(socket);
  socket.once('close', () => sockets?.delete(socket));
  return socket;
}
