/** The hub's certificate is not one that this machine should trust. The message says what to do. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}
