/** What can go wrong while an ONNX decoder is read, cut or packed. */

/** Thrown when a file is not a well-formed ONNX model: truncated, inconsistent, or beyond a named limit. */
export class OnnxFormatError extends Error {
  override readonly name = 'OnnxFormatError';
  /** The file, and where in it, as far as known. */
  readonly where: string;

  constructor(what: string, where: string, options?: ErrorOptions) {
    super(`${where}: ${what}`, options);
    this.where = where;
  }
}

/** Thrown when a model is well-formed but not a decoder that can be cut: names the operator, value or cache. */
export class UnsupportedModelError extends Error {
  override readonly name = 'UnsupportedModelError';
  /** Name of the operator, value, cache or file that is in the way. */
  readonly subject: string;

  /** @param options.instead what to do, for people: a sentence without its full stop */
  constructor(what: string, subject: string, options: ErrorOptions & { instead?: string } = {}) {
    const instead = options.instead === undefined ? '' : `. ${options.instead}.`;
    super(`Unsupported model: ${what} (${subject})${instead}`, options);
    this.subject = subject;
  }
}

/** Thrown when a model's file is missing, can't be read, or its name leaves the model's folder. */
export class ModelFileError extends Error {
  override readonly name = 'ModelFileError';
  readonly file: string;

  constructor(what: string, file: string, options?: ErrorOptions) {
    super(`${file}: ${what}`, options);
    this.file = file;
  }
}

/** Thrown when a file of a model is not there. */
export class MissingFileError extends ModelFileError {
  constructor(file: string, options?: ErrorOptions) {
    super('no such file', file, options);
  }
}

/** Thrown when a graph has weights in files that are not there: names all of them. */
export class MissingWeightsError extends ModelFileError {
  /** Relative to the graph's folder. */
  readonly missing: string[];

  constructor(graphFile: string, missing: string[]) {
    const names = new Intl.ListFormat('en').format(missing);
    super(`its weights are in files that are missing beside it: ${names}`, graphFile);
    this.missing = missing;
  }
}
