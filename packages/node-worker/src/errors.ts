/** What can keep a headless worker from starting. Messages say what to do. */

/** The hub's certificate is not one that this machine should trust. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/** The device that was asked for is not there. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}
