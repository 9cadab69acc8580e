import { Socket } from 'node:net';

/**
 * A socket that reads into one room of ours, again and again, instead of into a new buffer each time. Its bytes come as
 * `data`, copied, like any socket's, unless somebody takes them where they are.
 */
export class RoomSocket extends Socket {
  /** Gets how many bytes have come into the room. Its answer `false` pauses the socket until it is resumed. */
  taker: ((bytes: number) => boolean) | undefined;

  constructor(private readonly room: Buffer) {
    let receive = (_bytes: number): boolean => true;
    super({ onread: { buffer: room, callback: (bytes: number) => receive(bytes) } } as object);
    receive = (bytes) => this.received(bytes);
  }

  private received(bytes: number): boolean {
    if (this.taker) return this.taker(bytes);
    this.emit('data', Buffer.from(this.room.subarray(0, bytes)));
    return true;
  }
}
