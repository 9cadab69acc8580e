/** Keeps to so many bytes a second on average. */
export class Pace {
  private readonly started = Date.now();
  private bytes = 0;

  /** @param bytesPerSecond undefined: as fast as they come */
  constructor(private readonly bytesPerSecond: number | undefined) {}

  /** @returns milliseconds to wait after so many more bytes */
  after(bytes: number): number {
    if (this.bytesPerSecond === undefined) return 0;
    this.bytes += bytes;
    return (this.bytes / this.bytesPerSecond) * 1000 - (Date.now() - this.started);
  }
}
