/** Turns bytes into what is stored of them. One encoder makes one object. */
export interface Encoder {
  /** The bytes may be overwritten as soon as this returns; what is made of them may come later. */
  encode(bytes: Buffer, made: (piece: Buffer) => void): void;
  /** Makes what is still to be made. */
  finish(made: (piece: Buffer) => void): void;
  /** Must be called in the end, whatever happened. */
  close(): void;
}

/** Leaves nothing of them: for rows that are only to be hashed. */
export const nothing: Encoder = { encode: () => {}, finish: () => {}, close: () => {} };

/** Leaves them as they are, for a program to compress. */
export const bare: Encoder = {
  encode: (bytes, made) => made(Buffer.from(bytes)),
  finish: () => {},
  close: () => {},
};
