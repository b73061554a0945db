/** Writes an external data file tensor by tensor, with one small buffer however large the file becomes. */
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { ElementType } from '@potluck/protocol';
import type { OnnxTensor } from '../model.ts';

/** Bytes held at a time; a multiple of every element's size. */
const chunkBytes = 4 * 1024 * 1024;

/** Tensors start at multiples of this, so that they can be mapped. */
const alignment = 64;

const elementBytes: Partial<Record<ElementType, number>> = { float32: 4, uint8: 1 };

/** Fills `chunk`, the bytes of a tensor from `offset` on; chunks come in order. */
export type FillChunk = (chunk: Uint8Array, offset: number) => void;

/** An external data file that is being written. */
export class WeightFile {
  readonly #file: FileHandle;
  readonly #name: string;
  readonly #sparse: boolean;
  readonly #buffer = new Uint8Array(chunkBytes);
  #end = 0;

  private constructor(file: FileHandle, name: string, sparse: boolean) {
    this.#file = file;
    this.#name = name;
    this.#sparse = sparse;
  }

  /**
   * Creates or empties the file.
   * @param sparse leaves every tensor as a hole, which reads as zeros and takes no disk
   */
  static async create(file: string, sparse: boolean): Promise<WeightFile> {
    return new WeightFile(await open(file, 'w'), path.basename(file), sparse);
  }

  /** Appends a tensor; `fill` is called for one chunk after the other. */
  async add(name: string, type: 'float32' | 'uint8', dims: number[], fill: FillChunk): Promise<OnnxTensor> {
    const offset = Math.ceil(this.#end / alignment) * alignment;
    const length = dims.reduce((product, extent) => product * extent, elementBytes[type] ?? 1);
    for (let done = 0; done < length && !this.#sparse; done += chunkBytes) {
      const chunk = this.#buffer.subarray(0, Math.min(chunkBytes, length - done));
      fill(chunk, done);
      await this.#file.write(chunk, 0, chunk.length, offset + done);
    }
    this.#end = offset + length;
    return { name, type, dims, data: { kind: 'range', file: this.#name, offset, length } };
  }

  /** Ends the file at its full size. */
  async close(): Promise<void> {
    await this.#file.truncate(this.#end);
    await this.#file.close();
  }
}
