/** Where model files are read from: byte ranges only, so that a file of any size can be behind it. */

/** One readable file. */
export interface ByteSource {
  /** Size in bytes. */
  readonly size: number;
  /**
   * Reads exactly [offset, offset + length).
   * @throws if the range reaches past the end or the source can't be read
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** The files of one model, by name relative to the graph file's folder. */
export interface ModelFiles {
  /** @throws if there is no such file, or the name leaves the folder */
  open(name: string): Promise<ByteSource>;
}
