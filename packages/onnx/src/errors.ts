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

  constructor(what: string, subject: string, options?: ErrorOptions) {
    super(`Unsupported model: ${what} (${subject})`, options);
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
