/** What a worker says of itself; the package's version. */
export const workerVersion = '0.1.0';
